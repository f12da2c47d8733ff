import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cacheFolder } from "../session/cache-folder.js";
import { keepFile, readKeptFile } from "../session/kept-file.js";
import { type TargetDescription } from "../spec/target-description.js";
import { ClangError } from "./clang-error.js";
import { type Clang, findClang } from "./find-clang.js";

/** What a source is compiled for, and with what. */
export interface SourceOptions {
  readonly target: Pick<TargetDescription, "architecture" | "byteOrder">;
  /** vmlinux.h; undefined: the source must do without. */
  readonly kernelHeader: string | undefined;
  /** Folders of the kernel's own headers. */
  readonly kernelFolders: readonly string[];
  /** What else clang is told. */
  readonly flags: readonly string[];
}

/** What bpf_tracing.h of libbpf wants to know the architecture by. */
const architectures: Readonly<Record<TargetDescription["architecture"], string>> = {
  x64: "x86",
  ia32: "x86",
  arm64: "arm64",
  arm: "arm",
  riscv64: "riscv",
  mips: "mips",
  mipsel: "mips",
  ppc64: "powerpc",
  s390x: "s390",
  loong64: "loongarch",
};

/** Where libbpf's headers are when they are installed. */
const libbpfFolders = ["/usr/include", "/usr/local/include", "/opt/homebrew/include"];

const clangLimitBytes = 256 * 1024 * 1024;

/**
 * Compiles C to a BPF object with clang, for a target's kernel; what was compiled before of the same text is taken from the cache.
 * Throws ClangError with what clang says.
 */
export function compileSource(path: string, options: SourceOptions): Uint8Array {
  const clang = findClang();
  const folder = mkdtempSync(join(tmpdir(), "sonde-clang-"));
  try {
    return new Compilation(clang, path, folder, options).run();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

class Compilation {
  readonly #clang: Clang;
  readonly #path: string;
  readonly #folder: string;
  readonly #options: SourceOptions;

  constructor(clang: Clang, path: string, folder: string, options: SourceOptions) {
    this.#clang = clang;
    this.#path = path;
    this.#folder = folder;
    this.#options = options;
  }

  run(): Uint8Array {
    const { kernelHeader } = this.#options;
    const include = join(this.#folder, "include");
    mkdirSync(include);
    if (kernelHeader !== undefined) writeFileSync(join(include, "vmlinux.h"), kernelHeader);
    const flags = this.#flags(include);
    // Whatever the source includes is in it.
    const text = join(this.#folder, "source.i");
    this.#call([...flags, "-E", this.#path, "-o", text]);
    const preprocessed = readFileSync(text, "utf8").replaceAll(this.#folder, "");
    const known = join(cacheFolder(), "objects", this.#nameOf(preprocessed));
    const kept = readKeptFile(known);
    if (kept !== undefined) return kept;
    const object = join(this.#folder, "source.o");
    this.#call([...flags, "-c", this.#path, "-o", object]);
    const bytes = new Uint8Array(readFileSync(object));
    keepFile(known, bytes);
    return bytes;
  }

  #nameOf(preprocessed: string): string {
    const { target, flags } = this.#options;
    const parts = [this.#clang.version, target.architecture, target.byteOrder, ...flags];
    const hash = createHash("sha256").update(JSON.stringify(parts)).update(preprocessed);
    return hash.digest("hex").slice(0, 32);
  }

  #flags(include: string): readonly string[] {
    const { target, flags, kernelFolders } = this.#options;
    const libbpf = libbpfFolders.filter((folder) => existsSync(join(folder, "bpf/bpf_helpers.h")));
    return [
      "-O2",
      "-g",
      ...["-target", target.byteOrder === "big" ? "bpfeb" : "bpfel"],
      `-D__TARGET_ARCH_${architectures[target.architecture]}`,
      "-Wno-unknown-attributes",
      "-Wno-missing-declarations",
      `-I${include}`,
      `-I${dirname(this.#path)}`,
      ...kernelFolders.map((folder) => `-I${folder}`),
      ...this.#systemFolders().flatMap((folder) => ["-idirafter", folder]),
      ...libbpf.flatMap((folder) => ["-idirafter", folder]),
      ...flags,
    ];
  }

  /** Those of this machine's own C programs, which have the kernel's headers for programs: clang leaves them out for BPF. */
  #systemFolders(): readonly string[] {
    const { stderr } = spawnSync(this.#clang.command, ["-v", "-E", "-x", "c", "-"], {
      encoding: "utf8",
      input: "",
    });
    const list = /#include <\.\.\.> search starts here:\n([^]*?)End of search list/.exec(
      stderr,
    )?.[1];
    return (list ?? "")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line.startsWith("/"));
  }

  #call(args: readonly string[]): void {
    const { status, stderr, error } = spawnSync(this.#clang.command, args, {
      encoding: "utf8",
      maxBuffer: clangLimitBytes,
    });
    if (error === undefined && status === 0) return;
    const said = error?.message ?? stderr.trimEnd();
    const lacksLibbpf = /'bpf\/\w+\.h' file not found/.test(said);
    const lacksTypes = said.includes("'vmlinux.h' file not found");
    throw new ClangError(`${this.#clang.command} refuses ${this.#path}:\n${said}`, {
      ...(lacksLibbpf
        ? { hint: "install libbpf's headers (Debian: apt-get install libbpf-dev)" }
        : {}),
      ...(lacksTypes
        ? {
            hint: "the target does not tell its types: give them with --btf or --vmlinux, or the kernel's headers with --kernel-headers",
          }
        : {}),
    });
  }
}
