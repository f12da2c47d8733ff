import { meantHints } from "../near-names.js";
import { type FieldName } from "../syntax/ast.js";
import { type Span } from "../syntax/span.js";
import { type CheckedExpression } from "./checked-program.js";
import { convert } from "./coerce.js";
import { integerConstant } from "./constant.js";
import { addConstant } from "./move-pointer.js";
import { textOf } from "./name-text.js";
import { type ProbeState } from "./probe-state.js";
import { elementAt } from "./tuple-element.js";
import {
  type AddressSpace,
  type ArrayType,
  type BitField,
  describeType,
  fitsRegister,
  int64,
  type IntegerType,
  type StringType,
  type StructureMember,
  structureName,
  type StructType,
  type TupleType,
  type Type,
  uint64,
} from "./type.js";
import { typesFileHint } from "./types-file-hint.js";

/** Bytes of a value in the target's memory; 0 when that is not known. */
export function sizeInMemory(probe: ProbeState, type: Type | undefined): number {
  switch (type?.kind) {
    case "integer":
      return type.sizeBytes;
    case "boolean":
      return 1;
    case "pointer":
      return probe.program.target.pointerSize;
    case "array":
      return type.elementSizeBytes * type.length;
    case "struct":
      return type.structure.sizeBytes();
    case "string":
      // A char array, which has no room for the NUL that ends a string of ours.
      return type.capacityBytes - 1;
    default:
      return 0;
  }
}

/** `*p`; also a structure behind a pointer to a pointer, as `p.field` has it. */
export function dereference(
  probe: ProbeState,
  pointer: CheckedExpression,
  span: Span,
): CheckedExpression | undefined {
  const { type } = pointer;
  if (type.kind === "integer") {
    // As an address of a word: *kaddr("jiffies"), *arg0.
    return readAt({ pointer, space: probe.probe.pointerSpace }, uint64, 8, span);
  }
  if (type.kind !== "pointer") {
    const message = `The * operator can not be used on expressions of type '${describeType(type)}'`;
    return probe.error("type-mismatch", span, message, ["Cast it first: *(uint64 *)x."]);
  }
  if (type.target === undefined) {
    return probe.error("type-mismatch", span, "it is not known what this pointer points to", [
      "Cast it to a pointer of a type: *(uint64 *)p, ((struct file *)p).f_flags.",
      ...(probe.program.target.hasBtf ? [] : [typesFileHint]),
    ]);
  }
  // How large a struct is is not asked here: mostly something in it is wanted.
  const sizeBytes = fitsRegister(type.target) ? sizeInMemory(probe, type.target) : 0;
  return readAt({ pointer, space: type.space }, type.target, sizeBytes, span);
}

interface Place {
  readonly pointer: CheckedExpression;
  readonly space: AddressSpace;
}

/** What lies in the target's memory: read when its value is wanted, so that of a structure only what is asked for is. */
function readAt(
  { pointer, space }: Place,
  type: Type,
  sizeBytes: number,
  span: Span,
): CheckedExpression {
  return type.kind === "string"
    ? { kind: "readString", pointer, space, length: undefined, isArray: true, type, span }
    : { kind: "readMemory", pointer, space, sizeBytes, type, span };
}

/** A field of a struct, a union or a record, or an element of a tuple by its number. */
export function memberOf(
  probe: ProbeState,
  operand: CheckedExpression,
  name: FieldName,
  span: Span,
): CheckedExpression | undefined {
  let object: CheckedExpression | undefined = operand;
  while (object?.type.kind === "pointer") object = dereference(probe, object, span);
  if (object === undefined) return undefined;
  const { type } = object;
  if (type.kind === "tuple") return tupleElement(probe, object, type, name, span);
  if (type.kind !== "struct") {
    if (/^[0-9]+$/.test(name.text)) return refuseIndex(probe, type, name, span);
    const message = `Can not access field '${name.text}' on expression of type '${describeType(type)}'`;
    return probe.error("type-mismatch", span, message);
  }
  const member = requireMember(probe, type, name, span);
  if (member === undefined) return undefined;
  return structureMember(object, member, span);
}

/** A member of a struct or union; reports one that is not there. */
export function requireMember(
  probe: ProbeState,
  { structure, space }: StructType,
  name: FieldName,
  span: Span,
): StructureMember | undefined {
  const member = structure.member(name.text, space);
  if (member !== undefined) return member;
  if (!structure.isDefined()) {
    const message = `what ${structureName(structure)} is made of is not known`;
    const hints = probe.program.target.hasBtf
      ? ["The kernel's types (BTF) have none of this name: define it in the program."]
      : [typesFileHint, "It can also be defined in the program."];
    return probe.error("unknown-name", span, message, hints);
  }
  const message = `Struct/union of type '${structureName(structure)}' does not contain a field named '${name.text}'`;
  return probe.error("unknown-field", span, message, meantHints(structure.namesNear(name.text)));
}

function structureMember(
  object: CheckedExpression,
  member: StructureMember,
  span: Span,
): CheckedExpression {
  const { type, offset, sizeBytes, bits } = member;
  if (bits !== undefined) {
    const whole = partOf(object, offset, sizeBytes, unsignedOf(sizeBytes), span);
    return cutBits(whole, bits, type, span);
  }
  return partOf(object, offset, sizeBytes, type, span);
}

function unsignedOf(sizeBytes: number): IntegerType {
  const size = sizeBytes === 1 || sizeBytes === 2 || sizeBytes === 4 ? sizeBytes : 8;
  return { kind: "integer", sizeBytes: size, isSigned: false };
}

