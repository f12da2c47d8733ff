import { assertNever } from "../../asm/internal-error.js";
import { parseIntegerLiteral } from "../syntax/integer-literal.js";
import { type Expression, type ExpressionOf } from "../syntax/ast.js";
import { checkBuiltin } from "./check-builtin.js";
import { checkCall } from "./check-call.js";
import { checkIndex, checkMember } from "./check-member.js";
import { checkBinary, checkConditional, checkUnary } from "./check-operator.js";
import { checkUpdate, readMap, readScratch } from "./check-place.js";
import { type CheckedExpression } from "./checked-program.js";
import { convert } from "./coerce.js";
import {
  booleanConstant,
  convertConstant,
  integerConstant,
  stringConstant,
  wrapInteger,
} from "./constant.js";
import { type ProbeState, type StringRoom } from "./probe-state.js";
import { resolveTypeName } from "./type-name.js";
import { describeType, int64 } from "./type.js";
import { sizeOfValue, valueTypeOf } from "./value-layout.js";

/**
 * Gives an expression its type and its names their meaning; `undefined` when something is wrong with it, which is then
 * reported. `room` says how long a string may be.
 */
export function checkExpression(
  probe: ProbeState,
  expression: Expression,
  room: StringRoom,
): CheckedExpression | undefined {
  const { span } = expression;
  switch (expression.kind) {
    case "integer":
      return integerConstant(expression.value, span, { isUnsigned: expression.isUnsigned });
    case "string":
      return stringConstant(expression.value, span);
    case "boolean":
      return booleanConstant(expression.value, span);
    case "identifier":
      return checkBuiltin(probe, expression.name, span);
    case "positional":
      return checkPositional(probe, expression);
    case "positionalCount":
      return integerConstant(BigInt(probe.program.positional.length), span);
    case "scratch":
      return readScratch(probe, expression);
    case "map":
      return readMap(probe, expression);
    case "call":
      return checkCall(probe, expression, room);
    case "member":
      return checkMember(probe, expression, room);
    case "index":
      return checkIndex(probe, expression);
    case "unary":
      return checkUnary(probe, expression);
    case "update":
      return checkUpdate(probe, expression);
    case "binary":
      return checkBinary(probe, expression);
    case "conditional":
      return checkConditional(probe, expression, room);
    case "cast":
      return checkCast(probe, expression);
    case "tuple":
      return checkTuple(probe, expression);
    case "sizeof": {
      const type = resolveTypeName(probe, expression.type, "kernel");
      if (type === undefined) return undefined;
      const bytes =
        type.kind === "pointer" ? probe.program.target.pointerSize : sizeOfValue(valueTypeOf(type));
      return integerConstant(BigInt(bytes), span, { isUnsigned: true });
    }
    default:
      return assertNever(expression);
  }
}

/** `$1` as a number; one that was not given is 0. */
function checkPositional(
  probe: ProbeState,
  expression: ExpressionOf<"positional">,
): CheckedExpression | undefined {
  const { index, span } = expression;
  const text = probe.program.positional[index - 1];
  if (text === undefined) return integerConstant(0n, span);
  const isNegative = text.startsWith("-");
  const literal = parseIntegerLiteral(isNegative ? text.slice(1) : text);
  if (literal.kind === "invalid") {
    const message = `$${index} is used as a number, but it is ${JSON.stringify(text)}`;
    return probe.error("bad-value", span, message, [`str($${index}) is its text.`]);
  }
  if (!isNegative) return integerConstant(literal.value, span);
  return integerConstant(wrapInteger(-literal.value, int64), span);
}

/** `(uint32)x`, `(uint64 *)x`. */
function checkCast(
  probe: ProbeState,
  expression: ExpressionOf<"cast">,
): CheckedExpression | undefined {
  const { span } = expression;
  const operand = probe.check(expression.operand);
  const space = operand?.type.kind === "pointer" ? operand.type.space : probe.probe.pointerSpace;
  const type = resolveTypeName(probe, expression.type, space);
  if (operand === undefined || type === undefined) return undefined;
  const isFromRegister = !["string", "tuple", "none", "name"].includes(operand.type.kind);
  const isToNumber = type.kind === "integer" || type.kind === "boolean" || type.kind === "pointer";
  if (!isFromRegister || !isToNumber) {
    const message = `${describeType(operand.type)} cannot be cast to ${describeType(type)}`;
    return probe.error("type-mismatch", span, message);
  }
  return operand.kind === "constant"
    ? { kind: "constant", value: convertConstant(operand.value, type), type, span }
    : convert(operand, type, span);
}

function checkTuple(
  probe: ProbeState,
  expression: ExpressionOf<"tuple">,
): CheckedExpression | undefined {
  const elements = probe.checkAll(expression.elements);
  if (elements === undefined) return undefined;
  for (const element of elements) {
    if (element.type.kind !== "none") continue;
    const message = "this has no value and cannot be in a tuple";
    return probe.error("type-mismatch", element.span, message);
  }
  const type = { kind: "tuple" as const, elements: elements.map((element) => element.type) };
  return { kind: "tuple", elements, type, span: expression.span };
}
