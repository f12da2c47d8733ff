import { type ExpressionOf } from "../syntax/ast.js";
import { sizeInMemory } from "./check-memory.js";
import { type CheckedExpression } from "./checked-program.js";
import { convert } from "./coerce.js";
import { booleanConstant, convertConstant, stringConstant } from "./constant.js";
import { type ProbeState } from "./probe-state.js";
import { resolveTypeName } from "./type-name.js";
import {
  type AddressSpace,
  type ArrayType,
  boolean,
  describeType,
  fitsRegister,
  isSameType,
  type Type,
} from "./type.js";

/** `(uint32)x`, `(struct file *)x`, `(uint8[4])x`. */
export function checkCast(
  probe: ProbeState,
  expression: ExpressionOf<"cast">,
): CheckedExpression | undefined {
  const { span } = expression;
  const operand = probe.check(expression.operand);
  const space = (operand === undefined ? undefined : spaceOf(operand)) ?? probe.probe.pointerSpace;
  const bytes = operand === undefined ? undefined : bytesOf(probe, operand);
  const type = resolveTypeName(probe, expression.type, space, bytes);
  if (operand === undefined || type === undefined) return undefined;
  const castSpan = { ...span, end: expression.type.span.end + 1 };
  const fault = castFault(probe, operand, type);
  if (fault !== undefined) return probe.error("type-mismatch", castSpan, fault);
  const enumeration = type.kind === "integer" ? type.enumeration : undefined;
  if (operand.kind === "constant" && enumeration !== undefined) {
    const { value } = operand;
    if (!enumeration.values().some((one) => one.value === value)) {
      const message = `Enum: ${enumeration.name} doesn't contain a variant value of ${value}`;
      return probe.error("bad-value", castSpan, message);
    }
  }
  if (isSameType(operand.type, type) || isSamePointer(operand.type, type)) {
    return unneeded(probe, operand, type, castSpan);
  }
  if (operand.type.kind === "string" && type.kind === "boolean") return isNotEmpty(operand, span);
  return operand.kind === "constant" && fitsRegister(type)
    ? { kind: "constant", value: convertConstant(operand.value, type), type, span }
    : convert(operand, type, span);
}

/** A cast to the type that a value has, which is warned of. */
function unneeded(
  probe: ProbeState,
  operand: CheckedExpression,
  type: Type,
  span: CheckedExpression["span"],
): CheckedExpression {
  if (operand.type.kind === "integer" && operand.type.isGathered === true) return operand;
  if (type.kind === "integer" || (type.kind === "pointer" && operand.kind !== "constant")) {
    const message = `Unnecessary cast: expression is already of type ${describeType(type)}`;
    probe.program.diagnostics.warn("unneeded", span, message);
  }
  // What is calculated with it is not folded as what is written out.
  if (operand.kind !== "constant") return operand;
  return { kind: "constant", value: operand.value, type: operand.type, span: operand.span };
}

/** The same in the program's words: of a structure one may know its name alone, and the other what it is made of. */
function isSamePointer(from: Type, to: Type): boolean {
  if (from.kind !== "pointer" || to.kind !== "pointer" || from.space !== to.space) return false;
  const [source, target] = [from.target, to.target];
  if (source?.kind === "pointer" && target !== undefined) return isSamePointer(source, target);
  return (
    source?.kind === "struct" &&
    target?.kind === "struct" &&
    source.structure.name !== "" &&
    describeType(source) === describeType(target)
  );
}

/** Whose memory a number names that was calculated from a pointer. */
function spaceOf(value: CheckedExpression): AddressSpace | undefined {
  if (value.type.kind === "pointer") return value.type.space;
  if (value.kind === "convert") return spaceOf(value.operand);
  return value.kind === "binary" ? (spaceOf(value.left) ?? spaceOf(value.right)) : undefined;
}

/** A string counts as true when there is something in it. */
function isNotEmpty(
  operand: CheckedExpression,
  span: CheckedExpression["span"],
): CheckedExpression {
  const right = stringConstant("", span);
  if (operand.kind === "stringConstant") return booleanConstant(operand.value !== "", span);
  const operation = "different";
  const limitBytes = undefined;
  return {
    kind: "compareStrings",
    operation,
    left: operand,
    right,
    limitBytes,
    type: boolean,
    span,
  };
}

/** Bytes of a value; a literal has as few as hold it. */
function bytesOf(probe: ProbeState, operand: CheckedExpression): number {
  const { type } = operand;
  if (operand.kind === "constant" && operand.isLiteral === true && type.kind === "integer") {
    const bits = operand.value < 0n ? -operand.value - 1n : operand.value;
    return [1, 2, 4].find((bytes) => bits < 1n << BigInt(bytes * 8 - 1)) ?? 8;
  }
  return type.kind === "string" ? type.capacityBytes : sizeInMemory(probe, type);
}

/** Why a value cannot be cast; `undefined` when it can. */
function castFault(probe: ProbeState, operand: CheckedExpression, to: Type): string | undefined {
  const from = operand.type;
  if (isSameType(from, to)) return undefined;
  const isPossible = to.kind === "array" ? isArray(probe, operand, to) : isNumber(probe, from, to);
  if (isPossible) return undefined;
  const isAnyLength =
    to.kind === "string" && to.capacityBytes === probe.program.config.storedStringBytes;
  const wanted = isAnyLength ? "string" : describeType(to);
  return `Cannot cast from "${describeType(from)}" to "${wanted}"`;
}

function isNumber(probe: ProbeState, from: Type, to: Type): boolean {
  if (to.kind !== "integer" && to.kind !== "boolean" && to.kind !== "pointer") return false;
  if (from.kind === "array") {
    return to.kind === "integer" && sizeInMemory(probe, from) === to.sizeBytes;
  }
  if (from.kind === "string") return to.kind === "boolean";
  return fitsRegister(from) && from.kind !== "name";
}

/** The bytes of an integer and zeros behind them, or those of a string or another array of the same size. */
function isArray(probe: ProbeState, operand: CheckedExpression, to: ArrayType): boolean {
  const isOfNumbers = to.element.kind === "integer" || to.element.kind === "boolean";
  if (!isOfNumbers) return false;
  const bytes = sizeInMemory(probe, to);
  if (operand.type.kind === "array" || operand.type.kind === "string") {
    return bytes === bytesOf(probe, operand);
  }
  return operand.type.kind === "integer" && bytes <= 8 && bytes >= bytesOf(probe, operand);
}
