import { slotSizeBytes } from "../asm/machine-code.js";
import { type LoadedSection, type RelocatableFile } from "../elf/relocatable-file.js";
import { ObjectError } from "./object-error.js";
import { type ObjectFunction } from "./object-file.js";

// sh_type and sh_flags (elf.h).
const programBits = 1;
const executableFlag = 4n;
/** Where functions are that are no programs. */
export const textSection = ".text";

/** Whether a section holds instructions. */
export function isCode({ type, flags, bytes }: LoadedSection): boolean {
  return type === programBits && (flags & executableFlag) !== 0n && bytes.length > 0;
}

/** All functions of the object, in the order of their symbols, as yet without what they refer to. Throws ObjectError. */
export function collectFunctions(file: RelocatableFile): readonly ObjectFunction[] {
  return file.symbols.flatMap((symbol): ObjectFunction[] => {
    const section = file.sections[symbol.section];
    if (symbol.type !== "function" || section === undefined || !isCode(section)) return [];
    const { name, value, sizeBytes } = symbol;
    const isWhole = sizeBytes > 0 && sizeBytes % slotSizeBytes === 0 && value % slotSizeBytes === 0;
    if (!isWhole || value + sizeBytes > section.bytes.length) {
      throw new ObjectError(
        `function ${name}: ${sizeBytes} bytes at ${value} of section ${section.name}, which has ${section.bytes.length}`,
      );
    }
    return [
      {
        name,
        section: section.name,
        sectionIndex: section.index,
        start: value / slotSizeBytes,
        code: section.bytes.subarray(value, value + sizeBytes),
        isProgram: section.name !== textSection && symbol.binding !== "local",
        isHidden: symbol.visibility === "hidden" || symbol.visibility === "internal",
        references: new Map(),
      },
    ];
  });
}
