import { readFile } from "node:fs/promises";
import { BuiltSymbols } from "../symbols/built-symbols.js";
import { type KernelSymbolSource } from "../symbols/kernel-symbol-source.js";
import {
  functionsAsLinked,
  type LinkedSymbols,
  parseSystemMap,
} from "../symbols/linked-symbols.js";
import { TargetError } from "./errors.js";
import { readKernelFunctions, type TypesFile } from "./types-file.js";

/** The user's files of the target's kernel as it was built. */
export interface BuiltKernelFiles {
  readonly types: TypesFile | undefined;
  /** A System.map. */
  readonly systemMap: string | undefined;
}

/**
 * The kernel's symbols by the user's vmlinux, if it is of the build that runs, else by the user's System.map; undefined when
 * neither is there or is of use, which is said. Throws TargetError for files that cannot be read.
 */
export async function openBuiltSymbols(
  files: BuiltKernelFiles,
  runningBuildId: string,
  asked: KernelSymbolSource,
  warn: (text: string) => void,
): Promise<KernelSymbolSource | undefined> {
  const functions =
    files.types === undefined ? [] : await readKernelFunctions(files.types, runningBuildId);
  if (functions.length > 0) {
    const symbols = await BuiltSymbols.open(functionsAsLinked(functions), asked);
    return typeof symbols === "string" ? undefined : symbols;
  }
  const { systemMap } = files;
  if (systemMap === undefined) return undefined;
  const symbols = await BuiltSymbols.open(await readSystemMap(systemMap), asked);
  if (typeof symbols !== "string") return symbols;
  const why =
    symbols === "unplaced"
      ? "the target does not tell where its kernel runs"
      : "it is of another kernel than the one that runs";
  warn(`system map ${systemMap}: ${why}, so the target's own symbols are used`);
  return undefined;
}

async function readSystemMap(path: string): Promise<LinkedSymbols> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TargetError(`system map ${path}: ${why}`, { cause });
  }
  const symbols = parseSystemMap(bytes);
  if (symbols !== undefined) return symbols;
  throw new TargetError(`system map ${path}: it has no symbols _stext and _etext`, {
    hint: "give System.map, as it is made beside vmlinux, or installed as /boot/System.map-VERSION",
  });
}
