import { type BinaryOperator, type ExpressionOf } from "../syntax/ast.js";
import {
  type CheckedExpression,
  type CompareOperation,
  type IntegerOperation,
} from "./checked-program.js";
import { coerce, convert } from "./coerce.js";
import {
  booleanConstant,
  foldBinary,
  foldCompare,
  integerConstant,
  utf8Length,
  wrapInteger,
} from "./constant.js";
import { type ProbeState, type StringRoom } from "./probe-state.js";
import { mergeSlots, slotOf } from "./slot.js";
import {
  boolean,
  describeType,
  int64,
  isNumber,
  uint64,
  type IntegerType,
  type PointerType,
} from "./type.js";

const compareOperations: Partial<Record<BinaryOperator, CompareOperation>> = {
  "==": "equal",
  "!=": "different",
  "<": "less",
  "<=": "lessOrEqual",
  ">": "greater",
  ">=": "greaterOrEqual",
};

const integerOperations: Partial<Record<BinaryOperator, IntegerOperation>> = {
  "+": "add",
  "-": "subtract",
  "*": "multiply",
  "/": "divide",
  "%": "modulo",
  "&": "and",
  "|": "or",
  "^": "xor",
  "<<": "shiftLeft",
  ">>": "shiftRight",
};

/** What a compound assignment or a binary operator does to integers. */
export function integerOperationOf(operator: BinaryOperator): IntegerOperation | undefined {
  return integerOperations[operator];
}

export function checkBinary(
  probe: ProbeState,
  expression: ExpressionOf<"binary">,
): CheckedExpression | undefined {
  const { operator } = expression;
  if (operator === "&&" || operator === "||") return checkLogical(probe, expression, operator);
  const compare = compareOperations[operator];
  if (compare !== undefined) return checkComparison(probe, expression, compare);
  const operation = integerOperations[operator];
  const operands = probe.checkAll([expression.left, expression.right]);
  const [left, right] = operands ?? [];
  if (operation === undefined || left === undefined || right === undefined) return undefined;
  return checkArithmetic(probe, { operation, operator, left, right, span: expression.span });
}

/** Whether a value can be a condition; reports it when not. */
export function requireCondition(probe: ProbeState, value: CheckedExpression): boolean {
  if (isNumber(value.type)) return true;
  const type = describeType(value.type);
  probe.error("type-mismatch", value.span, `a condition must be a number, this is ${type}`);
  return false;
}

function checkLogical(
  probe: ProbeState,
  expression: ExpressionOf<"binary">,
  operator: "&&" | "||",
): CheckedExpression | undefined {
  const [left, right] = probe.checkAll([expression.left, expression.right]) ?? [];
  if (left === undefined || right === undefined) return undefined;
  const isGood = [requireCondition(probe, left), requireCondition(probe, right)];
  if (isGood.includes(false)) return undefined;
  const { span } = expression;
  if (left.kind === "constant") {
    const isDecided = operator === "&&" ? left.value === 0n : left.value !== 0n;
    if (isDecided) return booleanConstant(operator === "||", span);
    if (right.kind === "constant") return booleanConstant(right.value !== 0n, span);
    return convert(right, boolean, span);
  }
  const operation = operator === "&&" ? "and" : "or";
  return { kind: "logical", operation, left, right, type: boolean, span };
}

function checkComparison(
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
  if (isText(left) && isText(right)) {
    if (operation !== "equal" && operation !== "different") {
      const message = `strings can be compared with == and != only, not with ${operator}`;
      return probe.error("type-mismatch", span, message);
    }
    return compareTexts(probe, operation, left, right, span);
  }
  return compareNumbers(probe, { operation, operator, left, right, span });
}

