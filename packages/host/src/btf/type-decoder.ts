import { BtfError } from "./btf-error.js";
import { type BtfIndex } from "./btf-index.js";
import { type BtfMember, type BtfType, type BtfTypeId } from "./types.js";

// BTF_INT_SIGNED, _CHAR, _BOOL (include/uapi/linux/btf.h).
const intFlags = { signed: 1, character: 2, boolean: 4 } as const;

const linkages = ["static", "global", "extern"] as const;

/** Decodes one type. Ids within it are not followed. */
export function decodeType(index: BtfIndex, id: BtfTypeId): BtfType {
  if (id === 0) return { kind: "void" };
  if (index.base !== undefined && id < index.firstId) return decodeType(index.base, id);
  const place = index.place(id);
  const name = index.string(index.word(place));
  const info = index.word(place + 1);
  const third = index.word(place + 2);
  const parts: Parts = {
    index,
    at: place + 3,
    count: info & 0xffff,
    hasKindFlag: info >>> 31 === 1,
  };
  const kind = index.kind(id);
  switch (kind) {
    case "void":
      throw new BtfError(`BTF type ${id} has no kind`);
    case "int":
      return decodeInt(name, third, index.word(parts.at));
    case "ptr":
      return { kind, to: third };
    case "array":
      return {
        kind,
        element: index.word(parts.at),
        index: index.word(parts.at + 1),
        length: index.word(parts.at + 2),
      };
    case "struct":
    case "union":
      return { kind, name, sizeBytes: third, members: decodeMembers(parts) };
    case "enum":
    case "enum64":
      return {
        kind,
        name,
        sizeBytes: third,
        isSigned: parts.hasKindFlag,
        values: kind === "enum" ? decodeValues(parts) : decodeWideValues(parts),
      };
    case "fwd":
      return { kind, name, of: parts.hasKindFlag ? "union" : "struct" };
    case "typedef":
      return { kind, name, to: third };
    case "type_tag":
      return { kind, name, to: third, ...attribute(parts) };
    case "volatile":
    case "const":
    case "restrict":
      return { kind, to: third };
    case "func":
      return { kind, name, prototype: third, linkage: linkages[parts.count] ?? "static" };
    case "func_proto":
      return decodePrototype(parts, third);
    case "var":
      return { kind, name, type: third, linkage: linkages[index.word(parts.at)] ?? "static" };
    case "datasec":
      return { kind, name, sizeBytes: third, variables: decodeVariables(parts) };
    case "float":
      return { kind, name, sizeBytes: third };
    case "decl_tag":
      return {
        kind,
        name,
        type: third,
        componentIndex: index.word(parts.at) | 0,
        ...attribute(parts),
      };
  }
}

/** What follows a type's first three words. */
interface Parts {
  readonly index: BtfIndex;
  readonly at: number;
  readonly count: number;
  readonly hasKindFlag: boolean;
}

function attribute({ hasKindFlag }: Parts): { readonly isAttribute?: true } {
  return hasKindFlag ? { isAttribute: true } : {};
}

function decodeInt(name: string, sizeBytes: number, encoding: number): BtfType {
  const flags = (encoding >>> 24) & 0xf;
  return {
    kind: "int",
    name,
    sizeBytes,
    isSigned: (flags & intFlags.signed) !== 0,
    isCharacter: (flags & intFlags.character) !== 0,
    isBoolean: (flags & intFlags.boolean) !== 0,
    bits: encoding & 0xff,
    bitOffset: (encoding >>> 16) & 0xff,
  };
}

function decodeMembers({ index, at, count, hasKindFlag }: Parts): readonly BtfMember[] {
  return Array.from({ length: count }, (_, part) => {
    const name = index.string(index.word(at + 3 * part));
    const type = index.word(at + 3 * part + 1);
    const offset = index.word(at + 3 * part + 2);
    // With the kind flag: u8 size of the bit-field, u24 offset.
    if (hasKindFlag) {
      return { name, type, bitOffset: offset & 0xff_ffff, bitFieldSize: offset >>> 24 };
    }
    return oldMember(index, { name, type, bitOffset: offset, bitFieldSize: 0 });
  });
}

function oldMember(index: BtfIndex, member: BtfMember): BtfMember {
  return index.kind(member.type) === "int"
    ? asBitField(member, decodeType(index, member.type))
    : member;
}

/** A member whose BTF does not mark bit-fields: one is a member whose integer type has fewer bits than its size. */
export function asBitField(member: BtfMember, type: BtfType): BtfMember {
  if (type.kind !== "int" || type.bits === type.sizeBytes * 8) return member;
  return { ...member, bitOffset: member.bitOffset + type.bitOffset, bitFieldSize: type.bits };
}

function decodeValues({ index, at, count, hasKindFlag }: Parts): EnumValues {
  return Array.from({ length: count }, (_, part) => {
    const value = index.word(at + 2 * part + 1);
    return {
      name: index.string(index.word(at + 2 * part)),
      value: BigInt(hasKindFlag ? value | 0 : value),
    };
  });
}

function decodeWideValues({ index, at, count, hasKindFlag }: Parts): EnumValues {
  return Array.from({ length: count }, (_, part) => {
    const low = BigInt(index.word(at + 3 * part + 1));
    const value = (BigInt(index.word(at + 3 * part + 2)) << 32n) | low;
    return {
      name: index.string(index.word(at + 3 * part)),
      value: hasKindFlag ? BigInt.asIntN(64, value) : value,
    };
  });
}

type EnumValues = readonly { readonly name: string; readonly value: bigint }[];

function decodePrototype({ index, at, count }: Parts, returns: BtfTypeId): BtfType {
  const parameters = Array.from({ length: count }, (_, part) => ({
    name: index.string(index.word(at + 2 * part)),
    type: index.word(at + 2 * part + 1),
  }));
  // A last parameter without name and type stands for "...".
  const last = parameters.at(-1);
  const isVariadic = last?.type === 0 && last.name === "";
  return {
    kind: "func_proto",
    returns,
    parameters: isVariadic ? parameters.slice(0, -1) : parameters,
    isVariadic,
  };
}

function decodeVariables({ index, at, count }: Parts): readonly {
  readonly type: BtfTypeId;
  readonly offset: number;
  readonly sizeBytes: number;
}[] {
  return Array.from({ length: count }, (_, part) => ({
    type: index.word(at + 3 * part),
    offset: index.word(at + 3 * part + 1),
    sizeBytes: index.word(at + 3 * part + 2),
  }));
}
