import { cString } from "./c-string.js";
import { ElfError } from "./elf-error.js";
import { collectFunctions, findSymbol, type SymbolPlace, type SymbolTable } from "./elf-symbols.js";
import { type ElfFunction, type ElfHeader, type ElfSection, type ElfSegment } from "./elf-types.js";
import { type RandomReader } from "./random-reader.js";

export { type ElfFunction } from "./elf-types.js";

/** No table of a file that is meant well is larger. */
const largestTableSizeBytes = 1 << 28;
/** Read first: the header, and nearly always the program headers with it. */
const firstReadSizeBytes = 1024;

const sectionTypes = { symtab: 2, strtab: 3, nobits: 8, dynsym: 11, versym: 0x6fff_ffff } as const;
const segmentTypes = { load: 1 } as const;
const executeFlag = 1;

/** An ELF file of either word size and byte order; parts are read when they are asked for. Throws ElfError. */
export class ElfReader {
  readonly header: ElfHeader;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  readonly #read: RandomReader;
  /** Symbols of the dynamic linker, and names: who asks for one also asks for what else refers to it. */
  readonly #shared = new Map<ElfSection, Promise<Uint8Array>>();

  /** Reads the headers. */
  static async open(read: RandomReader): Promise<ElfReader> {
    const source = new ElfSource(read, await read(0, firstReadSizeBytes));
    const header = decodeHeader(source);
    const tables = await readSectionTable(source, header);
    const segments = await readSegments(source, header, tables.segmentCount);
    const { wordBits, byteOrder, type, machine, entry } = header;
    return new ElfReader(
      read,
      { wordBits, byteOrder, type, machine, entry },
      tables.sections,
      segments,
    );
  }

  private constructor(
    read: RandomReader,
    header: ElfHeader,
    sections: readonly ElfSection[],
    segments: readonly ElfSegment[],
  ) {
    this.#read = read;
    this.header = header;
    this.sections = sections;
    this.segments = segments;
  }

  /** A section's bytes as they are in the file; none for one that is not in it (.bss). */
  async readSection(section: ElfSection): Promise<Uint8Array> {
    if (section.type === sectionTypes.nobits || section.sizeBytes === 0n) return new Uint8Array(0);
    const isShared = section.type === sectionTypes.dynsym || section.type === sectionTypes.strtab;
    if (!isShared) return await this.#readWhole(section);
    const bytes = this.#shared.get(section) ?? this.#readWhole(section);
    this.#shared.set(section, bytes);
    return await bytes;
  }

