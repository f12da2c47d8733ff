import { type Span } from "../syntax/span.js";
import { type CheckedExpression } from "./checked-program.js";
import { convert } from "./coerce.js";
import { foldBinary, integerConstant } from "./constant.js";
import { int64, type PointerType, uint64 } from "./type.js";

/** An address some bytes further, as a number. */
export function addConstant(
  pointer: CheckedExpression,
  bytes: number,
  span: Span,
): CheckedExpression {
  if (bytes === 0) return pointer;
  if (pointer.kind === "constant") {
    const value = BigInt.asUintN(64, pointer.value + BigInt(bytes));
    return { kind: "constant", value, type: uint64, span };
  }
  if (
    pointer.kind === "binary" &&
    pointer.operation === "add" &&
    pointer.right.kind === "constant"
  ) {
    const right = integerConstant(pointer.right.value + BigInt(bytes), span);
    return { ...pointer, right, span };
  }
  return {
    kind: "binary",
    operation: "add",
    left: pointer,
    right: integerConstant(BigInt(bytes), span),
    type: uint64,
    span,
  };
}

/** How many bytes so many of what a pointer points to are. */
export function distanceOf(count: CheckedExpression, targetBytes: number): CheckedExpression {
  const size = BigInt(Math.max(1, targetBytes));
  if (count.kind === "constant") return integerConstant(count.value * size, count.span);
  if (size === 1n) return count;
  return {
    kind: "binary",
    operation: "multiply",
    left: count,
    right: integerConstant(size, count.span),
    type: int64,
    span: count.span,
  };
}

/** `p + n`: n elements further, or n bytes when what it points to is not known. */
export function movePointer(
  operation: "add" | "subtract",
  pointer: CheckedExpression,
  type: PointerType,
  count: CheckedExpression,
  /** Of what it points to. */
  targetBytes: number,
  span: Span,
): CheckedExpression {
  const distance = distanceOf(count, targetBytes);
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
