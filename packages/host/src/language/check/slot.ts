import { type CheckedExpression } from "./checked-program.js";
import {
  isSameType,
  uint64,
  type IntegerType,
  type PointerType,
  type StringType,
  type TupleType,
  type Type,
} from "./type.js";

/** The type of a place that several values may go into: a key, a map's value, a variable. */
export interface Slot {
  readonly type: Type;
  /** So far only constants from 0 to this went in: any integer type that holds them will do. */
  readonly constantsUpTo?: bigint;
  /** The address of a variable, which is learnt about, too: what was known before does not count. */
  readonly isAddress?: true;
  /** What goes in is this number, as the program has it written. */
  readonly constant?: bigint;
}

/** What a value asks of the place that it goes into. */
export function slotOf(expression: CheckedExpression): Slot {
  const { type } = expression;
  const { kind } = expression;
  if (kind === "variableAddress" || kind === "mapAddress") return { type, isAddress: true };
  if (expression.kind !== "constant" || type.kind !== "integer") return { type };
  const { value: constant } = expression;
  if (expression.isLiteral !== true) return { type };
  return constant >= 0n ? { type, constantsUpTo: constant, constant } : { type, constant };
}

function named(type: IntegerType, enumeration: IntegerType["enumeration"]): IntegerType {
  const { kind, sizeBytes, isSigned } = type;
  const bare = { kind, sizeBytes, isSigned };
  return enumeration === undefined ? bare : { ...bare, enumeration };
}

/** A place that holds what either holds; `undefined` when there is none. */
export function mergeSlots(left: Slot, right: Slot): Slot | undefined {
  const [first, second] = [left.type, right.type];
  if (first.kind === "boolean" || second.kind === "boolean") {
    return first.kind === second.kind ? left : undefined;
  }
  if (first.kind === "integer" && second.kind === "integer") return mergeNumbers(left, right);
  if (first.kind === "pointer" && second.kind === "pointer") {
    if (right.isAddress === true) return right;
    return { type: mergePointers(first, second) };
  }
  if (first.kind === "pointer" && second.kind === "integer") return mergePointer(left, right);
  if (first.kind === "integer" && second.kind === "pointer") return mergePointer(right, left);
  if (first.kind === "string" && second.kind === "string") {
    return { type: mergeStrings(first, second) };
  }
  if (first.kind === "tuple" && second.kind === "tuple") {
    return mergeTuples(first, second);
  }
  const isValue = ![first.kind, second.kind].some(
    (kind) => kind === "none" || kind === "aggregation",
  );
  return isValue && isSameType(first, second) ? left : undefined;
}

/** The longer one; what fills it was cut when either says so. */
export function mergeStrings(left: StringType, right: StringType): StringType {
  if (left.capacityBytes !== right.capacityBytes) {
    return left.capacityBytes > right.capacityBytes ? left : right;
  }
  return left.showsCut === true ? left : right;
}

/** Names of numbers stay when all that goes in has the same. */
function mergeNumbers(left: Slot, right: Slot): Slot {
  const merged = mergeIntegers(left, right);
  if (merged.type.kind !== "integer") return merged;
  const [first, second] = [integerOf(left.type).enumeration, integerOf(right.type).enumeration];
  const common = first?.id === second?.id ? first : undefined;
  return { ...merged, type: named(merged.type, common) };
}

function mergeIntegers(left: Slot, right: Slot): Slot {
  const [first, second] = [integerOf(left.type), integerOf(right.type)];
  const [leftMaximum, rightMaximum] = [left.constantsUpTo, right.constantsUpTo];
  if (leftMaximum !== undefined && rightMaximum !== undefined) {
    return leftMaximum > rightMaximum ? left : right;
  }
  if (leftMaximum !== undefined && holds(second, leftMaximum)) return { type: second };
  if (rightMaximum !== undefined && holds(first, rightMaximum)) return { type: first };
  return { type: promote(first, second) };
}

function holds(type: IntegerType, constant: bigint): boolean {
  const bits = BigInt(type.sizeBytes * 8) - (type.isSigned ? 1n : 0n);
  return constant < 1n << bits;
}

/** The larger one of two types of one sign; else a signed one that holds what either does, as far as there is one. */
function promote(first: IntegerType, second: IntegerType): IntegerType {
  if (first.isSigned === second.isSigned) {
    const { sizeBytes, isSigned } = first.sizeBytes < second.sizeBytes ? second : first;
    return { kind: "integer", sizeBytes, isSigned };
  }
  const [signed, unsigned] = first.isSigned ? [first, second] : [second, first];
  const needed = Math.min(8, Math.max(signed.sizeBytes, unsigned.sizeBytes * 2));
  const sizeBytes = needed === 2 ? 2 : needed === 4 ? 4 : 8;
  return { kind: "integer", sizeBytes, isSigned: true };
}

function integerOf(type: Type): IntegerType {
  return type.kind === "integer" ? type : { kind: "integer", sizeBytes: 1, isSigned: false };
}

/** A constant (0) may stand where a pointer is; any other number makes numbers of both. */
function mergePointer(pointer: Slot, integer: Slot): Slot {
  return integer.constantsUpTo === undefined ? { type: uint64 } : { type: pointer.type };
}

function mergePointers(left: PointerType, right: PointerType): PointerType {
  const isSameTarget =
    left.target !== undefined &&
    right.target !== undefined &&
    isSameType(left.target, right.target);
  return { kind: "pointer", space: left.space, target: isSameTarget ? left.target : undefined };
}

/** Element by element; records field by field, in the first one's order. */
function mergeTuples(left: TupleType, right: TupleType): Slot | undefined {
  const { names } = left;
  if (left.elements.length !== right.elements.length) return undefined;
  if ((names === undefined) !== (right.names === undefined)) return undefined;
  const elements: Type[] = [];
  for (const [index, type] of left.elements.entries()) {
    const name = names?.[index];
    const place = name === undefined ? index : (right.names ?? []).indexOf(name);
    const other = right.elements[place];
    const merged = other === undefined ? undefined : mergeSlots({ type }, { type: other });
    if (merged === undefined) return undefined;
    elements.push(merged.type);
  }
  return { type: { kind: "tuple", elements, ...(names === undefined ? {} : { names }) } };
}
