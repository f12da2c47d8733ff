import { assertNever } from "../../asm/internal-error.js";
import { parseIntegerLiteral } from "../syntax/integer-literal.js";
import { type Expression, type ExpressionOf } from "../syntax/ast.js";
import { checkBuiltin, isBuiltin } from "./check-builtin.js";
import { checkCall } from "./check-call.js";
import { checkCast } from "./check-cast.js";
import { checkIndex, checkMember } from "./check-member.js";
import { checkBinary, checkConditional, checkUnary } from "./check-operator.js";
import { checkUpdate, readMap, readScratch } from "./check-place.js";
import { checkText } from "./check-text.js";
import { type CheckedExpression } from "./checked-program.js";
import { booleanConstant, integerConstant, wrapInteger } from "./constant.js";
import { type ProbeState, type StringRoom } from "./probe-state.js";
import { checkOffset, sizeOfType } from "./type-size.js";
import { headerConstant } from "./header-constants.js";
import { resolveTypeName } from "./type-name.js";
import { describeType, int64, type TupleType } from "./type.js";

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
      return integerConstant(expression.value, span);
    case "string":
      return checkText(probe, expression.value, span);
    case "boolean":
      return booleanConstant(expression.value, span);
    case "identifier":
      return checkIdentifier(probe, expression);
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
    case "block":
      return checkBlockExpression(probe, expression, room);
    case "sizeof": {
      const type = resolveTypeName(probe, expression.type, "kernel");
      if (type === undefined) return undefined;
      return integerConstant(BigInt(sizeOfType(probe, type)), span);
    }
    case "offsetof":
      return checkOffset(probe, expression);
    default:
      return assertNever(expression);
  }
}

/** A builtin, or the name of a number: of an enumeration's, or from a header. */
function checkIdentifier(
  probe: ProbeState,
  { name, span }: ExpressionOf<"identifier">,
): CheckedExpression | undefined {
  if (isBuiltin(name)) return checkBuiltin(probe, name, span);
  const enumerator = probe.program.types.enumerator(name);
  if (enumerator !== undefined) return { kind: "constant", ...enumerator, span };
  const constant = headerConstant(name);
  if (constant !== undefined) return integerConstant(constant, span);
  return checkBuiltin(probe, name, span);
}

/** `$1`: a number, or a string when it is none; one that was not given is 0. */
function checkPositional(
  probe: ProbeState,
  expression: ExpressionOf<"positional">,
): CheckedExpression | undefined {
  const { index, span } = expression;
  const text = probe.program.positional[index - 1];
  if (text === undefined || text === "") {
    const message = `Positional parameter $${index} is empty or not provided.`;
    probe.program.diagnostics.warn("bad-value", span, message);
    return integerConstant(0n, span);
  }
  const isNegative = text.startsWith("-");
  const literal = parseIntegerLiteral(isNegative ? text.slice(1) : text);
  if (literal.kind === "invalid") return checkText(probe, text, span);
  if (!isNegative) return integerConstant(literal.value, span);
  return integerConstant(wrapInteger(-literal.value, int64), span);
}

function checkTuple(
  probe: ProbeState,
  expression: ExpressionOf<"tuple">,
): CheckedExpression | undefined {
  const elements = probe.checkAll(expression.elements);
  if (elements === undefined) return undefined;
  for (const element of elements) {
    if (element.type.kind === "aggregation") {
      const message = `Map type ${describeType(element.type)} cannot exist inside a tuple.`;
      return probe.error("type-mismatch", element.span, message);
    }
    if (element.type.kind !== "none") continue;
    const message = "this has no value and cannot be in a tuple";
    return probe.error("type-mismatch", element.span, message);
  }
  const names = expression.names?.map(({ text }) => text);
  const type: TupleType = {
    kind: "tuple",
    elements: elements.map((element) => element.type),
    ...(names === undefined ? {} : { names }),
  };
  return { kind: "tuple", elements, type, span: expression.span };
}

/** `{ statements; value }`. */
function checkBlockExpression(
  probe: ProbeState,
  { statements, value, span }: ExpressionOf<"block">,
  room: StringRoom,
): CheckedExpression | undefined {
  if (value === undefined) {
    return probe.error("type-mismatch", span, "this block has no value", [
      "Its value is its last expression, when no semicolon stands behind it.",
    ]);
  }
  return probe.inScope(() => {
    const checked = probe.checkStatements(statements);
    const last = probe.check(value, room);
    if (last === undefined || checked.length === 0) return last;
    return { kind: "block", statements: checked, value: last, type: last.type, span };
  });
}
