import { type BtfKind, btfKinds } from "../../src/btf/types.js";

/** Makes BTF blobs for tests. Types are numbered from 1 in the order in which they are added. */
export class BtfBuilder {
  readonly #words: number[] = [];
  readonly #strings: number[] = [0];
  #count = 0;

  /** Adds a type: struct btf_type, then the words that its kind has behind it. */
  add(
    kind: BtfKind,
    type: {
      readonly name?: string;
      /** vlen. */
      readonly parts?: number;
      readonly hasKindFlag?: boolean;
      /** size or type. */
      readonly third?: number;
      readonly rest?: readonly number[];
    },
  ): number {
    const info =
      ((type.hasKindFlag === true ? 0x8000_0000 : 0) |
        (btfKinds.indexOf(kind) << 24) |
        (type.parts ?? 0)) >>>
      0;
    this.#words.push(this.string(type.name ?? ""), info, type.third ?? 0, ...(type.rest ?? []));
    return ++this.#count;
  }

  /** A string's offset. */
  string(text: string): number {
    if (text === "") return 0;
    const offset = this.#strings.length;
    this.#strings.push(...new TextEncoder().encode(text), 0);
    return offset;
  }

  int(name: string, sizeBytes: number, encoding = 0): number {
    return this.add("int", { name, third: sizeBytes, rest: [(encoding << 24) | (sizeBytes * 8)] });
  }

  pointer(to: number): number {
    return this.add("ptr", { third: to });
  }

  modifier(
    kind: "const" | "volatile" | "restrict" | "typedef" | "type_tag",
    to: number,
    name = "",
  ): number {
    return this.add(kind, { name, third: to });
  }

  array(element: number, length: number): number {
    return this.add("array", { rest: [element, 0, length] });
  }

  struct(
    name: string,
    sizeBytes: number,
    members: readonly { name: string; type: number; bitOffset: number; bitFieldSize?: number }[],
    kind: "struct" | "union" = "struct",
  ): number {
    const hasKindFlag = members.some(({ bitFieldSize }) => bitFieldSize !== undefined);
    return this.add(kind, {
      name,
      parts: members.length,
      hasKindFlag,
      third: sizeBytes,
      rest: members.flatMap((member) => [
        this.string(member.name),
        member.type,
        ((member.bitFieldSize ?? 0) << 24) | member.bitOffset,
      ]),
    });
  }

  prototype(returns: number, parameters: readonly { name: string; type: number }[]): number {
    return this.add("func_proto", {
      parts: parameters.length,
      third: returns,
      rest: parameters.flatMap(({ name, type }) => [this.string(name), type]),
    });
  }

  build(byteOrder: "little" | "big" = "little"): Uint8Array {
    const little = byteOrder === "little";
    const typesSize = 4 * this.#words.length;
    const bytes = new Uint8Array(24 + typesSize + this.#strings.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, 0xeb9f, little);
    view.setUint8(2, 1);
    for (const [at, word] of [24, 0, typesSize, typesSize, this.#strings.length].entries()) {
      view.setUint32(4 + 4 * at, word, little);
    }
    for (const [at, word] of this.#words.entries()) view.setUint32(24 + 4 * at, word >>> 0, little);
    bytes.set(this.#strings, 24 + typesSize);
    return bytes;
  }
}
