/** Makes small ELF files for tests. */
export interface ElfPlan {
  readonly wordBits?: 32 | 64;
  readonly byteOrder?: "little" | "big";
  readonly type?: number;
  readonly machine?: number;
  /** Put after the headers in this order; names and links are resolved by name. */
  readonly sections?: readonly SectionPlan[];
  readonly segments?: readonly SegmentPlan[];
}

export interface SectionPlan {
  readonly name: string;
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly link?: string;
  /** sh_flags; 4: code. */
  readonly flags?: number;
  readonly address?: number;
  /** sh_info, by the name of a section. */
  readonly info?: string;
  /** Of one that is not in the file. */
  readonly sizeBytes?: number;
}

export interface SegmentPlan {
  readonly type: number;
  readonly flags: number;
  readonly fileOffset: number;
  readonly address: number;
  readonly fileSizeBytes: number;
}

export interface SymbolPlan {
  readonly name: string;
  readonly address?: number;
  readonly sizeBytes?: number;
  /** STT_*; 2: a function. */
  readonly type?: number;
  /** 0: undefined. */
  readonly section?: number;
  /** STB_*; 0: local, 1: global (unless said), 2: weak. */
  readonly binding?: number;
  /** STV_*. */
  readonly visibility?: number;
}

class Writer {
  readonly wordBits: 32 | 64;
  readonly #bytes: number[] = [];
  readonly #little: boolean;

  constructor(wordBits: 32 | 64, byteOrder: "little" | "big") {
    this.wordBits = wordBits;
    this.#little = byteOrder === "little";
  }

  number(value: number, sizeBytes: number): this {
    const bytes = Array.from(
      { length: sizeBytes },
      (_, at) => Math.floor(value / 2 ** (8 * at)) & 0xff,
    );
    this.#bytes.push(...(this.#little ? bytes : bytes.reverse()));
    return this;
  }

  word(value: number): this {
    return this.number(value, this.wordBits / 8);
  }

  take(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

export function buildElf(plan: ElfPlan): Uint8Array {
  const wordBits = plan.wordBits ?? 64;
  const byteOrder = plan.byteOrder ?? "little";
  const segments = plan.segments ?? [];
  const named: SectionPlan[] = [...(plan.sections ?? [])];
  const names = stringTable(["", ...named.map(({ name }) => name), ".shstrtab"]);
  named.push({ name: ".shstrtab", type: 3, bytes: names.bytes });

  const headerSize = wordBits === 32 ? 52 : 64;
  const segmentSize = wordBits === 32 ? 32 : 56;
  const sectionSize = wordBits === 32 ? 40 : 64;
  let end = headerSize + segments.length * segmentSize;
  const placed = named.map((section) => {
    const offset = end;
    end += section.bytes.length;
    return { ...section, offset };
  });

  const file: number[] = [];
  const header = new Writer(wordBits, byteOrder);
  header
    .number(plan.type ?? 3, 2)
    .number(plan.machine ?? 62, 2)
    .number(1, 4)
    .word(0);
  header.word(headerSize).word(end).number(0, 4).number(headerSize, 2);
  header.number(segmentSize, 2).number(segments.length, 2);
  header
    .number(sectionSize, 2)
    .number(placed.length + 1, 2)
    .number(placed.length, 2);
  file.push(0x7f, 0x45, 0x4c, 0x46, wordBits === 32 ? 1 : 2, byteOrder === "little" ? 1 : 2, 1);
  file.push(...new Uint8Array(9), ...header.take());

  for (const segment of segments) {
    const writer = new Writer(wordBits, byteOrder).number(segment.type, 4);
    if (wordBits === 64) writer.number(segment.flags, 4);
    writer.word(segment.fileOffset).word(segment.address).word(segment.address);
    writer.word(segment.fileSizeBytes).word(segment.fileSizeBytes);
    if (wordBits === 32) writer.number(segment.flags, 4);
    file.push(...writer.word(4096).take());
  }
  for (const section of placed) file.push(...section.bytes);
  file.push(...new Uint8Array(sectionSize));
  for (const section of placed) {
    const writer = new Writer(wordBits, byteOrder);
    const indexOf = (wanted: string | undefined): number =>
      placed.findIndex(({ name }) => name === wanted) + 1;
    writer.number(names.offset(section.name), 4).number(section.type, 4);
    writer.word(section.flags ?? 0).word(section.address ?? 0);
    writer.word(section.offset).word(section.sizeBytes ?? section.bytes.length);
    writer.number(indexOf(section.link), 4).number(indexOf(section.info), 4);
    file.push(...writer.word(1).word(0).take());
  }
  return Uint8Array.from(file);
}

export function stringTable(strings: readonly string[]): {
  readonly bytes: Uint8Array;
  offset(text: string): number;
} {
  const text = strings.map((one) => `${one}\0`).join("");
  return {
    bytes: new TextEncoder().encode(text),
    offset: (one) => (one === "" ? 0 : text.indexOf(`\0${one}\0`) + 1),
  };
}

/** A symbol table and its names. */
export function symbolTable(
  symbols: readonly SymbolPlan[],
  wordBits: 32 | 64 = 64,
  byteOrder: "little" | "big" = "little",
): { readonly symbols: Uint8Array; readonly names: Uint8Array } {
  const names = stringTable(["", ...symbols.map(({ name }) => name)]);
  const bytes = symbols.flatMap((symbol) => {
    const writer = new Writer(wordBits, byteOrder).number(names.offset(symbol.name), 4);
    const info = ((symbol.binding ?? 1) << 4) | (symbol.type ?? 2);
    const visibility = symbol.visibility ?? 0;
    if (wordBits === 64)
      writer
        .number(info, 1)
        .number(visibility, 1)
        .number(symbol.section ?? 1, 2);
    writer.word(symbol.address ?? 0).word(symbol.sizeBytes ?? 0);
    if (wordBits === 32)
      writer
        .number(info, 1)
        .number(visibility, 1)
        .number(symbol.section ?? 1, 2);
    return [...writer.take()];
  });
  return { symbols: Uint8Array.from(bytes), names: names.bytes };
}