  async #readWhole(section: ElfSection): Promise<Uint8Array> {
    return await readExactly(
      this.#read,
      section.fileOffset,
      section.sizeBytes,
      `section ${section.name}`,
    );
  }

  /** Where the instruction at an address is in the file; undefined when no segment of code has it. */
  fileOffset(address: bigint): bigint | undefined {
    return this.#offsetIn(({ flags }) => (flags & executeFlag) !== 0, address);
  }

  /** Where segments of code are, in the file's own address space and in the file. */
  codeRanges(): readonly {
    readonly address: number;
    readonly sizeBytes: number;
    readonly fileOffset: number;
  }[] {
    return this.segments
      .filter(({ type, flags }) => type === segmentTypes.load && (flags & executeFlag) !== 0)
      .map(({ address, fileSizeBytes, fileOffset }) => ({
        address: Number(address),
        sizeBytes: Number(fileSizeBytes),
        fileOffset: Number(fileOffset),
      }));
  }

  /** The address of the instruction at a place in the file; undefined when no segment of code has it. */
  codeAddress(fileOffset: bigint): bigint | undefined {
    const segment = this.segments.find(
      (one) =>
        one.type === segmentTypes.load &&
        (one.flags & executeFlag) !== 0 &&
        fileOffset >= one.fileOffset &&
        fileOffset < one.fileOffset + one.fileSizeBytes,
    );
    return segment === undefined ? undefined : segment.address + fileOffset - segment.fileOffset;
  }

  /** Where the byte of data at an address is in the file; undefined when no segment has it. */
  dataOffset(address: bigint): bigint | undefined {
    return this.#offsetIn(({ flags }) => (flags & executeFlag) === 0, address);
  }

  #offsetIn(isWanted: (segment: ElfSegment) => boolean, address: bigint): bigint | undefined {
    for (const segment of this.segments) {
      const within = address - segment.address;
      if (
        segment.type === segmentTypes.load &&
        isWanted(segment) &&
        within >= 0n &&
        within < segment.fileSizeBytes
      ) {
        return segment.fileOffset + within;
      }
    }
    return undefined;
  }

  /**
   * The functions that the file defines, one for each name, of its dynamic and its full symbol table. Of several with one
   * name the dynamic and default version is taken.
   */
  async functions(): Promise<readonly ElfFunction[]> {
    const functions = new Map<string, ElfFunction>();
    for await (const table of this.#symbolTables()) collectFunctions(functions, table);
    return [...functions.values()];
  }

  /** A function or variable that the file defines; undefined when it has none of this name. */
  async symbol(name: string): Promise<SymbolPlace | undefined> {
    for await (const table of this.#symbolTables()) {
      const found = findSymbol(table, name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async *#symbolTables(): AsyncGenerator<SymbolTable> {
    for (const type of [sectionTypes.dynsym, sectionTypes.symtab]) {
      for (const [at, section] of this.sections.entries()) {
        if (section.type !== type) continue;
        const names = this.sections[section.link];
        if (names === undefined) {
          throw new ElfError(`read symbols: ${section.name} has its names in no section`);
        }
        const versions = this.sections.find(
          (one) => one.type === sectionTypes.versym && one.link === at,
        );
        yield {
          header: this.header,
          symbols: await this.readSection(section),
          names: await this.readSection(names),
          versions: versions === undefined ? undefined : await this.readSection(versions),
          fileOffset: (address) => this.fileOffset(address),
        };
      }
    }
  }
}

/** A reader with the file's first bytes at hand. */
class ElfSource {
  readonly first: Uint8Array;
  readonly #read: RandomReader;

  constructor(read: RandomReader, first: Uint8Array) {
    this.#read = read;
    this.first = first;
  }

  async read(offset: bigint, size: bigint, what: string): Promise<Uint8Array> {
    if (offset + size <= BigInt(this.first.length)) {
      return this.first.subarray(Number(offset), Number(offset + size));
    }
    return await readExactly(this.#read, offset, size, what);
  }
}

async function readExactly(
  read: RandomReader,
  offset: bigint,
  size: bigint,
  what: string,
): Promise<Uint8Array> {
  if (size > largestTableSizeBytes) throw new ElfError(`read ${what}: ${size} bytes are too many`);
  if (offset > Number.MAX_SAFE_INTEGER) {
    throw new ElfError(`read ${what}: byte ${offset} is beyond any file`);
  }
  const bytes = await read(Number(offset), Number(size));
  if (bytes.length !== Number(size)) {
    throw new ElfError(`read ${what}: the file ends ${Number(size) - bytes.length} bytes too soon`);
  }
  return bytes;
}

/** The header's fields that lead to its tables, beside those of ElfHeader. */
interface HeaderFields extends ElfHeader {
  readonly segmentTable: bigint;
  readonly segmentSize: number;
  readonly segmentCount: number;
  readonly sectionTable: bigint;
  readonly sectionSize: number;
  readonly sectionCount: number;
  readonly sectionNames: number;
}

function decodeHeader(source: ElfSource): HeaderFields {
  const { first } = source;
  const wordBits = first[4] === 1 ? 32 : 64;
  if (first[0] !== 0x7f || first[1] !== 0x45 || first[2] !== 0x4c || first[3] !== 0x46) {
    throw new ElfError("read ELF: the file does not begin as an ELF file does");
  }
  if (first.length < (wordBits === 32 ? 52 : 64)) {
    throw new ElfError("read ELF: the file ends within its header");
  }
  if ((first[4] !== 1 && first[4] !== 2) || (first[5] !== 1 && first[5] !== 2)) {
    throw new ElfError("read ELF: the file is of an unknown word size or byte order");
  }
  const fields = new ElfFields(first, { wordBits, byteOrder: first[5] === 1 ? "little" : "big" });
  // Elf32_Ehdr and Elf64_Ehdr: from e_phoff on, words of the file's size, then halves.
  const tail = wordBits === 32 ? 40 : 52;
  return {
    wordBits,
    byteOrder: fields.byteOrder,
    type: fields.u16(16),
    machine: fields.u16(18),
    entry: fields.word(24),
    segmentTable: fields.word(wordBits === 32 ? 28 : 32),
    sectionTable: fields.word(wordBits === 32 ? 32 : 40),
    segmentSize: fields.u16(tail + 2),
    segmentCount: fields.u16(tail + 4),
    sectionSize: fields.u16(tail + 6),
    sectionCount: fields.u16(tail + 8),
    sectionNames: fields.u16(tail + 10),
  };
}

async function readSectionTable(
  source: ElfSource,
  header: HeaderFields,
): Promise<{ readonly sections: readonly ElfSection[]; readonly segmentCount: number }> {
  if (header.sectionTable === 0n) return { sections: [], segmentCount: header.segmentCount };
  const entrySize = header.wordBits === 32 ? 40 : 64;
  if (header.sectionSize < entrySize) {
    throw new ElfError(`read ELF: section headers of ${header.sectionSize} bytes`);
  }
  // Counts that do not fit the header are in the first section's header.
  const size = BigInt(header.sectionSize);
  const first = decodeSection(
    new ElfFields(await source.read(header.sectionTable, size, "the first section header"), header),
    0,
  );
  const count = header.sectionCount === 0 ? first.sizeBytes : BigInt(header.sectionCount);
  const names = header.sectionNames === 0xffff ? first.link : header.sectionNames;
  const table = new ElfFields(
    await source.read(header.sectionTable, size * count, "section headers"),
    header,
  );
  const raw = Array.from({ length: Number(count) }, (_, at) =>
    decodeSection(table, at * header.sectionSize),
  );
  return {
    sections: await nameSections(source, raw, names),
    segmentCount: header.segmentCount === 0xffff ? first.info : header.segmentCount,
  };
}

interface UnnamedSection extends Omit<ElfSection, "name"> {
  readonly nameOffset: number;
}

function decodeSection(fields: ElfFields, at: number): UnnamedSection {
  const word = fields.wordBits / 8;
  return {
    nameOffset: fields.u32(at),
    type: fields.u32(at + 4),
    flags: fields.word(at + 8),
    address: fields.word(at + 8 + word),
    fileOffset: fields.word(at + 8 + 2 * word),
    sizeBytes: fields.word(at + 8 + 3 * word),
    link: fields.u32(at + 8 + 4 * word),
    info: fields.u32(at + 12 + 4 * word),
    entrySizeBytes: fields.word(at + 16 + 5 * word),
  };
}

async function nameSections(
  source: ElfSource,
  sections: readonly UnnamedSection[],
  namesAt: number,
): Promise<readonly ElfSection[]> {
  const strings = sections[namesAt];
  const names =
    strings === undefined || strings.type === 0
      ? new Uint8Array(0)
      : await source.read(strings.fileOffset, strings.sizeBytes, "section names");
  return sections.map(({ nameOffset, ...section }) => ({
    name: cString(names, nameOffset),
    ...section,
  }));
}

async function readSegments(
  source: ElfSource,
  header: HeaderFields,
  count: number,
): Promise<readonly ElfSegment[]> {
  if (header.segmentTable === 0n || count === 0) return [];
  const entrySize = header.wordBits === 32 ? 32 : 56;
  if (header.segmentSize < entrySize) {
    throw new ElfError(`read ELF: program headers of ${header.segmentSize} bytes`);
  }
  const size = BigInt(header.segmentSize) * BigInt(count);
  const table = new ElfFields(
    await source.read(header.segmentTable, size, "program headers"),
    header,
  );
  return Array.from({ length: count }, (_, at) => decodeSegment(table, at * header.segmentSize));
}

/** Elf32_Phdr has its flags after the sizes, Elf64_Phdr before the offset. */
function decodeSegment(fields: ElfFields, at: number): ElfSegment {
  const is32 = fields.wordBits === 32;
  return {
    type: fields.u32(at),
    flags: fields.u32(at + (is32 ? 24 : 4)),
    fileOffset: fields.word(at + (is32 ? 4 : 8)),
    address: fields.word(at + (is32 ? 8 : 16)),
    fileSizeBytes: fields.word(at + (is32 ? 16 : 32)),
  };
}

/** Fields of a table that was read whole: offsets within it are known to be good. */
class ElfFields {
  readonly wordBits: 32 | 64;
  readonly byteOrder: "little" | "big";
  readonly #view: DataView;
  readonly #isLittle: boolean;

  constructor(bytes: Uint8Array, format: Pick<ElfHeader, "wordBits" | "byteOrder">) {
    this.wordBits = format.wordBits;
    this.byteOrder = format.byteOrder;
    this.#isLittle = format.byteOrder === "little";
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u16(at: number): number {
    return this.#view.getUint16(at, this.#isLittle);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, this.#isLittle);
  }

  word(at: number): bigint {
    return this.wordBits === 32
      ? BigInt(this.u32(at))
      : this.#view.getBigUint64(at, this.#isLittle);
  }
}
