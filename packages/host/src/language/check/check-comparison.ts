import { utf8SizeBytes } from "../../text/utf8.js";
import { type BinaryOperator, type ExpressionOf } from "../syntax/ast.js";
import { type CheckedExpression, type CompareOperation } from "./checked-program.js";
import { warnOfSigns } from "./cast-warning.js";
import { compareCode } from "./check-code.js";
import { coerce } from "./coerce.js";
import { booleanConstant, foldCompare, isWritten, wrapInteger } from "./constant.js";
import { isComparedSigned } from "./number-sign.js";
import { refuseOperands, refuseTypes } from "./operand-mismatch.js";
import { type ProbeState, type StringRoom } from "./probe-state.js";
import { mergeSlots } from "./slot.js";
import { boolean, describeType, fitsRegister, int64, isNumber, uint64 } from "./type.js";

const compareOperations: Partial<Record<BinaryOperator, CompareOperation>> = {
  "==": "equal",
  "!=": "different",
  "<": "less",
  "<=": "lessOrEqual",
  ">": "greater",
  ">=": "greaterOrEqual",
};

/** What an operator compares; `undefined` for those that do not. */
export function compareOperationOf(operator: BinaryOperator): CompareOperation | undefined {
  return compareOperations[operator];
}

/** `a < b` and its like, of numbers, strings, tuples and arrays. */
export function checkComparison(
  probe: ProbeState,
  expression: ExpressionOf<"binary">,
  operation: CompareOperation,
): CheckedExpression | undefined {
  const { span, operator } = expression;
  let right = probe.check(expression.right);
  const left = probe.check(expression.left, roomToCompareWith(probe, right));
  if (left?.kind === "stringConstant" && right !== undefined) {
    right = probe.check(expression.right, roomToCompareWith(probe, left));
  }
  if (left === undefined || right === undefined) return undefined;
  if (operation === "equal" || operation === "different") {
    const meant = compareCode(probe, operation, left, right, span);
    if (meant !== undefined) return meant;
  }
  if (isText(left) && isText(right)) {
    if (operation !== "equal" && operation !== "different") {
      if (left.kind === "stringConstant" && right.kind === "stringConstant") {
        return booleanConstant(foldCompare(operation, left.value, right.value), span);
      }
      return refuseTypes(probe, { operator, left, right, span }, [orderHint]);
    }
    return compareTexts(probe, operation, left, right, span);
  }
  const isInMemory =
    !fitsRegister(left.type) && left.type.kind !== "none" && left.type.kind !== "aggregation";
  if (isInMemory && left.type.kind === right.type.kind) {
    return compareValues(probe, { operation, operator, left, right, span });
  }
  warnOfPointers(probe, expression, left, right);
  if (isComparedSigned(left, right)) {
    warnOfSigns(probe, int64, [
      [left, expression.left],
      [right, expression.right],
    ]);
  }
  return compareNumbers(probe, { operation, operator, left, right, span });
}

/** Tuples, records and arrays: the same when all of them is. */
function compareValues(probe: ProbeState, comparison: Comparison): CheckedExpression | undefined {
  const { operation, operator, left, right, span } = comparison;
  if (operation !== "equal" && operation !== "different") {
    if (left.type.kind !== "array") return refuseTypes(probe, comparison, [orderHint]);
    const message = `The ${operator} operator cannot be used on arrays.`;
    return probe.error("type-mismatch", span, message);
  }
  const merged = mergeSlots({ type: left.type }, { type: right.type });
  if (merged === undefined) {
    if (left.type.kind === "array") {
      const message = "Only arrays of same size support comparison operators.";
      return probe.error("type-mismatch", span, message);
    }
    if (areNeverSame(left, right)) return booleanConstant(operation === "different", span);
    return refuseOperands(probe, comparison);
  }
  return {
    kind: "compareMemory",
    operation,
    left: coerce(left, merged.type),
    right: coerce(right, merged.type),
    type: boolean,
    span,
  };
}

/** Whether values of types that do not go together may be compared all the same: tuples that are written out, or not as long. */
function areNeverSame(left: CheckedExpression, right: CheckedExpression): boolean {
  const [first, second] = [left.type, right.type];
  if (first.kind !== "tuple" || second.kind !== "tuple") return false;
  if (first.names !== undefined || second.names !== undefined) return false;
  return first.elements.length !== second.elements.length || (isWritten(left) && isWritten(right));
}

