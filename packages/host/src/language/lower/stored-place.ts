import { InternalError } from "../../asm/internal-error.js";
import { type CheckedExpression } from "../check/checked-program.js";
import { valueTypeOf } from "../check/value-layout.js";
import { type Address } from "../ir.js";
import { type Lowering } from "./lowering.js";
import { moved } from "./program-builder.js";

/** Where a string or tuple stands already, or `undefined` when it has to be made first. */
export function storedPlace(
  lowering: Lowering,
  expression: CheckedExpression,
): Address | undefined {
  if (expression.kind === "scratch") {
    const place = lowering.scratches[expression.scratch];
    return place?.kind === "memory" ? place.address : undefined;
  }
  if (expression.kind === "tupleElement") {
    const tuple = storedPlace(lowering, expression.operand);
    return tuple === undefined ? undefined : moved(tuple, elementOffset(expression));
  }
  return undefined;
}

/** Where an element is in its tuple. */
export function elementOffset(
  expression: CheckedExpression & { readonly kind: "tupleElement" },
): number {
  const type = valueTypeOf(expression.operand.type);
  const element = type.kind === "tuple" ? type.elements[expression.index] : undefined;
  if (element === undefined) throw new InternalError(`tuple without element ${expression.index}`);
  return element.offset;
}
