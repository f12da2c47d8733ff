import { type CheckedExpression, type CheckedExpressionOf } from "../check/checked-program.js";
import { sizeOfValue, valueTypeOf } from "../check/value-layout.js";
import { type Address } from "../ir.js";
import { type Lowering } from "./lowering.js";
import { moved } from "./program-builder.js";

type Part = CheckedExpressionOf<"part">;

/** Where a value in memory stands already, or `undefined` when it has to be made first. */
export function storedPlace(
  lowering: Lowering,
  expression: CheckedExpression,
): Address | undefined {
  if (expression.kind === "scratch") {
    const place = lowering.scratches[expression.scratch];
    return place?.kind === "memory" ? place.address : undefined;
  }
  if (expression.kind === "part") {
    const whole = storedPlace(lowering, expression.operand);
    return whole === undefined ? undefined : moved(whole, expression.offset);
  }
  return undefined;
}

/** The same for a string that is known to have NULs up to its capacity: a char array of a struct may fill its place. */
export function paddedPlace(
  lowering: Lowering,
  expression: CheckedExpression,
): Address | undefined {
  return isCharacterArray(expression) ? undefined : storedPlace(lowering, expression);
}

/** Whether a string is read from a char array, which need not have a NUL. */
export function isCharacterArray(expression: CheckedExpression): boolean {
  return (
    expression.kind === "part" &&
    expression.type.kind === "string" &&
    expression.sizeBytes !== undefined
  );
}

/** A value in memory: `use` gets its place, or that of a copy. */
export function withStored<Result>(
  lowering: Lowering,
  expression: CheckedExpression,
  use: (place: Address) => Result,
): Result {
  const place = storedPlace(lowering, expression);
  if (place !== undefined) return use(place);
  const type = valueTypeOf(expression.type);
  return lowering.memory.during(sizeOfValue(type), expression.type.kind, (copy) => {
    lowering.store(expression, type, copy);
    return use(copy);
  });
}

/** A part of a value that may have to be made first, as in `@pair[pid].1`: `use` gets its place. */
export function withPart<Result>(
  lowering: Lowering,
  { operand, offset }: Part,
  use: (place: Address) => Result,
): Result {
  return withStored(lowering, operand, (place) => use(moved(place, offset)));
}
