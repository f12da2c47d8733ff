import { readFile } from "node:fs/promises";
import { openBtf, type Btf } from "../btf/btf.js";
import { readBuildId } from "../elf/build-id.js";
import { ElfError } from "../elf/elf-error.js";
import { type ElfFunction } from "../elf/elf-types.js";
import { readElfFile } from "./elf-file.js";
import { TargetError } from "./errors.js";

/** The user's own file with the types of the target's kernel. */
export type TypesFile =
  /** As /sys/kernel/btf/vmlinux. */
  | { readonly kind: "btf"; readonly path: string }
  /** The kernel as it was linked, with a section .BTF. */
  | { readonly kind: "vmlinux"; readonly path: string };

/** The file's types, and the build id of a vmlinux, "" when it has none. Throws TargetError. */
export async function readTypesFile(
  file: TypesFile,
): Promise<{ readonly btf: Btf; readonly buildId: string }> {
  try {
    if (file.kind === "vmlinux") return await readVmlinux(file.path);
    return { btf: openBtf(await readFile(file.path)), buildId: "" };
  } catch (cause) {
    throw unreadable(file, cause);
  }
}

function unreadable(file: TypesFile, cause: unknown): TargetError {
  const what = file.kind === "btf" ? "BTF file" : "kernel";
  const why = cause instanceof Error ? cause.message : String(cause);
  return new TargetError(`${what} ${file.path}: ${why}`, { cause, hint: hint(file) });
}

function hint(file: TypesFile): string {
  if (file.kind === "btf") {
    return "give raw BTF, as /sys/kernel/btf/vmlinux of the target's kernel; an ELF file is given with --vmlinux";
  }
  return "give vmlinux itself, not bzImage, Image or vmlinuz, of a kernel that was built with CONFIG_DEBUG_INFO_BTF=y";
}

async function readVmlinux(path: string): Promise<{ readonly btf: Btf; readonly buildId: string }> {
  return await readElfFile(path, async (elf) => {
    const section = elf.sections.find(({ name }) => name === ".BTF");
    if (section === undefined) throw new ElfError("it has no section .BTF");
    return { btf: openBtf(await elf.readSection(section)), buildId: await readBuildId(elf) };
  });
}

/** The functions of the user's vmlinux; none when it is not exactly the build that runs, or was stripped. Throws TargetError. */
export async function readKernelFunctions(
  file: TypesFile,
  runningBuildId: string,
): Promise<readonly ElfFunction[]> {
  if (file.kind !== "vmlinux" || runningBuildId === "") return [];
  try {
    return await readElfFile(file.path, async (elf) => {
      return (await readBuildId(elf)) === runningBuildId ? await elf.functions() : [];
    });
  } catch (cause) {
    throw unreadable(file, cause);
  }
}
