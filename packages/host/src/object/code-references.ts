import { MachineCode, slotSizeBytes } from "../asm/machine-code.js";
import * as opcode from "../asm/opcode.js";
import {
  type ElfRelocation,
  type LoadedSection,
  type RelocatableFile,
} from "../elf/relocatable-file.js";
import { isCode } from "./collect-functions.js";
import { ObjectError } from "./object-error.js";
import { type CodeReference, type ObjectFunction } from "./object-file.js";

/** Sections that stand for something else than code. */
export interface ReferredSections {
  /** By the index of the section and the offset in it: a map's name. */
  mapAt(section: number, offset: number): string | undefined;
  /** Whether the section is .maps. */
  isMaps(section: number): boolean;
  /** The name of the map that has the section's data. */
  dataOf(section: number): string | undefined;
}

/** Many more than any object has: aliases of one function can have the same ones over and over. */
const mostReferences = 1 << 20;

/** Gives functions what the file's relocations say of their instructions. Throws ObjectError. */
export function addReferences(
  file: RelocatableFile,
  functions: readonly ObjectFunction[],
  referred: ReferredSections,
): readonly ObjectFunction[] {
  const bySection = new Map(
    file.sections
      .filter(isCode)
      .map((section) => [section.index, readReferences(file, section, referred)]),
  );
  let count = 0;
  return functions.map((one) => {
    const end = one.start + one.code.length / slotSizeBytes;
    const references = new Map<number, CodeReference>();
    for (const [slot, reference] of bySection.get(one.sectionIndex) ?? []) {
      if (slot >= one.start && slot < end) references.set(slot - one.start, reference);
    }
    count += references.size;
    if (count > mostReferences) throw new ObjectError(`function ${one.name}: too many relocations`);
    return { ...one, references };
  });
}

function readReferences(
  file: RelocatableFile,
  section: LoadedSection,
  referred: ReferredSections,
): readonly (readonly [number, CodeReference])[] {
  const code = new MachineCode(section.bytes, file.byteOrder);
  return (file.relocations.get(section.index) ?? []).map((relocation) => {
    const slot = relocation.offset / slotSizeBytes;
    if (!Number.isInteger(slot) || slot >= Math.floor(code.slotCount)) {
      throw new ObjectError(`section ${section.name}: a relocation at byte ${relocation.offset}`);
    }
    return [slot, readReference(file, code, slot, relocation, referred)];
  });
}

function readReference(
  file: RelocatableFile,
  code: MachineCode,
  slot: number,
  { symbol }: ElfRelocation,
  referred: ReferredSections,
): CodeReference {
  const fault = (why: string): ObjectError =>
    new ObjectError(`relocation of instruction ${slot} to "${symbol.name}": ${why}`);
  const isCall = code.isCall(slot);
  if (!isCall && !code.isWideLoad(slot)) {
    throw fault(`the instruction, of code 0x${code.opcode(slot).toString(16)}, takes no address`);
  }
  if (symbol.section === 0) return { kind: "extern", name: symbol.name };
  const section = file.sections[symbol.section];
  if (section === undefined) throw fault(`it is in the special section ${symbol.section}`);
  if (isCode(section)) {
    if (isCall && code.source(slot) !== opcode.BPF_PSEUDO_CALL) throw fault("a helper's call");
    if (symbol.value % slotSizeBytes !== 0) throw fault(`it is at byte ${symbol.value}`);
    const kind = isCall ? "call" : "functionAddress";
    return { kind, sectionIndex: section.index, offset: symbol.value };
  }
  if (isCall) throw fault(`a call into section ${section.name}, which has no code`);
  const map = referred.mapAt(symbol.section, symbol.value);
  if (map !== undefined) return { kind: "map", map };
  if (referred.isMaps(symbol.section))
    throw fault(`no map begins at byte ${symbol.value} of .maps`);
  const data = referred.dataOf(symbol.section);
  if (data === undefined) throw fault(`section ${section.name} has nothing that a program can use`);
  return { kind: "data", map: data, offset: symbol.value };
}
