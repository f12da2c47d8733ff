import { type Expression, type ExpressionOf } from "../syntax/ast.js";
import { aggregationHeld } from "./aggregation-value.js";
import { checkArithmetic, pointerHint } from "./check-arithmetic.js";
import { warnOfSigns } from "./cast-warning.js";
import { integerOperationOf } from "./integer-operation.js";
import { checkComparison, compareOperationOf } from "./check-comparison.js";
import { dereference } from "./check-memory.js";
import { isComptimeCall } from "./check-introspection.js";
import { requireAssigned } from "./check-place.js";
import {
  type CheckedExpression,
  type CheckedExpressionOf,
  type CheckedStatement,
} from "./checked-program.js";
import { coerce, convert } from "./coerce.js";
import { booleanConstant, integerConstant, isWritten, wrapInteger } from "./constant.js";
import { textOf } from "./name-text.js";
import { signOf } from "./number-sign.js";
import { refuseOperands, refuseTypes } from "./operand-mismatch.js";
import { type ProbeState, type StringRoom } from "./probe-state.js";
import { mergeSlots, slotOf } from "./slot.js";
import { boolean, describeKind, describeType, int64, isNumber, uint64 } from "./type.js";

/** `a + b` and its like. */
export function checkBinary(
  probe: ProbeState,
  expression: ExpressionOf<"binary">,
): CheckedExpression | undefined {
  const { operator } = expression;
  if (operator === "&&" || operator === "||") return checkLogical(probe, expression, operator);
  const compare = compareOperationOf(operator);
  if (compare !== undefined) return checkComparison(probe, expression, compare);
  const operation = integerOperationOf(operator);
  const operands = probe.checkAll([expression.left, expression.right]);
  const [left, right] = operands ?? [];
  if (operation === undefined || left === undefined || right === undefined) return undefined;
  const { span } = expression;
  const result = checkArithmetic(probe, { operation, operator, left, right, span });
  // Shifts look at one side alone. Of a difference nobody would want to hear: nsecs - @start[tid].
  const isMixed = !["shiftLeft", "shiftRight", "subtract"].includes(operation);
  if (result !== undefined && isMixed) {
    warnOfSigns(probe, result.type, [
      [left, expression.left],
      [right, expression.right],
    ]);
  }
  return result;
}

/** A text that is written out is true when there is something in it. */
export function decided<Value extends CheckedExpression | undefined>(
  value: Value,
): Value | CheckedExpression {
  if (value?.kind !== "stringConstant") return value;
  return booleanConstant(value.value !== "", value.span);
}

/** Whether what is written is more than what a map gathers, which `if` and `?:` do not take; reports it at `span`. */
export function requireDecision(
  probe: ProbeState,
  expression: Expression,
  span: CheckedExpression["span"],
): boolean {
  const held = aggregationHeld(probe, expression);
  if (held === undefined) return true;
  const hints = ["Cast it, (int64)@x, or compare it: @x > 0."];
  probe.error("type-mismatch", span, `Invalid condition: ${held.kind}_t`, hints);
  return false;
}

/** Whether a value can be a condition; reports it at `span` when not. */
export function requireCondition(
  probe: ProbeState,
  value: CheckedExpression,
  span = value.span,
): boolean {
  if (isNumber(value.type)) return true;
  probe.error("type-mismatch", span, `Invalid condition: ${describeKind(value.type)}`);
  return false;
}

function checkLogical(
  probe: ProbeState,
  expression: ExpressionOf<"binary">,
  operator: "&&" | "||",
): CheckedExpression | undefined {
  const [left, right] = probe.checkAll([expression.left, expression.right]) ?? [];
  if (left === undefined || right === undefined) return undefined;
  const { span } = expression;
  const operands = { operator, left, right, span };
  if (left.type.kind !== right.type.kind && !(isNumber(left.type) && isNumber(right.type))) {
    return refuseOperands(probe, operands);
  }
  if (!isNumber(left.type) || !isNumber(right.type)) {
    return refuseTypes(probe, operands);
  }
  if (left.kind === "constant") {
    const isDecided = operator === "&&" ? left.value === 0n : left.value !== 0n;
    if (isDecided) return booleanConstant(operator === "||", span);
    if (right.kind === "constant") return booleanConstant(right.value !== 0n, span);
    return convert(right, boolean, span);
  }
  const operation = operator === "&&" ? "and" : "or";
  return { kind: "logical", operation, left, right, type: boolean, span };
}

