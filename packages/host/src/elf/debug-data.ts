import { expandXz } from "../xz/expand-xz.js";
import { XzError } from "../xz/xz-error.js";
import { type CodeSymbols, readCodeSymbols } from "./code-symbols.js";
import { ElfError } from "./elf-error.js";
import { ElfReader } from "./elf-reader.js";
import { type ElfSection } from "./elf-types.js";

/** More than any program has: symbols of functions alone are in it. */
const mostPackedBytes = 1n << 24n;
const mostBytes = 1 << 26;

/** Whether a stripped file has the symbols of its own functions within it, as distributions like Fedora leave them there. */
export function hasDebugData(elf: ElfReader): boolean {
  return debugDataOf(elf) !== undefined;
}

/**
 * The symbols of those functions that the dynamic linker does not need, of the ELF file within a stripped one (.gnu_debugdata,
 * compressed as .xz); undefined when there is none, or it is damaged: what stands outside it is good all the same.
 */
export async function readDebugData(elf: ElfReader): Promise<CodeSymbols | undefined> {
  const section = debugDataOf(elf);
  if (section === undefined) return undefined;
  try {
    const bytes = expandXz(await elf.readSection(section), mostBytes);
    const inner = await ElfReader.open((offset, length) =>
      Promise.resolve(bytes.subarray(offset, offset + length)),
    );
    return await readCodeSymbols(inner);
  } catch (error) {
    if (error instanceof XzError || error instanceof ElfError) return undefined;
    throw error;
  }
}

function debugDataOf(elf: ElfReader): ElfSection | undefined {
  return elf.sections.find(
    ({ name, sizeBytes }) => name === ".gnu_debugdata" && sizeBytes <= mostPackedBytes,
  );
}