/** What stands so many bytes from the start of a value in memory: the target's, or ours. */
function partOf(
  object: CheckedExpression,
  offset: number,
  sizeBytes: number,
  type: Type,
  span: Span,
): CheckedExpression {
  if (object.kind === "readMemory") {
    const pointer = addConstant(object.pointer, offset, span);
    return readAt({ pointer, space: object.space }, type, sizeBytes, span);
  }
  return { kind: "part", operand: object, offset, sizeBytes, type, span };
}

/** A bit-field's value, cut from the integer that has it: without a sign, as in bpftrace. */
function cutBits(
  whole: CheckedExpression,
  { shift, size }: BitField,
  type: Type,
  span: Span,
): CheckedExpression {
  const binary = (
    operation: "and" | "shiftRight",
    left: CheckedExpression,
    right: bigint,
  ): CheckedExpression => ({
    kind: "binary",
    operation,
    left,
    right: integerConstant(right, span),
    type: uint64,
    span,
  });
  const shifted = shift === 0 ? whole : binary("shiftRight", whole, BigInt(shift));
  return convert(binary("and", shifted, (1n << BigInt(size)) - 1n), type, span);
}

/** An element of a tuple: by its number, in a record by its name. */
export function tupleElement(
  probe: ProbeState,
  operand: CheckedExpression,
  type: TupleType,
  name: FieldName,
  span: Span,
): CheckedExpression | undefined {
  const { elements, names } = type;
  const isNumber = /^[0-9]{1,3}$/.test(name.text);
  const index = isNumber ? Number(name.text) : (names ?? []).indexOf(name.text);
  if (isNumber && names !== undefined) return refuseIndex(probe, type, name, span);
  if (elements[index] !== undefined) return elementAt(operand, type, index, span);
  if (names === undefined && !isNumber) {
    const what = describeType(type);
    const message = `Can not access field '${name.text}' on expression of type '${what}'`;
    return probe.error("type-mismatch", span, message);
  }
  const message =
    names === undefined
      ? `Invalid tuple index: ${name.text}. Found ${elements.length} elements in tuple.`
      : `Record does not contain a field named '${name.text}'`;
  const hints = names === undefined ? [] : [`It has ${names.join(", ")}.`];
  return probe.error("unknown-field", span, message, hints);
}

/** `x.0` of what is no tuple. */
function refuseIndex(probe: ProbeState, type: Type, { text }: FieldName, span: Span): undefined {
  const message = `Can not access index '${text}' on expression of type '${describeType(type)}'`;
  return probe.error("type-mismatch", span, message);
}

/** `a[i]` of an array, a string or a pointer. */
export function elementOf(
  probe: ProbeState,
  object: CheckedExpression,
  index: CheckedExpression,
  span: Span,
): CheckedExpression | undefined {
  const operand = textOf(probe, object);
  const { type } = operand;
  if (type.kind === "tuple" && index.kind === "constant") {
    const name = { text: String(index.value), span: index.span };
    return tupleElement(probe, operand, type, name, span);
  }
  if (type.kind === "tuple") {
    const message = "Array-style access for tuples only valid for integer literals";
    return probe.error("type-mismatch", span, message);
  }
  if (type.kind !== "array" && type.kind !== "string") {
    const message = `The array index operator [] can only be used on arrays, pointers, and tuples, found ${describeType(type)}.`;
    return probe.error("type-mismatch", span, message);
  }
  if (index.type.kind !== "integer") {
    return probe.error("type-mismatch", span, `${onlyNonNegative} ${describeType(index.type)}`);
  }
  const array = type.kind === "array" ? type : characters(type);
  const { length, elementSizeBytes, element } = array;
  if (index.kind !== "constant") return movingElement(operand, index, array, span);
  if (index.value < 0n) {
    return probe.error("bad-value", span, `${onlyNonNegative} ${describeType(index.type)}`);
  }
  if (index.value >= BigInt(length)) {
    const message = `the index ${index.value} is out of bounds for array of size ${length}`;
    return probe.error("bad-value", span, message);
  }
  const offset = Number(index.value) * elementSizeBytes;
  return partOf(operand, offset, elementSizeBytes, element, span);
}

const onlyNonNegative =
  "The array index operator [] only accepts non-negative integer indices. Got:";

const character: IntegerType = { kind: "integer", sizeBytes: 1, isSigned: true };

function characters({ capacityBytes }: StringType): ArrayType {
  return { kind: "array", element: character, elementSizeBytes: 1, length: capacityBytes };
}

/** An element whose number is known when the program runs only. */
function movingElement(
  operand: CheckedExpression,
  index: CheckedExpression,
  { element, elementSizeBytes, length }: ArrayType,
  span: Span,
): CheckedExpression {
  if (operand.kind !== "readMemory") {
    return { kind: "element", operand, index, elementSizeBytes, length, type: element, span };
  }
  const distance: CheckedExpression = {
    kind: "binary",
    operation: "multiply",
    left: index,
    right: integerConstant(BigInt(elementSizeBytes), span),
    type: int64,
    span,
  };
  const pointer: CheckedExpression = {
    kind: "binary",
    operation: "add",
    left: convert(operand.pointer, uint64),
    right: distance,
    type: uint64,
    span,
  };
  return readAt({ pointer, space: operand.space }, element, elementSizeBytes, span);
}
