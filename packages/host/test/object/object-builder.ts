import { encodeBtf } from "../../src/btf/encode-btf.js";
import { openBtf } from "../../src/btf/btf.js";
import { type BtfTypeId } from "../../src/btf/types.js";
import { buildElf, type SectionPlan, type SymbolPlan, symbolTable } from "../elf/elf-builder.js";
import { TypeList } from "../btf/type-list.js";

/** One instruction: opcode, destination and source, offset, immediate. */
export type Slot = readonly [number, number, number, number, number];

export const move = (register: number, value: number): Slot => [0xb7, register, 0, 0, value];
export const exit: Slot = [0x95, 0, 0, 0, 0];
/** A call of a helper. */
export const helper = (number: number): Slot => [0x85, 0, 0, 0, number];
/** A call of a function of the object's: its distance in slots, less one. */
export const call = (distance: number): Slot => [0x85, 0, 1, 0, distance];
/** Two slots. */
export const loadWide = (register: number, value = 0): readonly Slot[] => [
  [0x18, register, 0, 0, value],
  [0, 0, 0, 0, 0],
];

interface CodeInfo {
  readonly section: string;
  readonly offset: number;
  /** What follows the offset in a record. */
  readonly words: readonly (number | string)[];
}

/** Makes objects of BPF code for tests, as a compiler would. */
export class ObjectBuilder {
  readonly types = new TypeList();
  readonly #byteOrder: "little" | "big";
  readonly #sections: SectionPlan[] = [];
  readonly #symbols: SymbolPlan[] = [];
  readonly #relocations: { section: string; offset: number; symbol: string }[] = [];
  readonly #info: Record<"functions" | "lines" | "relocations", CodeInfo[]> = {
    functions: [],
    lines: [],
    relocations: [],
  };
  #hasTypes = true;

  constructor(byteOrder: "little" | "big" = "little") {
    this.#byteOrder = byteOrder;
    this.section("license", new TextEncoder().encode("GPL\0"));
  }

  withoutTypes(): this {
    this.#hasTypes = false;
    return this;
  }

  /** sh_type 8: not in the file. */
  section(name: string, bytes: Uint8Array, more: Partial<SectionPlan> = {}): this {
    this.#sections.push({ name, bytes, type: 1, ...more });
    return this;
  }

  /** A section of code, with functions one after the other. */
  code(
    name: string,
    functions: Readonly<Record<string, readonly Slot[]>>,
    symbol: Partial<SymbolPlan> = {},
  ): this {
    let address = 0;
    const parts = Object.entries(functions).map(([one, slots]) => {
      const bytes = encodeSlots(slots, this.#byteOrder);
      this.symbol(name, { name: one, address, sizeBytes: bytes.length, type: 2, ...symbol }, 1);
      address += bytes.length;
      return bytes;
    });
    return this.section(name, concat(parts), { flags: 6 });
  }

  /** `ahead`: the section is the next one to be added. */
  symbol(section: string | undefined, symbol: SymbolPlan, ahead = 0): this {
    const at = this.#sections.findIndex(({ name }) => name === section) + 1;
    const index = section === undefined ? 0 : at === 0 ? this.#sections.length + ahead : at;
    this.#symbols.push({ section: index, ...symbol });
    return this;
  }

  /** Of a symbol that nobody defines. */
  extern(name: string, binding = 1): this {
    return this.symbol(undefined, { name, type: 0, binding });
  }

  relocate(section: string, slot: number, symbol: string): this {
    return this.relocateByte(section, slot * 8, symbol);
  }

  relocateByte(section: string, offset: number, symbol: string): this {
    this.#relocations.push({ section, offset, symbol });
    return this;
  }

  /** A variable in a section of data, which the types know when all are added. */
  variable(
    name: string,
    type: BtfTypeId,
    linkage: "static" | "global" | "extern" = "global",
  ): BtfTypeId {
    return this.types.add({ kind: "var", name, type, linkage });
  }

  dataSection(
    name: string,
    variables: readonly {
      readonly type: BtfTypeId;
      readonly offset?: number;
      readonly sizeBytes: number;
    }[],
  ): BtfTypeId {
    return this.types.add({
      kind: "datasec",
      name,
      sizeBytes: 0,
      variables: variables.map((one) => ({ offset: 0, ...one })),
    });
  }

  /** What .BTF.ext says of an instruction; texts become offsets of strings. */
  info(
    kind: "functions" | "lines" | "relocations",
    section: string,
    slot: number,
    ...words: readonly (number | string)[]
  ): this {
    this.#info[kind].push({ section, offset: slot * 8, words });
    return this;
  }

  build(): Uint8Array {
    const sections = [...this.#sections];
    if (this.#hasTypes) sections.push(...this.#typeSections());
    const symbols: SymbolPlan[] = [{ name: "", section: 0, type: 0, binding: 0 }, ...this.#symbols];
    const table = symbolTable(symbols, 64, this.#byteOrder);
    sections.push({ name: ".symtab", type: 2, bytes: table.symbols, link: ".strtab" });
    sections.push({ name: ".strtab", type: 3, bytes: table.names });
    for (const name of new Set(this.#relocations.map(({ section }) => section))) {
      const bytes = concat(
        this.#relocations
          .filter(({ section }) => section === name)
          .map(({ offset, symbol }) => {
            const index = symbols.findIndex((one) => one.name === symbol);
            return words64([BigInt(offset), (BigInt(index) << 32n) | 1n], this.#byteOrder);
          }),
      );
      sections.push({ name: `.rel${name}`, type: 9, bytes, link: ".symtab", info: name });
    }
    return buildElf({ type: 1, machine: 247, byteOrder: this.#byteOrder, sections });
  }

  #typeSections(): readonly SectionPlan[] {
    // The texts of .BTF.ext are kept by types of their names, which nothing else refers to.
    const texts = new Set<string>(
      Object.values(this.#info).flatMap((list) =>
        list.flatMap(({ section, words }) => [
          section,
          ...words.filter((word): word is string => typeof word === "string"),
        ]),
      ),
    );
    const kept = new TextEncoder().encode(`\0${[...texts].map((text) => `${text}\0`).join("")}`);
    const blob = encodeBtf(this.types.types, this.#byteOrder, kept);
    const offsetOf = (text: string): number =>
      text === "" ? 0 : new TextDecoder().decode(kept).indexOf(`\0${text}\0`) + 1;
    openBtf(blob);
    return [
      { name: ".BTF", type: 1, bytes: blob },
      { name: ".BTF.ext", type: 1, bytes: this.#extInfo(offsetOf) },
    ];
  }

  #extInfo(offsetOf: (text: string) => number): Uint8Array {
    const part = (list: readonly CodeInfo[], size: number): readonly number[] => {
      if (list.length === 0) return [];
      const names = [...new Set(list.map(({ section }) => section))];
      return [
        size,
        ...names.flatMap((name) => {
          const own = list.filter(({ section }) => section === name);
          const records = own.flatMap(({ offset, words }) => [
            offset,
            ...words.map((word) => (typeof word === "string" ? offsetOf(word) : word)),
          ]);
          return [offsetOf(name), own.length, ...records];
        }),
      ];
    };
    const functions = part(this.#info.functions, 8);
    const lines = part(this.#info.lines, 16);
    const relocations = part(this.#info.relocations, 16);
    const header = [
      32,
      0,
      functions.length * 4,
      functions.length * 4,
      lines.length * 4,
      (functions.length + lines.length) * 4,
      relocations.length * 4,
    ];
    const all = [...header, ...functions, ...lines, ...relocations];
    const bytes = new Uint8Array(4 + all.length * 4);
    const view = new DataView(bytes.buffer);
    const isLittle = this.#byteOrder === "little";
    view.setUint16(0, 0xeb9f, isLittle);
    view.setUint8(2, 1);
    for (const [at, word] of all.entries()) view.setUint32(4 + at * 4, word, isLittle);
    return bytes;
  }
}

export function encodeSlots(slots: readonly Slot[], byteOrder: "little" | "big"): Uint8Array {
  const bytes = new Uint8Array(slots.length * 8);
  const view = new DataView(bytes.buffer);
  const isLittle = byteOrder === "little";
  for (const [at, [opcode, destination, source, offset, immediate]] of slots.entries()) {
    view.setUint8(at * 8, opcode);
    const registers = isLittle ? destination | (source << 4) : (destination << 4) | source;
    view.setUint8(at * 8 + 1, registers);
    view.setInt16(at * 8 + 2, offset, isLittle);
    view.setInt32(at * 8 + 4, immediate, isLittle);
  }
  return bytes;
}

/** The slots of instructions, to compare. */
export function decodeSlots(
  bytes: Uint8Array,
  byteOrder: "little" | "big" = "little",
): readonly Slot[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = byteOrder === "little";
  return Array.from({ length: bytes.length / 8 }, (_, at): Slot => {
    const registers = view.getUint8(at * 8 + 1);
    const [low, high] = [registers & 0xf, registers >> 4];
    return [
      view.getUint8(at * 8),
      isLittle ? low : high,
      isLittle ? high : low,
      view.getInt16(at * 8 + 2, isLittle),
      view.getInt32(at * 8 + 4, isLittle),
    ];
  });
}

function words64(values: readonly bigint[], byteOrder: "little" | "big"): Uint8Array {
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of values.entries())
    view.setBigUint64(at * 8, value, byteOrder === "little");
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
