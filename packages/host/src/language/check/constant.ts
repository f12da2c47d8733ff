import { utf8SizeBytes } from "../../text/utf8.js";
import { type Span } from "../syntax/span.js";
import {
  type CheckedExpression,
  type CheckedExpressionOf,
  type CompareOperation,
  type IntegerOperation,
} from "./checked-program.js";
import { boolean, uint64, type IntegerType, type Type } from "./type.js";

/** The smallest signed type that holds a number, or uint64 for what only that holds. */
function smallestType(value: bigint): IntegerType {
  for (const sizeBytes of [1, 2, 4, 8] as const) {
    if (BigInt.asIntN(sizeBytes * 8, value) === value) {
      return { kind: "integer", sizeBytes, isSigned: true };
    }
  }
  return uint64;
}

/** A number that the program names, of the smallest type that holds it: it fits wherever its value does. */
export function integerConstant(value: bigint, span: Span): CheckedExpressionOf<"constant"> {
  return { kind: "constant", value, type: smallestType(value), isLiteral: true, span };
}

/** Whether 64 bits hold a number, with a sign or without. */
export function fitsInteger(value: bigint): boolean {
  return value >= -(1n << 63n) && value < 1n << 64n;
}

export function booleanConstant(value: boolean, span: Span): CheckedExpressionOf<"constant"> {
  return { kind: "constant", value: value ? 1n : 0n, type: boolean, span };
}

/** The low bytes of a value as an integer type reads them. */
export function wrapInteger(value: bigint, type: IntegerType): bigint {
  const bits = type.sizeBytes * 8;
  return type.isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

/** A string constant: what stands before the first NUL, in room for all that is written. */
export function stringConstant(value: string, span: Span): CheckedExpressionOf<"stringConstant"> {
  const [text = ""] = value.split("\0");
  return {
    kind: "stringConstant",
    value: text,
    ...(text === value ? {} : { whole: value }),
    type: { kind: "string", capacityBytes: utf8SizeBytes(value) + 1 },
    span,
  };
}

/** What a 64-bit operation gives; both sides are in the range of `type`, or will be read so. */
export function foldBinary(
  operation: IntegerOperation,
  left: bigint,
  right: bigint,
  type: IntegerType,
): bigint {
  const [first, second] = [wrapInteger(left, type), wrapInteger(right, type)];
  return wrapInteger(applyExactly(operation, first, second), type);
}

/** What an operation gives when numbers have no bounds; of a shift, by less than 64. */
export function applyExactly(operation: IntegerOperation, left: bigint, right: bigint): bigint {
  switch (operation) {
    case "add":
      return left + right;
    case "subtract":
      return left - right;
    case "multiply":
      return left * right;
    case "divide":
      return right === 0n ? 0n : left / right;
    case "modulo":
      return right === 0n ? left : left % right;
    case "and":
      return left & right;
    case "or":
      return left | right;
    case "xor":
      return left ^ right;
    case "shiftLeft":
      return left << (right & 63n);
    case "shiftRight":
      return left >> (right & 63n);
    default:
      return left;
  }
}

export function foldCompare<T extends bigint | string>(
  operation: CompareOperation,
  left: T,
  right: T,
): boolean {
  switch (operation) {
    case "equal":
      return left === right;
    case "different":
      return left !== right;
    case "less":
      return left < right;
    case "lessOrEqual":
      return left <= right;
    case "greater":
      return left > right;
    default:
      return left >= right;
  }
}

/** A constant as another type has it: the folded form of a conversion. */
export function convertConstant(value: bigint, type: Type): bigint {
  if (type.kind === "integer") return wrapInteger(value, type);
  if (type.kind === "boolean") return value === 0n ? 0n : 1n;
  return BigInt.asUintN(64, value);
}

/** Whether a value is written out, as are all parts of a tuple. */
export function isWritten(value: CheckedExpression): boolean {
  if (value.kind === "tuple") return value.elements.every(isWritten);
  return value.kind === "constant" || value.kind === "stringConstant";
}
