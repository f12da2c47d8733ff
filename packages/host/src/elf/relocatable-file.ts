import { ElfError } from "./elf-error.js";
import { ElfReader } from "./elf-reader.js";
import { type ElfSection } from "./elf-types.js";
import { decodeSymbols, type ElfSymbol } from "./symbol-table.js";

// e_type, e_machine and sh_type (elf.h).
const relocatableType = 1;
const bpfMachine = 247;
const sectionTypes = { symbolTable: 2, relocations: 9 } as const;
/** Elf64_Rel: u64 offset, u32 type, u32 symbol, in either byte order one u64. */
const relocationSizeBytes = 16;

/** A section with its contents; none for one that is not in the file (.bss). */
export interface LoadedSection extends ElfSection {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** Where a section's bytes depend on a symbol. */
export interface ElfRelocation {
  /** In the section, in bytes. */
  readonly offset: number;
  readonly symbol: ElfSymbol;
  /** R_BPF_*. */
  readonly type: number;
}

/** An object of BPF code as a compiler makes it, read whole. */
export interface RelocatableFile {
  readonly byteOrder: "little" | "big";
  readonly sections: readonly LoadedSection[];
  readonly symbols: readonly ElfSymbol[];
  /** By the index of the section that they are in. */
  readonly relocations: ReadonlyMap<number, readonly ElfRelocation[]>;
}

/** Reads an object of BPF code of either byte order. Throws ElfError. */
export async function readRelocatableFile(file: Uint8Array): Promise<RelocatableFile> {
  const elf = await ElfReader.open((offset, length) =>
    Promise.resolve(file.subarray(offset, offset + length)),
  );
  const { header } = elf;
  if (header.machine !== bpfMachine || header.type !== relocatableType || header.wordBits !== 64) {
    throw new ElfError(
      `read object: it is of machine ${header.machine} and type ${header.type}, not BPF code that was compiled and not linked`,
    );
  }
  const sections: LoadedSection[] = [];
  for (const [index, section] of elf.sections.entries()) {
    sections.push({ ...section, index, bytes: await elf.readSection(section) });
  }
  const symbols = readSymbols(sections, header.byteOrder);
  return {
    byteOrder: header.byteOrder,
    sections,
    symbols,
    relocations: readRelocations(sections, symbols, header.byteOrder),
  };
}

function readSymbols(
  sections: readonly LoadedSection[],
  byteOrder: "little" | "big",
): readonly ElfSymbol[] {
  const table = sections.find(({ type }) => type === sectionTypes.symbolTable);
  if (table === undefined) throw new ElfError("read object: it has no symbols");
  const names = sections[table.link];
  if (names === undefined) throw new ElfError("read object: its symbols have their names nowhere");
  return decodeSymbols(table.bytes, names.bytes, byteOrder);
}

function readRelocations(
  sections: readonly LoadedSection[],
  symbols: readonly ElfSymbol[],
  byteOrder: "little" | "big",
): ReadonlyMap<number, readonly ElfRelocation[]> {
  const relocations = new Map<number, readonly ElfRelocation[]>();
  for (const section of sections) {
    if (section.type !== sectionTypes.relocations) continue;
    // What debuggers read, and what BTF says by names anyway.
    if (/^\.(BTF|debug)/.test(sections[section.info]?.name ?? "")) continue;
    const known = relocations.get(section.info) ?? [];
    relocations.set(section.info, [...known, ...decodeRelocations(section, symbols, byteOrder)]);
  }
  return relocations;
}

function decodeRelocations(
  { name, bytes }: LoadedSection,
  symbols: readonly ElfSymbol[],
  byteOrder: "little" | "big",
): readonly ElfRelocation[] {
  const isLittle = byteOrder === "little";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length % relocationSizeBytes !== 0) {
    throw new ElfError(`read object: section ${name} is not made of relocations`);
  }
  return Array.from({ length: bytes.length / relocationSizeBytes }, (_, index) => {
    const at = index * relocationSizeBytes;
    const offset = view.getBigUint64(at, isLittle);
    const info = view.getBigUint64(at + 8, isLittle);
    const symbol = symbols[Number(info >> 32n)];
    if (symbol === undefined || offset > Number.MAX_SAFE_INTEGER) {
      throw new ElfError(`read object: relocation ${index} of section ${name} is of no symbol`);
    }
    return { offset: Number(offset), symbol, type: Number(info & 0xffff_ffffn) };
  });
}
