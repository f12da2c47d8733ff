import { readFile } from "node:fs/promises";
import { Btf } from "../btf/btf.js";
import { formatKernelHeader } from "../btf/kernel-header.js";
import { compileSource } from "../clang/compile-source.js";
import { type ObjectFile } from "../object/object-file.js";
import { parseObject } from "../object/parse-object.js";
import { type Target } from "../trace/target.js";
import { UsageError } from "./exit-code.js";

/** What C is compiled with. */
export interface CompileFlags {
  /** Folders of the kernel's own headers, for a target that does not tell its types. */
  readonly kernelHeaders?: readonly string[];
  readonly cflags?: readonly string[];
}

/** Reads an object, or compiles one from C for a target. Throws UsageError, ObjectError, ClangError. */
export async function openObject(
  path: string,
  target: Target | undefined,
  flags: CompileFlags = {},
): Promise<ObjectFile> {
  if (!path.endsWith(".c")) return await parseObject(await readBytes(path), path);
  await readBytes(path);
  if (target === undefined) {
    throw new UsageError(`${path} is C, which is compiled for a target`, {
      hint: "name the target with -t, or give a compiled object",
    });
  }
  const object = compileSource(path, {
    target: target.description,
    kernelHeader: await kernelHeader(target),
    kernelFolders: flags.kernelHeaders ?? [],
    flags: flags.cflags ?? [],
  });
  return await parseObject(object, path);
}

/** Of the target's types, where all of them are at hand. */
async function kernelHeader({ session }: Target): Promise<string | undefined> {
  return await session.types.ask((types) =>
    types instanceof Btf ? formatKernelHeader(types) : undefined,
  );
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`object ${path}: ${why}`, { cause });
  }
}
