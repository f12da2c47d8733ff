import { type TypeReader } from "./type-reader.js";
import { type BtfMember, type BtfTypeId } from "./types.js";

/**
 * A type as a compiler sees it: modifiers and typedefs are taken away, structures are named and measured, what they are made of
 * is asked one by one. So a type is small however much hangs on it, and can be kept and replayed.
 */
export type TypeDescription =
  | { readonly kind: "void" }
  | {
      readonly kind: "integer";
      /** 1, 2, 4, 8 or 16. */
      readonly sizeBytes: number;
      readonly isSigned: boolean;
      /** C's char: an array of them is a string. */
      readonly isCharacter: boolean;
    }
  | { readonly kind: "boolean" }
  | { readonly kind: "pointer"; readonly target: TypeDescription }
  | {
      readonly kind: "array";
      readonly element: TypeDescription;
      readonly length: number;
      /** By the user's program itself. */
      readonly isDeclared?: true;
    }
  | {
      readonly kind: "enumeration";
      /** "" for one without a name. */
      readonly name: string;
      readonly sizeBytes: number;
      readonly isSigned: boolean;
      /** Of one that is only pointed to there may be none. */
      readonly values: readonly EnumerationValue[];
    }
  | StructureDescription
  /** What the compiler cannot read: functions, floating point numbers. */
  | { readonly kind: "opaque"; readonly name: string };

export interface StructureDescription {
  readonly kind: "structure";
  readonly tag: "struct" | "union";
  /** "" for one without a name. */
  readonly name: string;
  /** By which its members are asked for. */
  readonly id: string;
  /** 0 when it is not known: it is declared only, or was not asked for. */
  readonly sizeBytes: number;
}

export interface EnumerationValue {
  readonly name: string;
  readonly value: bigint;
}

/** A member of a struct or union; also those of its members without a name, counted from the outermost. */
export interface MemberDescription {
  readonly name: string;
  readonly type: TypeDescription;
  readonly bitOffset: number;
  /** 0: not a bit-field. */
  readonly bitFieldSize: number;
}

/** More pointers and arrays within each other than any type that a person wrote has. */
const deepestNesting = 16;

/** Describes a type. Throws BtfError for one that has no end. */
export function describeBtfType(types: TypeReader, id: BtfTypeId): TypeDescription {
  return describe(types, id, { isPointedTo: false, depth: 0 });
}

function describe(
  types: TypeReader,
  id: BtfTypeId,
  { isPointedTo, depth }: { readonly isPointedTo: boolean; readonly depth: number },
): TypeDescription {
  const resolved = types.resolve(id);
  const type = types.outline(resolved);
  if (depth > deepestNesting) return { kind: "void" };
  switch (type.kind) {
    case "void":
      return { kind: "void" };
    case "int": {
      const { sizeBytes, isSigned, isBoolean, name } = type;
      if (isBoolean) return { kind: "boolean" };
      return { kind: "integer", sizeBytes, isSigned, isCharacter: isCharacterName(name) };
    }
    case "ptr":
      return {
        kind: "pointer",
        target: describe(types, type.to, { isPointedTo: true, depth: depth + 1 }),
      };
    case "array":
      return {
        kind: "array",
        element: describe(types, type.element, { isPointedTo, depth: depth + 1 }),
        length: type.length,
      };
    case "struct":
    case "union":
      return {
        kind: "structure",
        tag: type.kind,
        name: type.name,
        id: `#${resolved}`,
        sizeBytes: type.sizeBytes,
      };
    case "fwd":
      return { kind: "structure", tag: type.of, name: type.name, id: "", sizeBytes: 0 };
    case "enum":
    case "enum64": {
      const whole = isPointedTo ? type : types.type(resolved);
      const values = "values" in whole ? whole.values : [];
      const { name, sizeBytes, isSigned } = type;
      return { kind: "enumeration", name, sizeBytes, isSigned, values };
    }
    default:
      return { kind: "opaque", name: types.formatTypeName(id) };
  }
}

function isCharacterName(name: string): boolean {
  return name === "char" || name === "signed char";
}

/**
 * The first type that a name of C's means: "struct file", "enum pid_type", "pid_t"; or the one with an id, "#12". A structure that
 * is asked for by its name is not measured, since its size is seldom wanted: that is asked for by its id.
 */
export function describeNamedBtfType(types: TypeReader, name: string): TypeDescription | undefined {
  if (name.startsWith("#")) return describeBtfType(types, structureId(name));
  const [, tag, bare = ""] = /^(struct|union|enum) (\w+)$/.exec(name) ?? [];
  if (tag === "struct" || tag === "union") {
    const found = types.find(bare, tag);
    return found === undefined
      ? undefined
      : { kind: "structure", tag, name: bare, id: `#${found}`, sizeBytes: 0 };
  }
  const kinds = tag === "enum" ? (["enum", "enum64"] as const) : (["typedef", "int"] as const);
  const wanted = tag === "enum" ? bare : name;
  types.expect(kinds.map((kind) => ({ kind: "find", type: { kind, name: wanted } })));
  const id = types.find(wanted, kinds[0]) ?? types.find(wanted, kinds[1]);
  return id === undefined ? undefined : describeBtfType(types, id);
}

/** A member by its name, also within members without one. */
export function describeBtfMember(
  types: TypeReader,
  structure: string,
  name: string,
): MemberDescription | undefined {
  const member = types.findMember(structureId(structure), name);
  return member === undefined ? undefined : describeMember(types, member);
}

/** Names of a structure's members, those of members without a name among them. */
export function btfMemberNames(types: TypeReader, structure: string): readonly string[] {
  return namesOf(types, structureId(structure), 0);
}

function namesOf(types: TypeReader, id: BtfTypeId, depth: number): readonly string[] {
  const type = types.type(types.resolve(id));
  if (type.kind !== "struct" && type.kind !== "union") return [];
  return type.members.flatMap(({ name, type: inner }) => {
    if (name !== "") return [name];
    return depth < deepestNesting ? namesOf(types, inner, depth + 1) : [];
  });
}

/** All members in the order of their declaration; those without a name have the name "". */
export function describeBtfMembers(
  types: TypeReader,
  structure: string,
): readonly MemberDescription[] {
  const type = types.type(structureId(structure));
  if (type.kind !== "struct" && type.kind !== "union") return [];
  return type.members.map((member) => describeMember(types, member));
}

function describeMember(types: TypeReader, member: BtfMember): MemberDescription {
  const { name, bitOffset, bitFieldSize } = member;
  return { name, type: describeBtfType(types, member.type), bitOffset, bitFieldSize };
}

/** The id in a description's `id`. */
function structureId(id: string): BtfTypeId {
  return Number(id.slice(1));
}
