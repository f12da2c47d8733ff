import { join } from "node:path";
import { readBuildId } from "../elf/build-id.js";
import { type ElfFunction, type ElfReader } from "../elf/elf-reader.js";
import { cacheFolder } from "./cache-folder.js";
import { keepFile, readKeptFile } from "./kept-file.js";

/** SHT_SYMTAB, SHT_DYNSYM. */
const symbolTables: ReadonlySet<number> = new Set([2, 11]);

/**
 * The functions of a program or library: as they are kept on this machine by its build id, or read and then kept. Throws
 * ElfError and what reading throws.
 */
export async function readFunctions(elf: ElfReader): Promise<readonly ElfFunction[]> {
  const buildId = await readBuildId(elf);
  if (buildId === "") return await elf.functions();
  // Stripping leaves the build id as it was.
  const sizeBytes = elf.sections
    .filter(({ type }) => symbolTables.has(type))
    .reduce((sum, section) => sum + section.sizeBytes, 0n);
  const path = join(cacheFolder(), "functions", `${buildId}-${sizeBytes}.json`);
  const kept = parse(readKeptFile(path));
  if (kept !== undefined) return kept;
  const functions = await elf.functions();
  keepFile(path, format(functions));
  return functions;
}

function format(functions: readonly ElfFunction[]): string {
  return JSON.stringify(
    functions.map(({ name, address, fileOffset, sizeBytes, isIndirect, isThumb }) => [
      name,
      String(address),
      String(fileOffset),
      String(sizeBytes),
      isIndirect,
      isThumb,
    ]),
  );
}

/** Undefined for whatever `format` did not make. */
function parse(bytes: Uint8Array | undefined): readonly ElfFunction[] | undefined {
  if (bytes === undefined) return undefined;
  try {
    const rows: unknown = JSON.parse(Buffer.from(bytes).toString());
    return isList(rows) ? rows.map(parseRow) : undefined;
  } catch {
    // Damaged: it is read again.
    return undefined;
  }
}

function parseRow(row: unknown): ElfFunction {
  if (!isList(row)) throw new SyntaxError("no row");
  const [name, address, fileOffset, sizeBytes, isIndirect, isThumb] = row;
  if (typeof name !== "string" || typeof isIndirect !== "boolean" || typeof isThumb !== "boolean") {
    throw new SyntaxError("no row");
  }
  return {
    name,
    address: BigInt(String(address)),
    fileOffset: BigInt(String(fileOffset)),
    sizeBytes: BigInt(String(sizeBytes)),
    isIndirect,
    isThumb,
  };
}

/** Array.isArray makes `any` of what is in it. */
function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}
