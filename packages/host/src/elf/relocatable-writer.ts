/** A section of an object that is being written. */
export interface WrittenSection {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** SHF_*: 2 allocated, 1 writable, 4 code. */
  readonly flags: number;
  readonly relocations?: readonly { readonly offset: number; readonly symbol: string }[];
}

/** A symbol; `section`: the name of where it is. */
export interface WrittenSymbol {
  readonly name: string;
  readonly section: string;
  readonly offset: number;
  readonly sizeBytes: number;
  /** One of a section stands for its beginning, and is called as it is. */
  readonly type: "object" | "function" | "section";
  readonly isLocal: boolean;
}

// include/uapi/linux/elf.h, and the machine's number from elf-em.h.
const headerSizeBytes = 64;
const sectionHeaderSizeBytes = 64;
const symbolSizeBytes = 24;
const relocatable = 1;
const bpfMachine = 247;
const symbolTypes = { object: 1, function: 2, section: 3 } as const;
const sectionKinds = { bits: 1, symbols: 2, strings: 3, relocations: 9 } as const;
/** R_BPF_64_64: the two halves of a load of 64 bits. */
const wideRelocation = 1n;

interface PlacedSection {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly kind: number;
  readonly flags: number;
  readonly link?: number;
  readonly info?: number;
  readonly entrySizeBytes?: number;
}

const encoder = new TextEncoder();

/** Writes a relocatable object of BPF code. Names of sections and of symbols are unique. */
export function writeRelocatable(
  sections: readonly WrittenSection[],
  symbols: readonly WrittenSymbol[],
  byteOrder: "little" | "big",
): Uint8Array {
  const isLittle = byteOrder === "little";
  const ordered = [...symbols].sort((a, b) => Number(b.isLocal) - Number(a.isLocal));
  const symbolAt = new Map(ordered.map(({ name }, index) => [name, index + 1]));
  const sectionAt = new Map(sections.map(({ name }, index) => [name, index + 1]));
  const strings = new StringTable();
  const withRelocations = sections.filter(({ relocations = [] }) => relocations.length > 0);
  const symbolTable = sections.length + withRelocations.length + 1;
  const placed: PlacedSection[] = [
    ...sections.map(({ name, bytes, flags }) => ({ name, bytes, flags, kind: sectionKinds.bits })),
    ...withRelocations.map(({ name, relocations = [] }) => ({
      name: `.rel${name}`,
      bytes: encodeRelocations(relocations, symbolAt, isLittle),
      ...{ flags: 0, kind: sectionKinds.relocations, entrySizeBytes: 16 },
      ...{ link: symbolTable, info: sectionAt.get(name) ?? 0 },
    })),
    {
      name: ".symtab",
      bytes: encodeSymbols(ordered, { strings, sectionAt, isLittle }),
      ...{ flags: 0, kind: sectionKinds.symbols, entrySizeBytes: symbolSizeBytes },
      ...{ link: symbolTable + 1, info: ordered.filter(({ isLocal }) => isLocal).length + 1 },
    },
  ];
  const names = [...placed.map(({ name }) => name), ".strtab"].map((name) => strings.offset(name));
  placed.push({ name: ".strtab", bytes: strings.bytes(), flags: 0, kind: sectionKinds.strings });
  return encodeFile(placed, names, isLittle);
}

class StringTable {
  #text = "\0";

  offset(name: string): number {
    const known = this.#text.indexOf(`\0${name}\0`);
    if (known !== -1) return known + 1;
    const at = encoder.encode(this.#text).length;
    this.#text += `${name}\0`;
    return at;
  }

  bytes(): Uint8Array {
    return encoder.encode(this.#text);
  }
}

function encodeRelocations(
  relocations: NonNullable<WrittenSection["relocations"]>,
  symbolAt: ReadonlyMap<string, number>,
  isLittle: boolean,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(16 * relocations.length));
  for (const [index, { offset, symbol }] of relocations.entries()) {
    view.setBigUint64(16 * index, BigInt(offset), isLittle);
    const info = (BigInt(symbolAt.get(symbol) ?? 0) << 32n) | wideRelocation;
    view.setBigUint64(16 * index + 8, info, isLittle);
  }
  return new Uint8Array(view.buffer);
}

function encodeSymbols(
  symbols: readonly WrittenSymbol[],
  {
    strings,
    sectionAt,
    isLittle,
  }: {
    readonly strings: StringTable;
    readonly sectionAt: ReadonlyMap<string, number>;
    readonly isLittle: boolean;
  },
): Uint8Array {
  const view = new DataView(new ArrayBuffer(symbolSizeBytes * (symbols.length + 1)));
  for (const [index, symbol] of symbols.entries()) {
    const at = symbolSizeBytes * (index + 1);
    if (symbol.type !== "section") view.setUint32(at, strings.offset(symbol.name), isLittle);
    view.setUint8(at + 4, ((symbol.isLocal ? 0 : 1) << 4) | symbolTypes[symbol.type]);
    view.setUint16(at + 6, sectionAt.get(symbol.section) ?? 0, isLittle);
    view.setBigUint64(at + 8, BigInt(symbol.offset), isLittle);
    view.setBigUint64(at + 16, BigInt(symbol.sizeBytes), isLittle);
  }
  return new Uint8Array(view.buffer);
}

function encodeFile(
  placed: readonly PlacedSection[],
  names: readonly number[],
  isLittle: boolean,
): Uint8Array {
  let end = headerSizeBytes;
  const offsets = placed.map(({ bytes }) => {
    const at = end;
    end = aligned(at + bytes.length);
    return at;
  });
  const file = new Uint8Array(end + sectionHeaderSizeBytes * (placed.length + 1));
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, isLittle ? 1 : 2, 1]);
  view.setUint16(16, relocatable, isLittle);
  view.setUint16(18, bpfMachine, isLittle);
  view.setUint32(20, 1, isLittle);
  view.setBigUint64(40, BigInt(end), isLittle);
  view.setUint16(52, headerSizeBytes, isLittle);
  view.setUint16(58, sectionHeaderSizeBytes, isLittle);
  view.setUint16(60, placed.length + 1, isLittle);
  view.setUint16(62, placed.length, isLittle);
  for (const [index, section] of placed.entries()) {
    const offset = offsets[index] ?? 0;
    file.set(section.bytes, offset);
    const at = end + sectionHeaderSizeBytes * (index + 1);
    view.setUint32(at, names[index] ?? 0, isLittle);
    view.setUint32(at + 4, section.kind, isLittle);
    view.setBigUint64(at + 8, BigInt(section.flags), isLittle);
    view.setBigUint64(at + 24, BigInt(offset), isLittle);
    view.setBigUint64(at + 32, BigInt(section.bytes.length), isLittle);
    view.setUint32(at + 40, section.link ?? 0, isLittle);
    view.setUint32(at + 44, section.info ?? 0, isLittle);
    view.setBigUint64(at + 48, 8n, isLittle);
    view.setBigUint64(at + 56, BigInt(section.entrySizeBytes ?? 0), isLittle);
  }
  return file;
}

function aligned(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}
