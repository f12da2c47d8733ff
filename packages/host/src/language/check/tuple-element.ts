import { type Span } from "../syntax/span.js";
import { type CheckedExpression } from "./checked-program.js";
import { type TupleType } from "./type.js";
import { valueTypeOf } from "./value-layout.js";

/** An element of a tuple that is there. */
export function elementAt(
  operand: CheckedExpression,
  tuple: TupleType,
  index: number,
  span: Span,
): CheckedExpression | undefined {
  if (operand.kind === "tuple") return operand.elements[index];
  const type = tuple.elements[index];
  const layout = valueTypeOf(tuple);
  const field = layout.kind === "tuple" ? layout.elements[index] : undefined;
  if (type === undefined || field === undefined) return undefined;
  return { kind: "part", operand, offset: field.offset, sizeBytes: undefined, type, span };
}
