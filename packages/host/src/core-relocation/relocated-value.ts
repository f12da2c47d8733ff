import { type BtfMember, type BtfType, type BtfTypeId } from "../btf/types.js";
import { type Access, isEnumeration, memberOf } from "./access.js";
import { CoreRelocationError } from "./core-relocation-error.js";
import { type RelocationKind, subjectOf } from "./relocation-kinds.js";

/** What an instruction should hold for an access. */
export interface RelocatedValue {
  readonly value: bigint;
  /** Of an offset that is no bit-field's: what a load or store there moves. */
  readonly memory?: Memory;
  /** False where the compiler may have written another value than we would, for the same access. */
  readonly isCertain: boolean;
}

export interface Memory {
  readonly sizeBytes: number;
  readonly type: BtfType;
}

/** A byte offset and a size that a load can have, around a field. */
interface Placement {
  readonly byteOffset: number;
  readonly sizeBytes: number;
  readonly bitOffset: number;
  readonly bitSize: number;
  readonly isBitField: boolean;
}

/**
 * The value of a relocation for an access of the object's or of the target's; undefined: the target has nothing that it
 * could be, and the instruction must not be reached. Throws CoreRelocationError, BtfError.
 */
export function valueOf(
  kind: RelocationKind,
  access: Access | undefined,
  byteOrder: "little" | "big",
): RelocatedValue | undefined {
  switch (subjectOf(kind)) {
    case "field":
      return fieldValue(kind, access, byteOrder);
    case "type":
      return { value: typeValue(kind, access), isCertain: kind !== "targetTypeId" };
    case "enumerator":
      if (kind === "enumeratorExists") {
        return { value: access === undefined ? 0n : 1n, isCertain: true };
      }
      return access && { value: enumeratorValue(access), isCertain: true };
  }
}

function fieldValue(
  kind: RelocationKind,
  access: Access | undefined,
  byteOrder: "little" | "big",
): RelocatedValue | undefined {
  if (kind === "fieldExists") return { value: access === undefined ? 0n : 1n, isCertain: true };
  if (access === undefined) return undefined;
  const step = access.steps.at(-1);
  const member = step?.name === undefined ? undefined : memberOf(access.types, step);
  if (member === undefined) return elementValue(kind, access);
  const { types } = access;
  const fieldType = types.resolve(member.type);
  const place = placeField(access, member, fieldType);
  const { byteOffset, sizeBytes, bitOffset, bitSize, isBitField } = place;
  const isCertain = !isBitField;
  switch (kind) {
    case "fieldOffset": {
      const value = BigInt(byteOffset);
      if (isBitField) return { value, isCertain };
      return { value, isCertain, memory: memoryOf(access, fieldType) };
    }
    case "fieldSize":
      return { value: BigInt(sizeBytes), isCertain };
    case "fieldIsSigned":
      return { value: isSigned(types.type(fieldType)) ? 1n : 0n, isCertain: true };
    case "fieldLeftShift": {
      const withinBits = bitOffset - byteOffset * 8;
      const shift =
        byteOrder === "little" ? 64 - (withinBits + bitSize) : (8 - sizeBytes) * 8 + withinBits;
      return { value: BigInt.asUintN(64, BigInt(shift)), isCertain };
    }
    case "fieldRightShift":
      return { value: BigInt.asUintN(64, BigInt(64 - bitSize)), isCertain: true };
    default:
      throw new CoreRelocationError(`a ${kind} of a field`);
  }
}

/** Of an element of an array only where it is and how large. */
function elementValue(kind: RelocationKind, access: Access): RelocatedValue {
  const { types, bitOffset } = access;
  const type = access.steps.at(-1)?.type ?? access.root;
  switch (kind) {
    case "fieldOffset": {
      const memory = { sizeBytes: types.sizeOf(type), type: types.type(types.resolve(type)) };
      return { value: BigInt(Math.floor(bitOffset / 8)), memory, isCertain: true };
    }
    case "fieldSize":
      return { value: BigInt(types.sizeOf(type)), isCertain: true };
    default:
      throw new CoreRelocationError("an element of an array has a place and a size alone");
  }
}

function placeField({ types, bitOffset }: Access, member: BtfMember, type: BtfTypeId): Placement {
  let sizeBytes = types.sizeOf(type);
  if (member.bitFieldSize === 0) {
    const byteOffset = Math.floor(bitOffset / 8);
    return { byteOffset, sizeBytes, bitOffset, bitSize: sizeBytes * 8, isBitField: false };
  }
  const bitSize = member.bitFieldSize;
  // The smallest aligned integer, of the field's own type at least, that has all of its bits.
  const aligned = (): number => Math.floor(Math.floor(bitOffset / 8) / sizeBytes) * sizeBytes;
  if (sizeBytes === 0) throw new CoreRelocationError("a bit-field of no size");
  while (bitOffset + bitSize - aligned() * 8 > sizeBytes * 8) {
    if (sizeBytes >= 8) throw new CoreRelocationError("no load of 64 bits has all of a bit-field");
    sizeBytes *= 2;
  }
  return { byteOffset: aligned(), sizeBytes, bitOffset, bitSize, isBitField: true };
}

/** What is loaded from a field: of an array one element. */
function memoryOf({ types }: Access, field: BtfTypeId): Memory {
  let element = field;
  let type = types.type(field);
  // Its size is known, so that its arrays end.
  while (type.kind === "array") {
    element = types.resolve(type.element);
    type = types.type(element);
  }
  return { sizeBytes: types.sizeOf(element), type };
}

function isSigned(type: BtfType): boolean {
  return (isEnumeration(type) || type.kind === "int") && type.isSigned;
}

/** 0 when the target has no such type. */
function typeValue(kind: RelocationKind, access: Access | undefined): bigint {
  if (access === undefined) return 0n;
  switch (kind) {
    case "targetTypeId":
    case "localTypeId":
      return BigInt(access.root);
    case "typeSize":
      return BigInt(access.types.sizeOf(access.root));
    default:
      return 1n;
  }
}

function enumeratorValue({ types, steps }: Access): bigint {
  const step = steps[0];
  const type = step === undefined ? undefined : types.type(step.type);
  const value =
    type !== undefined && isEnumeration(type) ? type.values[step?.index ?? -1] : undefined;
  if (type === undefined || value === undefined)
    throw new CoreRelocationError("no such enumerator");
  // Values of 32 bits are sign-extended, whatever their sign.
  return BigInt.asUintN(64, type.kind === "enum" ? BigInt.asIntN(32, value.value) : value.value);
}
