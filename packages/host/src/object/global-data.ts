import { type LoadedSection, type RelocatableFile } from "../elf/relocatable-file.js";
import { type DataSection } from "./data-sections.js";
import { ObjectError } from "./object-error.js";
import { type DataMap } from "./object-file.js";

// sh_type (elf.h).
const sectionTypes = { programBits: 1, noBits: 8 } as const;
/** A bound for malformed files; the kernel's own, for the value of an array, is of the same order. */
const largestDataSizeBytes = 64 * 1024 * 1024;

/** A map of global data, and the section that it is of. */
export interface PlacedData {
  readonly map: DataMap;
  readonly section: number;
}

/** The sections of global variables. Throws ObjectError. */
export function collectDataMaps(
  file: RelocatableFile,
  dataSections: ReadonlyMap<string, DataSection>,
): readonly PlacedData[] {
  return file.sections.flatMap((section): PlacedData[] => {
    if (!isData(section) || section.sizeBytes === 0n) return [];
    const { name } = section;
    if (section.sizeBytes > largestDataSizeBytes) {
      throw new ObjectError(`section ${name}: ${section.sizeBytes} bytes of global data`);
    }
    const sizeBytes = Number(section.sizeBytes);
    const described = dataSections.get(name);
    const variables = (described?.variables ?? []).filter(({ kind }) => kind === "var");
    const beyond = variables.find((one) => one.offset + one.sizeBytes > sizeBytes);
    if (beyond !== undefined) {
      throw new ObjectError(`variable ${beyond.name}: it is not within section ${name}`);
    }
    const map: DataMap = {
      kind: "data",
      name,
      isReadOnly: isNamed(name, ".rodata"),
      sizeBytes,
      contents: section.type === sectionTypes.noBits ? undefined : section.bytes,
      variables: variables.map(({ linkage, isHidden, ...variable }) => ({
        name: variable.name,
        type: variable.type,
        offset: variable.offset,
        sizeBytes: variable.sizeBytes,
        isStatic: linkage === "static" || isHidden,
      })),
      type: described?.id,
    };
    return [{ map, section: section.index }];
  });
}

function isData({ name, type }: LoadedSection): boolean {
  if (isNamed(name, ".bss")) return type === sectionTypes.noBits;
  const isInFile = isNamed(name, ".data") || isNamed(name, ".rodata");
  return isInFile && type === sectionTypes.programBits;
}

function isNamed(name: string, family: string): boolean {
  return name === family || name.startsWith(`${family}.`);
}
