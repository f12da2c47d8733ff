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
  const fault = castFault(probe, operand, type);
  if (fault !== undefined) return probe.error("type-mismatch", span, fault);
  const enumeration = type.kind === "integer" ? type.enumeration : undefined;
  if (operand.kind === "constant" && enumeration !== undefined) {
    const { value } = operand;
    if (!enumeration.values().some((one) => one.value === value)) {
      const message = `Enum: ${enumeration.name} doesn't contain a variant value of ${value}`;
      return probe.error("bad-value", span, message);
    }
  }
  if (isSameType(operand.type, type)) return operand;
  if (operand.type.kind === "string" && type.kind === "boolean") return isNotEmpty(operand, span);
  return operand.kind === "constant" && fitsRegister(type)
    ? { kind: "constant", value: convertConstant(operand.value, type), type, span }
    : convert(operand, type, span);
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
  if (operand.kind === "constant" && type.kind === "integer") {
    const bits = operand.value < 0n ? -operand.value - 1n : operand.value;
    return [1, 2, 4].find((bytes) => bits < 1n << BigInt(bytes * 8 - 1)) ?? 8;
  }
  return type.kind === "string" ? type.capacityBytes : sizeInMemory(probe, type);
}

/** Why a value cannot be cast; `undefined` when it can. */
function castFault(probe: ProbeState, operand: CheckedExpression, to: Type): string | undefined {
  const from = operand.type;
  const impossible = `${describeType(from)} cannot be cast to ${describeType(to)}`;
  if (to.kind === "array") return arrayFault(probe, operand, to);
  if (isSameType(from, to)) return undefined;
  if (to.kind !== "integer" && to.kind !== "boolean" && to.kind !== "pointer") return impossible;
  if (from.kind === "array") {
    const bytes = sizeInMemory(probe, from);
    if (to.kind === "integer" && bytes === to.sizeBytes) return undefined;
    return `${impossible}: ${bytes} bytes are not an integer of ${sizeInMemory(probe, to)}`;
  }
  if (from.kind === "string" && to.kind === "boolean") return undefined;
  return fitsRegister(from) && from.kind !== "name" ? undefined : impossible;
}

function arrayFault(
  probe: ProbeState,
  operand: CheckedExpression,
  to: ArrayType,
): string | undefined {
  const from = operand.type;
  const impossible = `${describeType(from)} cannot be cast to ${describeType(to)}`;
  const isOfNumbers = to.element.kind === "integer" || to.element.kind === "boolean";
  const bytes = sizeInMemory(probe, to);
  if (!isOfNumbers) return impossible;
  if (from.kind === "string") return undefined;
  if (from.kind === "array") return bytes === sizeInMemory(probe, from) ? undefined : impossible;
  if (from.kind !== "integer" && from.kind !== "boolean" && from.kind !== "pointer") {
    return impossible;
  }
  const most = operand.kind === "constant" ? 8 : sizeInMemory(probe, from);
  if ([1, 2, 4, 8].includes(bytes) && (bytes >= most || operand.kind === "constant")) {
    return undefined;
  }
  return `${impossible}: it has ${most} bytes, not ${bytes}`;
}