/** `-x`, `!x`, `*p` and their like. */
export function checkUnary(
  probe: ProbeState,
  expression: ExpressionOf<"unary">,
): CheckedExpression | undefined {
  const { operator, span } = expression;
  if (operator === "&") return addressOf(probe, expression);
  const operand = probe.check(expression.operand);
  if (operand === undefined) return undefined;
  if (operator === "*") return dereference(probe, operand, span);
  const held = aggregationHeld(probe, expression.operand);
  if (held !== undefined) return refuseOperator(probe, operator, `${held.kind}_t`, span);
  if (!isNumber(operand.type) || operand.type.kind === "pointer") {
    return refuseOperator(probe, operator, describeType(operand.type), span);
  }
  if (operator === "-" || operator === "~") {
    if (operand.type.kind !== "integer") {
      return refuseOperator(probe, operator, describeType(operand.type), span);
    }
  }
  const isConstant = operand.kind === "constant";
  const type = signOf(operand) === "unsigned" ? uint64 : int64;
  switch (operator) {
    case "!":
      return isConstant
        ? booleanConstant(operand.value === 0n, span)
        : { kind: "not", operand, type: boolean, span };
    case "-":
      return isConstant ? negated(probe, operand, span) : negate(operand, span);
    default:
      return isConstant ? complementOf(operand, span) : { kind: "complement", operand, type, span };
  }
}

function refuseOperator(
  probe: ProbeState,
  operator: string,
  type: string,
  span: CheckedExpression["span"],
): undefined {
  const message = `The ${operator} operator can not be used on expressions of type '${type}'`;
  const hint = operator === "!" ? "Compare it with 0: p == 0." : pointerHint;
  return probe.error("type-mismatch", span, message, type.endsWith("*") ? [hint] : []);
}

/** `&$x`, `&@x`. */
function addressOf(
  probe: ProbeState,
  { operand, span }: ExpressionOf<"unary">,
): CheckedExpression | undefined {
  if (operand.kind === "map" && operand.keys.length === 0) return mapAddress(probe, operand, span);
  if (operand.kind !== "scratch") {
    const message = "syntax: address-of operator (&) can only be used on a map or variable";
    return probe.error("type-mismatch", operand.span, message);
  }
  const variable = probe.check(operand);
  if (variable?.kind !== "scratch") return undefined;
  const type = { kind: "pointer", space: "kernel", target: variable.type } as const;
  return { kind: "variableAddress", scratch: variable.scratch, type, span };
}

function mapAddress(
  probe: ProbeState,
  { name, nameSpan }: ExpressionOf<"map">,
  span: CheckedExpression["span"],
): CheckedExpression | undefined {
  const state = requireAssigned(probe, name, nameSpan);
  if (state === undefined) return undefined;
  const contents = state.contents?.contents;
  const target = contents?.kind === "plain" ? contents.slot.type : undefined;
  const type = { kind: "pointer", space: "kernel", target } as const;
  return { kind: "mapAddress", map: probe.program.maps.idOf(name), type, span };
}

/** Of an unsigned number the same number of bits, without a sign. */
function negate(operand: CheckedExpression, span: CheckedExpression["span"]): CheckedExpression {
  const negated = { kind: "negate", operand, type: int64, span } as const;
  const { type } = operand;
  if (type.kind !== "integer" || type.isSigned) return negated;
  const { sizeBytes } = type;
  if (sizeBytes === 8) return { ...negated, type: uint64 };
  return convert(convert(negated, { kind: "integer", sizeBytes, isSigned: false }), uint64);
}

/** Without a sign: of a number that is written out in 64 bits, else in as many as it has. */
function complementOf(
  { value, type, isLiteral }: CheckedExpressionOf<"constant">,
  span: CheckedExpression["span"],
): CheckedExpression {
  const isWhole = isLiteral === true || type.kind !== "integer" || type.sizeBytes === 8;
  const wide = type.kind === "integer" && type.isSigned && isLiteral !== true ? int64 : uint64;
  const result = isWhole ? wide : ({ ...type, isSigned: false } as const);
  return { kind: "constant", value: wrapInteger(~value, result), type: result, span };
}

