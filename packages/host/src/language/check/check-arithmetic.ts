import { sizeInMemory } from "./check-memory.js";
import { type CheckedExpression, type IntegerOperation } from "./checked-program.js";
import { convert } from "./coerce.js";
import {
  applyExactly,
  fitsInteger,
  foldBinary,
  integerConstant,
  stringConstant,
  wrapInteger,
} from "./constant.js";
import { movePointer } from "./move-pointer.js";
import { signOf } from "./number-sign.js";
import { refuseOperands, refuseTypes } from "./operand-mismatch.js";
import { type ProbeState } from "./probe-state.js";
import { int64, isNumber, isSameType, uint64, type IntegerType } from "./type.js";

/** Signed when one side is, or both may be either; differences always are. */
function resultType(
  operation: IntegerOperation,
  left: CheckedExpression,
  right: CheckedExpression,
): IntegerType {
  const [first, second] = [signOf(left), signOf(right)];
  if (operation === "shiftLeft" || operation === "shiftRight") {
    return first === "unsigned" ? uint64 : int64;
  }
  if (operation === "subtract" || first === "signed" || second === "signed") return int64;
  return first === "unsigned" || second === "unsigned" ? uint64 : int64;
}

interface Arithmetic {
  readonly operation: IntegerOperation;
  readonly operator: string;
  readonly left: CheckedExpression;
  readonly right: CheckedExpression;
  readonly span: CheckedExpression["span"];
}

/** `left op right` on numbers; pointers move by what they point to. */
export function checkArithmetic(
  probe: ProbeState,
  arithmetic: Arithmetic,
): CheckedExpression | undefined {
  const { operation, operator, left, right, span } = arithmetic;
  const text = operation === "add" ? addTexts(left, right, span) : undefined;
  if (text !== undefined) return text;
  if (!isNumber(left.type) || !isNumber(right.type)) return refuseArithmetic(probe, arithmetic);
  const isLiteral = isWrittenOut(left) && isWrittenOut(right);
  if (isPointerMisused(operation, left, right)) {
    return refuseTypes(probe, arithmetic, [pointerHint]);
  }
  if (isLiteral && !isInRange(operation, right)) return probe.error("bad-value", span, cannotFold);
  if (isDivisionByZero(operation, right)) {
    probe.program.diagnostics.warn("bad-value", span, divisionByZero);
    return { ...integerConstant(1n, span), type: resultType(operation, left, right) };
  }
  if (!isInRange(operation, right)) return reportShift(probe, right);
  const moved = movedPointer(probe, arithmetic);
  if (moved !== undefined) return moved;
  const type = resultType(operation, left, right);
  if (left.kind === "constant" && right.kind === "constant") {
    if (isLiteral) {
      const exact = applyExactly(operation, left.value, right.value);
      if (fitsInteger(exact)) return integerConstant(exact, span);
      return probe.error("bad-value", span, cannotFold);
    }
    const folded = foldBinary(
      operation,
      left.value,
      right.value,
      isUnsignedAlways(operation) ? uint64 : type,
    );
    return { kind: "constant", value: wrapInteger(folded, type), type, span };
  }
  warnOfSign(probe, operation, operator, { left, right, span });
  const binary = { kind: "binary", operation, left, right, span } as const;
  return isUnsignedAlways(operation) && type.isSigned
    ? convert({ ...binary, type: uint64 }, type)
    : { ...binary, type };
}

function refuseArithmetic(probe: ProbeState, arithmetic: Arithmetic): undefined {
  const { left, right, span } = arithmetic;
  if (left.kind === "stringConstant" && right.kind === "stringConstant") {
    return probe.error("type-mismatch", span, "illegal literal operation with strings");
  }
  const refuse = left.type.kind === right.type.kind ? refuseTypes : refuseOperands;
  return refuse(probe, arithmetic);
}

/** What bpftrace has the processor do without a sign, whatever the operands are. */
export function isUnsignedAlways(operation: IntegerOperation): boolean {
  return operation === "divide" || operation === "modulo" || operation === "shiftRight";
}

/** Of operands of different types, one of them signed: as in bpftrace, which does not warn of those of one type. */
function warnOfSign(
  probe: ProbeState,
  operation: IntegerOperation,
  operator: string,
  { left, right, span }: Pick<Arithmetic, "left" | "right" | "span">,
): void {
  if (operation !== "divide" && operation !== "modulo") return;
  if (signOf(left) !== "signed" && signOf(right) !== "signed") return;
  if (isSameType(left.type, right.type)) return;
  const message = `signed operands for '${operator}' can lead to undefined behavior (cast to unsigned to silence warning)`;
  probe.program.diagnostics.warn("type-mismatch", span, message);
}

/** `p + n`, `n + p`, `p - n`; `undefined` of numbers. */
function movedPointer(
  probe: ProbeState,
  { operation, left, right, span }: Arithmetic,
): CheckedExpression | undefined {
  if (operation !== "add" && operation !== "subtract") return undefined;
  const [pointer, count] = left.type.kind === "pointer" ? [left, right] : [right, left];
  const { type } = pointer;
  if (type.kind !== "pointer" || count.type.kind !== "integer") return undefined;
  return movePointer(operation, pointer, type, count, sizeInMemory(probe, type.target), span);
}

/** Pointers can be moved, and that is all. */
function isPointerMisused(
  operation: IntegerOperation,
  { type: left }: CheckedExpression,
  { type: right }: CheckedExpression,
): boolean {
  if (left.kind !== "pointer" && right.kind !== "pointer") return false;
  if (operation === "add") return left.kind === right.kind;
  return operation !== "subtract" || right.kind === "pointer";
}

/** Literals only: `"a" + "b"` joins them, `"abc" + 1` leaves characters out, as it does in C. */
function addTexts(
  left: CheckedExpression,
  right: CheckedExpression,
  span: CheckedExpression["span"],
): CheckedExpression | undefined {
  if (left.kind !== "stringConstant") return undefined;
  if (right.kind === "stringConstant") return stringConstant(left.value + right.value, span);
  if (right.kind !== "constant" || right.value < 0n) return undefined;
  return stringConstant(left.value.slice(Number(right.value)), span);
}

export const pointerHint = "A pointer's number: (uint64)p.";
/** As in bpftrace. */
const divisionByZero =
  "Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.";
const cannotFold = "unable to fold literals due to overflow or underflow";

function isWrittenOut(value: CheckedExpression): boolean {
  return value.kind === "constant" && value.isLiteral === true;
}

function isDivisionByZero(operation: IntegerOperation, right: CheckedExpression): boolean {
  const isDivision = operation === "divide" || operation === "modulo";
  return isDivision && right.kind === "constant" && right.value === 0n;
}

function reportShift(probe: ProbeState, by: CheckedExpression): undefined {
  const bits = by.kind === "constant" ? by.value : undefined;
  return probe.error("bad-value", by.span, `a shift by ${bits} is out of range: 0 to 63`);
}

/** Whether an operation with this constant has a result: no division by zero, no shift by more bits than there are. */
function isInRange(operation: IntegerOperation, right: CheckedExpression): boolean {
  if (right.kind !== "constant") return true;
  const isShift = operation === "shiftLeft" || operation === "shiftRight";
  if (isShift) return right.value >= 0n && right.value <= 63n;
  return !isDivisionByZero(operation, right);
}
