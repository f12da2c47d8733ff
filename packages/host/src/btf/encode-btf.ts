import { BtfStrings } from "./btf-strings.js";
import { btfKinds, type BtfLinkage, type BtfType } from "./types.js";

// struct btf_header, struct btf_type and what follows each kind: include/uapi/linux/btf.h.
const headerSizeBytes = 24;
const magic = 0xeb9f;
const version = 1;

const linkages: Readonly<Record<BtfLinkage, number>> = { static: 0, global: 1, extern: 2 };

/**
 * Writes types as BTF; the first one gets id 1. Ids within them are taken as they are. `keptStrings`: a string section whose
 * offsets are to hold in what is written, because others refer to them.
 */
export function encodeBtf(
  types: readonly BtfType[],
  byteOrder: "little" | "big",
  keptStrings?: Uint8Array,
): Uint8Array {
  const strings = new BtfStrings(keptStrings);
  const words: number[] = [];
  for (const type of types) encodeType(words, strings, type);
  return encodeSections(words, strings.bytes(), byteOrder);
}

function encodeSections(
  words: readonly number[],
  strings: Uint8Array,
  byteOrder: "little" | "big",
): Uint8Array {
  const typesSize = words.length * 4;
  const bytes = new Uint8Array(headerSizeBytes + typesSize + strings.length);
  const view = new DataView(bytes.buffer);
  const isLittle = byteOrder === "little";
  view.setUint16(0, magic, isLittle);
  view.setUint8(2, version);
  view.setUint32(4, headerSizeBytes, isLittle);
  view.setUint32(12, typesSize, isLittle);
  view.setUint32(16, typesSize, isLittle);
  view.setUint32(20, strings.length, isLittle);
  for (const [at, word] of words.entries())
    view.setUint32(headerSizeBytes + at * 4, word, isLittle);
  bytes.set(strings, headerSizeBytes + typesSize);
  return bytes;
}

function encodeType(words: number[], strings: BtfStrings, type: BtfType): void {
  const begin = (third: number, parts = 0, hasKindFlag = false): void => {
    const name = "name" in type ? type.name : "";
    const flag = hasKindFlag ? 1 << 31 : 0;
    const info = flag | (btfKinds.indexOf(type.kind) << 24) | parts;
    words.push(strings.offset(name), info >>> 0, third);
  };
  switch (type.kind) {
    case "void":
      return;
    case "int":
      begin(type.sizeBytes);
      words.push((intFlags(type) << 24) | (type.bitOffset << 16) | type.bits);
      return;
    case "ptr":
    case "typedef":
    case "const":
    case "volatile":
    case "restrict":
      begin(type.to);
      return;
    case "type_tag":
      begin(type.to, 0, type.isAttribute);
      return;
    case "array":
      begin(0);
      words.push(type.element, type.index, type.length);
      return;
    case "struct":
    case "union": {
      const hasBitFields = type.members.some(({ bitFieldSize }) => bitFieldSize > 0);
      begin(type.sizeBytes, type.members.length, hasBitFields);
      for (const { name, type: id, bitOffset, bitFieldSize } of type.members) {
        words.push(strings.offset(name), id, ((bitFieldSize << 24) | bitOffset) >>> 0);
      }
      return;
    }
    case "enum":
      begin(type.sizeBytes, type.values.length, type.isSigned);
      for (const { name, value } of type.values) words.push(strings.offset(name), low(value));
      return;
    case "enum64":
      begin(type.sizeBytes, type.values.length, type.isSigned);
      for (const { name, value } of type.values) {
        words.push(strings.offset(name), low(value), low(value >> 32n));
      }
      return;
    case "fwd":
      begin(0, 0, type.of === "union");
      return;
    case "func":
      begin(type.prototype, linkages[type.linkage]);
      return;
    case "func_proto":
      begin(type.returns, type.parameters.length + (type.isVariadic ? 1 : 0));
      for (const { name, type: id } of type.parameters) words.push(strings.offset(name), id);
      if (type.isVariadic) words.push(0, 0);
      return;
    case "var":
      begin(type.type);
      words.push(linkages[type.linkage]);
      return;
    case "datasec":
      begin(type.sizeBytes, type.variables.length);
      for (const { type: id, offset, sizeBytes } of type.variables) {
        words.push(id, offset, sizeBytes);
      }
      return;
    case "float":
      begin(type.sizeBytes);
      return;
    case "decl_tag":
      begin(type.type, 0, type.isAttribute);
      words.push(type.componentIndex >>> 0);
      return;
  }
}

function intFlags(type: Extract<BtfType, { readonly kind: "int" }>): number {
  return (type.isSigned ? 1 : 0) | (type.isCharacter ? 2 : 0) | (type.isBoolean ? 4 : 0);
}

function low(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}
