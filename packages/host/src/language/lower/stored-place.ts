import { InternalError } from "../../asm/internal-error.js";
import { type CheckedExpression, type CheckedExpressionOf } from "../check/checked-program.js";
import { valueTypeOf } from "../check/value-layout.js";
import { type Address } from "../ir.js";
import { type Lowering } from "./lowering.js";
import { moved } from "./program-builder.js";

type TupleElement = CheckedExpressionOf<"tupleElement">;

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

/** An element of a tuple that has to be made first, as in `@pair[pid].1`: `use` gets its place in a copy. */
export function withElement<Result>(
  lowering: Lowering,
  expression: TupleElement,
  use: (place: Address) => Result,
): Result {
  const place = storedPlace(lowering, expression);
  if (place !== undefined) return use(place);
  const type = valueTypeOf(expression.operand.type);
  if (type.kind !== "tuple") throw new InternalError(`element of a ${type.kind}`);
  return lowering.memory.during(type.sizeBytes, "tuple", (copy) => {
    lowering.store(expression.operand, type, copy);
    return use(moved(copy, elementOffset(expression)));
  });
}

/** What stands in a tuple that is written out: `(a, b).1` is b. Other elements' values are not asked for. */
export function literalElement({ operand, index }: TupleElement): CheckedExpression | undefined {
  return operand.kind === "tuple" ? operand.elements[index] : undefined;
}

/** Where an element is in its tuple. */
function elementOffset({ operand, index }: TupleElement): number {
  const type = valueTypeOf(operand.type);
  const element = type.kind === "tuple" ? type.elements[index] : undefined;
  if (element === undefined) throw new InternalError(`tuple without element ${index}`);
  return element.offset;
}
