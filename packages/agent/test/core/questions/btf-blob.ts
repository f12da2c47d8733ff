import { decodeCString } from "../../../src/kernel/text.js";

/** BTF_KIND_* (include/uapi/linux/btf.h) by number. */
const kinds = [
  "void",
  "int",
  "ptr",
  "array",
  "struct",
  "union",
  "enum",
  "fwd",
  "typedef",
  "volatile",
  "const",
  "restrict",
  "func",
  "func_proto",
  "var",
  "datasec",
  "float",
  "decl_tag",
  "type_tag",
  "enum64",
];

/** Parts of some kinds: how many words each has, which of them is a name and which a type. */
const parts: Readonly<Record<string, { readonly words: number; readonly type?: number }>> = {
  struct: { words: 3, type: 1 },
  union: { words: 3, type: 1 },
  enum: { words: 2 },
  func_proto: { words: 2, type: 1 },
};

type Part = readonly [name: string, ...words: number[]];

/** Makes BTF. Types are numbered from 1 in the order in which they are added. */
export class BtfBlob {
  readonly #words: number[] = [];
  #strings = "\0";
  #count = 0;

  add(
    kind: string,
    name: string,
    third: number,
    more: {
      readonly rest?: readonly number[];
      readonly parts?: readonly Part[];
      readonly hasKindFlag?: boolean;
    } = {},
  ): number {
    const partWords = (more.parts ?? []).flatMap(([part, ...words]) => [
      this.#string(part),
      ...words,
    ]);
    const flag = more.hasKindFlag === true ? 0x8000_0000 : 0;
    const info = (flag | (kinds.indexOf(kind) << 24) | (more.parts?.length ?? 0)) >>> 0;
    this.#words.push(this.#string(name), info, third, ...(more.rest ?? []), ...partWords);
    return ++this.#count;
  }

  build(isLittleEndian = true): Uint8Array {
    const typesSize = this.#words.length * 4;
    const bytes = new Uint8Array(24 + typesSize + this.#strings.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, 0xeb9f, isLittleEndian);
    view.setUint8(2, 1);
    const header = [24, 0, typesSize, typesSize, this.#strings.length];
    for (const [at, word] of [...header, ...this.#words].entries()) {
      view.setUint32(4 + at * 4, word, isLittleEndian);
    }
    for (let at = 0; at < this.#strings.length; at++) {
      bytes[24 + typesSize + at] = this.#strings.charCodeAt(at);
    }
    return bytes;
  }

  #string(text: string): number {
    if (text === "") return 0;
    const offset = this.#strings.length;
    this.#strings += `${text}\0`;
    return offset;
  }
}

/** Writes the types of a blob, one a line: "struct task_struct 40: comm@0 of 3, …". */
export function listTypes(bytes: Uint8Array, isLittleEndian = true): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const word = (at: number): number => view.getUint32(at, isLittleEndian);
  const [typesSize = 0, stringsAt = 0, stringsSize = 0] = [12, 16, 20].map(word);
  const text = (offset: number): string => decodeCString(bytes.subarray(24 + stringsAt + offset));
  if (24 + stringsAt + stringsSize !== bytes.length) throw new RangeError("not all is used");
  const lines: string[] = [];
  for (let at = 24; at < 24 + typesSize;) {
    const info = word(at + 4);
    const kind = kinds[(info >>> 24) & 0x1f] ?? "?";
    const head = [kind, text(word(at)), word(at + 8)].filter((one) => one !== "").join(" ");
    const count = info & 0xffff;
    const shape = parts[kind];
    at += 12;
    const listed: string[] = [];
    for (let part = 0; shape !== undefined && part < count; part++, at += shape.words * 4) {
      const type = shape.type === undefined ? "" : ` of ${word(at + shape.type * 4)}`;
      const place = shape.words === 3 ? `@${word(at + 8)}` : "";
      listed.push(`${text(word(at))}${place}${type}`);
    }
    if (kind === "array") {
      listed.push(`${word(at + 8)} of ${word(at)}`);
      at += 12;
    }
    if (kind === "int" || kind === "var" || kind === "decl_tag") at += 4;
    lines.push(listed.length === 0 ? head : `${head}: ${listed.join(", ")}`);
  }
  return lines;
}
