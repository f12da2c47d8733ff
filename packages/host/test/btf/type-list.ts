import { type Btf, openBtf } from "../../src/btf/btf.js";
import { encodeBtf } from "../../src/btf/encode-btf.js";
import { type BtfMember, type BtfType, type BtfTypeId } from "../../src/btf/types.js";

/** Types for tests, one after the other; each call gives the new type's id. */
export class TypeList {
  readonly types: BtfType[] = [];

  add(type: BtfType): BtfTypeId {
    return this.types.push(type);
  }

  int(name: string, sizeBytes: number, isSigned = false): BtfTypeId {
    return this.add({
      kind: "int",
      name,
      sizeBytes,
      isSigned,
      isCharacter: false,
      isBoolean: name === "_Bool",
      bits: sizeBytes * 8,
      bitOffset: 0,
    });
  }

  pointer(to: BtfTypeId): BtfTypeId {
    return this.add({ kind: "ptr", to });
  }

  array(element: BtfTypeId, length: number): BtfTypeId {
    return this.add({ kind: "array", element, index: element, length });
  }

  typedef(name: string, to: BtfTypeId): BtfTypeId {
    return this.add({ kind: "typedef", name, to });
  }

  /** Members are [name, type, bit offset, size of a bit-field]. */
  struct(
    name: string,
    sizeBytes: number,
    members: readonly (readonly [string, BtfTypeId, number, number?])[],
    kind: "struct" | "union" = "struct",
  ): BtfTypeId {
    const list = members.map(([one, type, bitOffset, bitFieldSize = 0]): BtfMember => ({
      name: one,
      type,
      bitOffset,
      bitFieldSize,
    }));
    return this.add({ kind, name, sizeBytes, members: list });
  }

  enumeration(
    name: string,
    values: Readonly<Record<string, bigint>>,
    kind: "enum" | "enum64" = "enum",
  ): BtfTypeId {
    return this.add({
      kind,
      name,
      sizeBytes: kind === "enum" ? 4 : 8,
      isSigned: Object.values(values).some((value) => value < 0n),
      values: Object.entries(values).map(([one, value]) => ({ name: one, value })),
    });
  }

  open(byteOrder: "little" | "big" = "little"): Btf {
    return openBtf(encodeBtf(this.types, byteOrder));
  }
}
