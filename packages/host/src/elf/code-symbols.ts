import { ElfError } from "./elf-error.js";
import { type ElfReader } from "./elf-reader.js";
import { type ElfSection } from "./elf-types.js";

// sh_type, sh_flags, st_info's halves, st_shndx (elf.h).
const sectionTypes = { symtab: 2, dynsym: 11 } as const;
const executableSection = 4n;
const symbolTypes = { none: 0, function: 2, indirectFunction: 10 } as const;
const bindings = { global: 1, weak: 2 } as const;
const undefinedSection = 0;
const armMachine = 40;

/** Symbols of an ELF file that code lies at, as columns, in the order of the file. */
export interface CodeSymbols {
  readonly count: number;
  /** In the file's own address space. */
  readonly addresses: Float64Array;
  /** 0: not known. */
  readonly sizes: Float64Array;
  /** Where the section ends that it is in. */
  readonly limits: Float64Array;
  /** Of several names for one place that with the highest rank is the best. */
  readonly ranks: Uint8Array;
  /** Where in `strings` their names begin; each ends with a NUL. */
  readonly names: Uint32Array;
  readonly strings: Uint8Array;
}

const none: CodeSymbols = {
  count: 0,
  addresses: new Float64Array(0),
  sizes: new Float64Array(0),
  limits: new Float64Array(0),
  ranks: new Uint8Array(0),
  names: new Uint32Array(0),
  strings: new Uint8Array(0),
};

/** The table that names most code: the full one, or in a stripped file that of the dynamic linker. */
export function codeSymbolTable(elf: ElfReader): ElfSection | undefined {
  const ofType = (type: number): ElfSection | undefined =>
    elf.sections.find((section) => section.type === type && section.sizeBytes > 0n);
  return ofType(sectionTypes.symtab) ?? ofType(sectionTypes.dynsym);
}

/** Whether the file has only the symbols that the dynamic linker needs. */
export function isStripped(elf: ElfReader): boolean {
  return codeSymbolTable(elf)?.type !== sectionTypes.symtab;
}

/** Reads functions, and labels in code, whatever their names. Throws ElfError. */
export async function readCodeSymbols(elf: ElfReader): Promise<CodeSymbols> {
  const table = codeSymbolTable(elf);
  if (table === undefined) return none;
  const strings = elf.sections[table.link];
  if (strings === undefined) {
    throw new ElfError(`read symbols: ${table.name} has its names in no section`);
  }
  const [symbols, names] = await Promise.all([elf.readSection(table), elf.readSection(strings)]);
  return decodeCodeSymbols(elf, symbols, names);
}

/** Both, as one table. */
export function joinCodeSymbols(one: CodeSymbols, other: CodeSymbols): CodeSymbols {
  const joined = <Column extends Float64Array | Uint32Array | Uint8Array>(
    column: Column,
    first: Column,
    second: Column,
  ): Column => {
    column.set(first);
    column.set(second, first.length);
    return column;
  };
  const count = one.count + other.count;
  const moved = other.names.map((name) => name + one.strings.length);
  return {
    count,
    addresses: joined(new Float64Array(count), one.addresses, other.addresses),
    sizes: joined(new Float64Array(count), one.sizes, other.sizes),
    limits: joined(new Float64Array(count), one.limits, other.limits),
    ranks: joined(new Uint8Array(count), one.ranks, other.ranks),
    names: joined(new Uint32Array(count), one.names, moved),
    strings: joined(
      new Uint8Array(one.strings.length + other.strings.length),
      one.strings,
      other.strings,
    ),
  };
}

function decodeCodeSymbols(
  { header, sections }: Pick<ElfReader, "header" | "sections">,
  symbols: Uint8Array,
  strings: Uint8Array,
): CodeSymbols {
  const isCode = sections.map(({ flags }) => (flags & executableSection) !== 0n);
  const ends = sections.map(({ address, sizeBytes }) => Number(address + sizeBytes));
  const is32 = header.wordBits === 32;
  const isLittle = header.byteOrder === "little";
  const view = new DataView(symbols.buffer, symbols.byteOffset, symbols.byteLength);
  // Elf32_Sym: name, value, size, info, other, section. Elf64_Sym: name, info, other, section, value, size.
  const [entrySize, infoAt, sectionAt, valueAt, sizeAt] = is32
    ? [16, 12, 14, 4, 8]
    : [24, 4, 6, 8, 16];
  const word = (at: number): number =>
    is32 ? view.getUint32(at, isLittle) : Number(view.getBigUint64(at, isLittle));
  const capacity = Math.floor(symbols.length / entrySize);
  const addresses = new Float64Array(capacity);
  const sizes = new Float64Array(capacity);
  const limits = new Float64Array(capacity);
  const ranks = new Uint8Array(capacity);
  const names = new Uint32Array(capacity);
  // Bit 0 of a function in Thumb code (ELF for the Arm Architecture, 5.5.3).
  const hasThumb = header.machine === armMachine;
  let count = 0;
  for (let at = 0; at + entrySize <= symbols.length; at += entrySize) {
    const info = symbols[at + infoAt] ?? 0;
    const type = info & 0xf;
    const isFunction = type === symbolTypes.function || type === symbolTypes.indirectFunction;
    if (!isFunction && type !== symbolTypes.none) continue;
    const section = view.getUint16(at + sectionAt, isLittle);
    const name = view.getUint32(at, isLittle);
    if (section === undefinedSection || !hasName(strings, name)) continue;
    if (!isFunction && (isCode[section] !== true || isMarker(strings, name))) continue;
    const value = word(at + valueAt);
    const size = word(at + sizeAt);
    if (!Number.isSafeInteger(value + size)) continue;
    addresses[count] = hasThumb && isFunction ? value - (value % 2) : value;
    sizes[count] = size;
    limits[count] = ends[section] ?? value + 1;
    ranks[count] = rankOf(isFunction, info >> 4);
    names[count] = name;
    count++;
  }
  return {
    count,
    addresses: addresses.subarray(0, count),
    sizes: sizes.subarray(0, count),
    limits: limits.subarray(0, count),
    ranks: ranks.subarray(0, count),
    names: names.subarray(0, count),
    strings,
  };
}

/** Functions before labels; then as perf has it: weak names last, and of the others those that other files may call first. */
function rankOf(isFunction: boolean, binding: number): number {
  return (
    (isFunction ? 4 : 0) +
    (binding === bindings.weak ? 0 : 2) +
    (binding === bindings.global ? 1 : 0)
  );
}

function hasName(strings: Uint8Array, at: number): boolean {
  return at < strings.length && strings[at] !== 0;
}

/** "$x", "$d": where ARM and RISC-V code or data begins; ".L1": the assembler's own. */
function isMarker(strings: Uint8Array, at: number): boolean {
  const first = strings[at];
  return first === 0x24 || (first === 0x2e && strings[at + 1] === 0x4c);
}
