import { type Span } from "../syntax/span.js";
import { type CheckedExpression } from "./checked-program.js";
import { uint64, type IntegerType } from "./type.js";

/** What stands `offset` bytes behind an address of the kernel's. */
export function memberOf(
  base: CheckedExpression,
  offset: number,
  type: IntegerType,
  span: Span,
): CheckedExpression {
  const right: CheckedExpression = { kind: "constant", value: BigInt(offset), type: uint64, span };
  return {
    kind: "readMemory",
    pointer: { kind: "binary", operation: "add", left: base, right, type: uint64, span },
    space: "kernel",
    sizeBytes: type.sizeBytes,
    type,
    span,
  };
}
