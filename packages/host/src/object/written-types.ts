import { encodeBtf } from "../btf/encode-btf.js";
import { type BtfType, type BtfTypeId } from "../btf/types.js";
import { mapTypes, type MapSpec } from "../spec/map-spec.js";

/** A function of an object that is being written. */
export interface WrittenFunction {
  readonly name: string;
  readonly section: string;
  /** In bytes. */
  readonly offset: number;
  readonly isStatic: boolean;
}

const integer: BtfType = {
  ...{ kind: "int", name: "int", sizeBytes: 4, isSigned: true },
  ...{ isCharacter: false, isBoolean: false, bits: 32, bitOffset: 0 },
};

/** The types of an object's maps and functions, as SEC(".maps") wants them (tools/lib/bpf/bpf_helpers.h). */
export class WrittenTypes {
  /** int, and a pointer to anything. */
  readonly #types: BtfType[] = [integer, { kind: "ptr", to: 0 }];
  readonly #numbers = new Map<number, BtfTypeId>();

  /** `names`: how the maps' variables are called. Gives how large each definition is. */
  addMaps(maps: readonly MapSpec[], names: readonly string[]): number {
    const variables = maps.map((map, index) => {
      const fields: readonly (readonly [string, number])[] = [
        ["type", mapTypes[map.type]],
        ["key_size", map.keySizeBytes],
        ["value_size", map.valueSizeBytes],
        ["max_entries", map.maxEntries],
        ["map_flags", map.flags],
      ];
      const members = fields.map(([name, value], at) => {
        return { name, type: this.#number(value), bitOffset: 64 * at, bitFieldSize: 0 };
      });
      const struct = this.#types.push({ kind: "struct", name: "", sizeBytes: 40, members });
      const variable = { kind: "var", name: names[index] ?? "", type: struct } as const;
      const type = this.#types.push({ ...variable, linkage: "global" });
      return { type, offset: 40 * index, sizeBytes: 40 };
    });
    if (maps.length > 0) {
      const sizeBytes = 40 * maps.length;
      this.#types.push({ kind: "datasec", name: ".maps", sizeBytes, variables });
    }
    return 40;
  }

  /** Both .BTF and .BTF.ext, which says where functions begin. */
  encode(
    functions: readonly WrittenFunction[],
    byteOrder: "little" | "big",
  ): { readonly types: Uint8Array; readonly info: Uint8Array } {
    const parameters = [{ name: "ctx", type: 2 }];
    const proto = { kind: "func_proto", returns: 1, parameters, isVariadic: false } as const;
    const prototype = this.#types.push(proto);
    const ids = functions.map(({ name, isStatic }) => {
      const linkage = isStatic ? "static" : "global";
      return this.#types.push({ kind: "func", name, prototype, linkage });
    });
    const sections = [...new Set(functions.map(({ section }) => section))];
    const strings = new TextEncoder().encode(["", ...sections, ""].join("\0"));
    const words: number[] = [8];
    let nameAt = 1;
    for (const section of sections) {
      const records = functions.flatMap((one, index) =>
        one.section === section ? [[one.offset, ids[index] ?? 0] as const] : [],
      );
      words.push(nameAt, records.length, ...records.flat());
      nameAt += new TextEncoder().encode(section).length + 1;
    }
    return {
      types: encodeBtf(this.#types, byteOrder, strings),
      info: encodeInfo(functions.length === 0 ? [] : words, byteOrder),
    };
  }

  /** A pointer to an array of so many. */
  #number(value: number): BtfTypeId {
    const known = this.#numbers.get(value);
    if (known !== undefined) return known;
    const array = this.#types.push({ kind: "array", element: 1, index: 1, length: value });
    const pointer = this.#types.push({ kind: "ptr", to: array });
    this.#numbers.set(value, pointer);
    return pointer;
  }
}

/** struct btf_ext_header (tools/lib/bpf/libbpf_internal.h) with functions alone. */
function encodeInfo(words: readonly number[], byteOrder: "little" | "big"): Uint8Array {
  const isLittle = byteOrder === "little";
  const view = new DataView(new ArrayBuffer(24 + 4 * words.length));
  view.setUint16(0, 0xeb9f, isLittle);
  view.setUint8(2, 1);
  view.setUint32(4, 24, isLittle);
  view.setUint32(12, 4 * words.length, isLittle);
  view.setUint32(16, 4 * words.length, isLittle);
  for (const [index, word] of words.entries()) view.setUint32(24 + 4 * index, word, isLittle);
  return new Uint8Array(view.buffer);
}
