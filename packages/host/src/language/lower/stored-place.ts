import { InternalError } from "../../asm/internal-error.js";
import {
  type CheckedExpression,
  type CheckedExpressionOf,
  type CheckedMap,
} from "../check/checked-program.js";
import { entryType } from "../check/entry-type.js";
import { sizeOfValue, valueTypeOf } from "../check/value-layout.js";
import { type Address } from "../ir.js";
import { type Lowering, type ScratchPlace } from "./lowering.js";
import { requireMap, zeroGaps } from "./map-access.js";
import { copyMemory } from "./memory-copy.js";
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
    const entry = entryOf(lowering, expression.operand);
    if (entry !== undefined) return placeInEntry(lowering, entry, expression.offset);
    const whole = storedPlace(lowering, expression.operand);
    return whole === undefined ? undefined : moved(whole, expression.offset);
  }
  return undefined;
}

type Entry = Extract<ScratchPlace, { readonly kind: "entry" }>;

/** What a loop over a map calls its entry by, when it is that. */
export function entryOf(lowering: Lowering, expression: CheckedExpression): Entry | undefined {
  if (expression.kind !== "scratch") return undefined;
  const place = lowering.scratches[expression.scratch];
  return place?.kind === "entry" ? place : undefined;
}

/** Where the part of an entry that begins at an offset in the tuple of its key and value is. */
function placeInEntry(lowering: Lowering, entry: Entry, offset: number): Address {
  const valueOffset = entryValueOffset(requireMap(lowering, entry.map));
  return offset < valueOffset
    ? moved(entry.key(), offset)
    : moved(entry.value(), offset - valueOffset);
}

/** Where the value begins in a tuple of a map's key and value. */
function entryValueOffset(map: CheckedMap): number {
  const type = valueTypeOf(entryType(map));
  const value = type.kind === "tuple" ? type.elements[1] : undefined;
  if (value === undefined) throw new InternalError(`an entry of ${map.name} is no pair`);
  return value.offset;
}

/** Writes the tuple of an entry's key and value. */
export function storeEntry(lowering: Lowering, entry: Entry, address: Address): void {
  const type = valueTypeOf(entryType(requireMap(lowering, entry.map)));
  if (type.kind !== "tuple") throw new InternalError("an entry is no pair");
  zeroGaps(lowering.builder, address, type.elements, type.sizeBytes);
  type.elements.forEach(({ type: part, offset }, index) => {
    const from = index === 0 ? entry.key() : entry.value();
    copyMemory(lowering, from, moved(address, offset), sizeOfValue(part));
  });
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
  part: Part,
  use: (place: Address) => Result,
): Result {
  const known = storedPlace(lowering, part);
  if (known !== undefined) return use(known);
  const { operand, offset } = part;
  return withStored(lowering, operand, (place) => use(moved(place, offset)));
}