function negated(
  probe: ProbeState,
  { value, type, isLiteral }: CheckedExpressionOf<"constant">,
  span: CheckedExpression["span"],
): CheckedExpression | undefined {
  if (isLiteral !== true) {
    const isUnsigned = type.kind === "integer" && !type.isSigned;
    const result = wrapInteger(-value, isUnsigned ? type : int64);
    return { kind: "constant", value: result, type: isUnsigned ? uint64 : int64, span };
  }
  if (value <= 1n << 63n) return integerConstant(-value, span);
  return probe.error("bad-value", span, "negative value will underflow");
}

/** `c ? a : b`. */
export function checkConditional(
  probe: ProbeState,
  expression: ExpressionOf<"conditional">,
  room: StringRoom,
): CheckedExpression | undefined {
  if (expression.then === undefined) return checkShortConditional(probe, expression, room);
  const condition = decided(probe.check(expression.condition));
  const branches = probe.checkAll([expression.then, expression.otherwise], room) ?? [];
  const [then, otherwise] = asTexts(probe, branches);
  if (condition === undefined || then === undefined || otherwise === undefined) return undefined;
  if (!requireDecision(probe, expression.condition, expression.span)) return undefined;
  if (!requireCondition(probe, condition, expression.span)) return undefined;
  const choice = { condition, then, otherwise, span: expression.span };
  const only = isComptimeCall(expression.condition) ? takenBranch(choice) : undefined;
  const chosen = only ?? choose(probe, choice);
  if (chosen?.kind === "conditional") {
    warnOfSigns(probe, chosen.type, [
      [then, expression.then],
      [otherwise, expression.otherwise],
    ]);
  }
  return chosen;
}

/** `a ?: b`: a when there is something in it; it is evaluated once. */
function checkShortConditional(
  probe: ProbeState,
  { condition: test, otherwise: second, span }: ExpressionOf<"conditional">,
  room: StringRoom,
): CheckedExpression | undefined {
  const [value, otherwise] = probe.checkAll([test, second], room) ?? [];
  if (value === undefined || otherwise === undefined) return undefined;
  const condition = decided(value);
  if (!requireCondition(probe, condition, span)) return undefined;
  if (condition.kind === "constant")
    return choose(probe, { condition, then: value, otherwise, span });
  const { type } = value;
  const { id } = probe.temporary(test.span, type);
  const kept: CheckedExpression = { kind: "scratch", scratch: id, type, span: test.span };
  const chosen = choose(probe, { condition: kept, then: kept, otherwise, span });
  if (chosen === undefined) return undefined;
  const keep: CheckedStatement = {
    kind: "assign",
    target: { kind: "scratch", scratch: id, type },
    operation: undefined,
    value,
    span: test.span,
  };
  return { kind: "block", statements: [keep], value: chosen, type: chosen.type, span };
}

/** What `probe` and `func` stand for, where the other branch is a text. */
function asTexts(
  probe: ProbeState,
  branches: readonly CheckedExpression[],
): readonly CheckedExpression[] {
  const hasText = branches.some(({ type }) => type.kind === "string");
  return hasText ? branches.map((one) => textOf(probe, one)) : branches;
}

interface Choice {
  readonly condition: CheckedExpression;
  readonly then: CheckedExpression;
  readonly otherwise: CheckedExpression;
  readonly span: CheckedExpression["span"];
}

/** The branch that is taken, where that is decided beforehand. */
function takenBranch({ condition, then, otherwise }: Choice): CheckedExpression | undefined {
  if (condition.kind !== "constant") return undefined;
  if (condition.type.kind !== "boolean" && condition.isLiteral !== true) return undefined;
  return condition.value === 0n ? otherwise : then;
}

function choose(probe: ProbeState, choice: Choice): CheckedExpression | undefined {
  const { condition, then, otherwise, span } = choice;
  const merged = mergeSlots(slotOf(then), slotOf(otherwise));
  const taken = takenBranch(choice);
  // Branches that are written out need not go together when one is known to be taken.
  const isFree = merged !== undefined || (isWritten(then) && isWritten(otherwise));
  if (taken !== undefined && isFree) return taken;
  if (merged === undefined) {
    const types = `have '${describeType(then.type)}' and '${describeType(otherwise.type)}'`;
    const message = `Branches must return the same type or compatible types: ${types}`;
    return probe.error("type-mismatch", span, message);
  }
  const { type } = merged;
  if (condition.kind === "constant") return coerce(condition.value === 0n ? otherwise : then, type);
  return {
    kind: "conditional",
    condition,
    then: coerce(then, type),
    otherwise: coerce(otherwise, type),
    type,
    span,
  };
}