function compareNumbers(
  probe: ProbeState,
  comparison: {
    readonly operation: CompareOperation;
    readonly operator: BinaryOperator;
    readonly left: CheckedExpression;
    readonly right: CheckedExpression;
    readonly span: CheckedExpression["span"];
  },
): CheckedExpression | undefined {
  const { operation, operator, left, right, span } = comparison;
  const isSameKind =
    left.type.kind === right.type.kind && !["tuple", "none"].includes(left.type.kind);
  if (!(isNumber(left.type) && isNumber(right.type)) && !isSameKind) {
    const types = `${describeType(left.type)} and ${describeType(right.type)}`;
    return probe.error("type-mismatch", span, `${operator} cannot compare ${types}`);
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
    ? probe.storedRoom(utf8Length(other.value) + 2)
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
    return booleanConstant((left.value === right.value) === (operation === "equal"), span);
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

/** How a value takes part in deciding between signed and unsigned. */
function signOf(expression: CheckedExpression): "signed" | "unsigned" | "either" {
  const { type } = expression;
  if (expression.kind === "constant" && expression.value >= 0n && type.kind === "integer") {
    return "either";
  }
  if (type.kind === "integer") return type.isSigned ? "signed" : "unsigned";
  return type.kind === "boolean" ? "either" : "unsigned";
}

/** As C has it: unsigned when one side is a 64-bit unsigned number. Narrower ones fit in a signed one. */
function isComparedSigned(left: CheckedExpression, right: CheckedExpression): boolean {
  const isWideUnsigned = (side: CheckedExpression): boolean =>
    signOf(side) === "unsigned" && !(side.type.kind === "integer" && side.type.sizeBytes < 8);
  if (isWideUnsigned(left) || isWideUnsigned(right)) return false;
  return signOf(left) === "signed" || signOf(right) === "signed";
}

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
  for (const side of [left, right]) {
    if (isNumber(side.type)) continue;
    const message = `${operator} takes numbers, this is ${describeType(side.type)}`;
    return probe.error("type-mismatch", side.span, message);
  }
  if (!checkRightConstant(probe, operation, right)) return undefined;
  if (operation === "add" || operation === "subtract") {
    if (left.type.kind === "pointer" && right.type.kind === "integer") {
      return movePointer(operation, left, left.type, right, span);
    }
    if (operation === "add" && right.type.kind === "pointer" && left.type.kind === "integer") {
      return movePointer(operation, right, right.type, left, span);
    }
  }
  const type = resultType(operation, left, right);
  if (left.kind === "constant" && right.kind === "constant") {
    const folded = foldBinary(operation, left.value, right.value, type);
    return { kind: "constant", value: folded, type, span };
  }
  return { kind: "binary", operation, left, right, type, span };
}

/** Reports division by zero, and shifts by more than there are bits. */
export function checkRightConstant(
  probe: ProbeState,
  operation: IntegerOperation,
  right: CheckedExpression,
): boolean {
  if (right.kind !== "constant") return true;
  if ((operation === "divide" || operation === "modulo") && right.value === 0n) {
    probe.error("bad-value", right.span, "division by zero");
    return false;
  }
  const isShift = operation === "shiftLeft" || operation === "shiftRight";
  if (isShift && (right.value < 0n || right.value > 63n)) {
    probe.error("bad-value", right.span, `a shift by ${right.value} is out of range: 0 to 63`);
    return false;
  }
  return true;
}

/** `p + n`: n elements further, or n bytes when what it points to is not known. */
export function movePointer(
  operation: "add" | "subtract",
  pointer: CheckedExpression,
  type: PointerType,
  count: CheckedExpression,
  span: CheckedExpression["span"],
): CheckedExpression {
  const size = BigInt(type.target?.sizeBytes ?? 1);
  const scale = integerConstant(size, count.span);
  let distance = count;
  if (count.kind === "constant") {
    distance = integerConstant(count.value * size, count.span);
  } else if (size !== 1n) {
    distance = {
      kind: "binary",
      operation: "multiply",
      left: count,
      right: scale,
      type: int64,
      span: count.span,
    };
  }
  if (pointer.kind === "constant" && distance.kind === "constant") {
    const value = foldBinary(operation, pointer.value, distance.value, uint64);
    return { kind: "constant", value, type, span };
  }
  const moved: CheckedExpression = {
    kind: "binary",
    operation,
    left: convert(pointer, uint64),
    right: distance,
    type: uint64,
    span,
  };
  return convert(moved, type);
}

export function checkUnary(
  probe: ProbeState,
  expression: ExpressionOf<"unary">,
): CheckedExpression | undefined {
  const { operator, span } = expression;
  if (operator === "&") return probe.notSupported(span, "taking an address (&) is");
  const operand = probe.check(expression.operand);
  if (operand === undefined) return undefined;
  if (operator === "*") return readThrough(probe, operand, span);
  if (!isNumber(operand.type)) {
    const message = `${operator} takes a number, this is ${describeType(operand.type)}`;
    return probe.error("type-mismatch", operand.span, message);
  }
  const isConstant = operand.kind === "constant";
  const type = signOf(operand) === "unsigned" ? uint64 : int64;
  switch (operator) {
    case "+":
      return operand;
    case "!":
      return isConstant
        ? booleanConstant(operand.value === 0n, span)
        : { kind: "not", operand, type: boolean, span };
    case "-":
      return isConstant
        ? { kind: "constant", value: wrapInteger(-operand.value, int64), type: int64, span }
        : { kind: "negate", operand, type: int64, span };
    default:
      return isConstant
        ? { kind: "constant", value: wrapInteger(~operand.value, type), type, span }
        : { kind: "complement", operand, type, span };
  }
}

/** `*p` of a pointer to integers. */
export function readThrough(
  probe: ProbeState,
  pointer: CheckedExpression,
  span: CheckedExpression["span"],
): CheckedExpression | undefined {
  const { type } = pointer;
  if (type.kind !== "pointer") {
    const message = `${describeType(type)} is no pointer and cannot be read through`;
    return probe.error("type-mismatch", span, message, ["Cast it first: *(uint64 *)x."]);
  }
  if (type.target === undefined) {
    return probe.notSupported(span, "reading what this pointer points to is", [
      "Pointers to integers can be read: *(uint64 *)x.",
    ]);
  }
  return { kind: "readMemory", pointer, space: type.space, type: type.target, span };
}

export function checkConditional(
  probe: ProbeState,
  expression: ExpressionOf<"conditional">,
  room: StringRoom,
): CheckedExpression | undefined {
  const condition = probe.check(expression.condition);
  const branches = probe.checkAll([expression.then, expression.otherwise], room);
  if (condition === undefined || branches === undefined) return undefined;
  if (!requireCondition(probe, condition)) return undefined;
  const [then, otherwise] = branches;
  if (then === undefined || otherwise === undefined) return undefined;
  const merged = mergeSlots(slotOf(then), slotOf(otherwise));
  const { span } = expression;
  if (merged === undefined) {
    const types = `${describeType(then.type)} and ${describeType(otherwise.type)}`;
    return probe.error("type-mismatch", span, `both sides of ?: must be of one type, not ${types}`);
  }
  const { type } = merged;
  if (condition.kind === "constant") {
    return coerce(condition.value === 0n ? otherwise : then, type);
  }
  return {
    kind: "conditional",
    condition,
    then: coerce(then, type),
    otherwise: coerce(otherwise, type),
    type,
    span,
  };
}