/** Of what is the same or not, and neither less nor more. */
const orderHint = "== and != compare them.";

interface Comparison {
  readonly operation: CompareOperation;
  readonly operator: BinaryOperator;
  readonly left: CheckedExpression;
  readonly right: CheckedExpression;
  readonly span: CheckedExpression["span"];
}

/** Warns of pointers to different things. */
function warnOfPointers(
  probe: ProbeState,
  { left: first, right: second, span }: ExpressionOf<"binary">,
  { type: left }: CheckedExpression,
  { type: right }: CheckedExpression,
): void {
  if (left.kind !== "pointer" || right.kind !== "pointer") return;
  const [one, other] = [left.target, right.target].map((type) => type && describeType(type));
  if (one === undefined || other === undefined || one === other) return;
  const { diagnostics } = probe.program;
  diagnostics.warn("type-mismatch", span, `comparison of distinct pointer types: ${one}, ${other}`);
  diagnostics.warn("type-mismatch", first.span, `left (${one})`);
  diagnostics.warn("type-mismatch", second.span, `right (${other})`);
}

function compareNumbers(probe: ProbeState, comparison: Comparison): CheckedExpression | undefined {
  const { operation, operator, left, right, span } = comparison;
  const isSameKind = left.type.kind === right.type.kind && fitsRegister(left.type);
  if (!(isNumber(left.type) && isNumber(right.type)) && !isSameKind) {
    return refuseOperands(probe, comparison);
  }
  const isSigned = isComparedSigned(left, right);
  if (left.kind === "constant" && right.kind === "constant") {
    const type = isSigned ? int64 : uint64;
    const [first, second] = [wrapInteger(left.value, type), wrapInteger(right.value, type)];
    return booleanConstant(foldCompare(operation, first, second), span);
  }
  if (!isSigned && right.kind === "constant" && right.value === 0n) {
    if (operation === "less" || operation === "greaterOrEqual") {
      const always = operation === "less" ? "never" : "always";
      probe.program.diagnostics.warn(
        "type-mismatch",
        span,
        `an unsigned number is ${always} ${operator} 0`,
        ["Cast it when it may be negative: (int64)x, or (int32)x for an int."],
      );
    }
  }
  return { kind: "compare", operation, isSigned, left, right, type: boolean, span };
}

/** Enough of a string to tell whether it is the constant: one byte more than that, and NUL. */
function roomToCompareWith(
  probe: ProbeState,
  other: CheckedExpression | undefined,
): StringRoom | undefined {
  return other?.kind === "stringConstant"
    ? probe.storedRoom(utf8SizeBytes(other.value) + 2)
    : undefined;
}

function isText(expression: CheckedExpression): boolean {
  return expression.type.kind === "string" || expression.type.kind === "name";
}

function compareTexts(
  probe: ProbeState,
  operation: "equal" | "different",
  left: CheckedExpression,
  right: CheckedExpression,
  span: CheckedExpression["span"],
): CheckedExpression | undefined {
  if (left.type.kind === "name" || right.type.kind === "name") {
    const [first, second] = [asName(probe, left), asName(probe, right)];
    if (first === undefined || second === undefined) {
      return probe.notSupported(
        span,
        "comparing probe or func with a string that is no literal is",
      );
    }
    if (first.kind === "constant" && second.kind === "constant") {
      return booleanConstant(foldCompare(operation, first.value, second.value), span);
    }
    return {
      kind: "compare",
      operation,
      isSigned: false,
      left: first,
      right: second,
      type: boolean,
      span,
    };
  }
  if (left.kind === "stringConstant" && right.kind === "stringConstant") {
    return booleanConstant(foldCompare(operation, left.value, right.value), span);
  }
  return {
    kind: "compareStrings",
    operation,
    left,
    right,
    limitBytes: undefined,
    type: boolean,
    span,
  };
}

/** A name is compared by its number; a literal is the number of the name that it spells. */
function asName(probe: ProbeState, value: CheckedExpression): CheckedExpression | undefined {
  if (value.type.kind === "name") return value;
  if (value.kind !== "stringConstant") return undefined;
  const index = BigInt(probe.program.nameIndex(value.value));
  return { kind: "constant", value: index, type: { kind: "name" }, span: value.span };
}
