import { helpers } from "../../asm/helpers.js";
import { InternalError } from "../../asm/internal-error.js";
import { type CheckedExpression, type Place } from "../check/checked-program.js";
import { fitsRegister } from "../check/type.js";
import { sizeOfValue, valueTypeOf } from "../check/value-layout.js";
import { type Address, type BinaryOperation, type IrValue } from "../ir.js";
import { type Span } from "../syntax/span.js";
import { binary } from "./division.js";
import { type Lowering } from "./lowering.js";
import { changeOrInsert, mapArgument, requireMap, withKey, writeEntry } from "./map-access.js";
import { copyMemory } from "./memory-copy.js";
import { constant, pointerTo } from "./program-builder.js";
import { accessOf, loadScalar, storeScalar } from "./scalar-access.js";
import { currentValue, mentionsVariable, setVariable } from "./variables.js";

/** What is done to an integer where it stands. */
export interface Change {
  readonly operation: BinaryOperation;
  readonly amount: IrValue;
  /** Which value is wanted of it. */
  readonly result: "old" | "new" | "none";
  /** Of what asks for it. */
  readonly span: Span;
}

/** `place op= amount`. A map entry that does not exist counts as 0. Gives 0 when no result is wanted. */
export function updatePlace(lowering: Lowering, place: Place, change: Change): IrValue {
  return place.kind === "scratch"
    ? updateScratch(lowering, place, change)
    : updateEntry(lowering, place, change);
}

function updateScratch(
  lowering: Lowering,
  place: Place & { readonly kind: "scratch" },
  { operation, amount, result, span }: Change,
): IrValue {
  const { builder } = lowering;
  const current = currentValue(lowering, place.scratch);
  const { size, isSigned } = accessOf(place.type);
  const wanted = builder.register();
  if (result === "old") builder.move(wanted, current);
  const made = binary(lowering, operation, { left: current, right: amount, span });
  const changed = builder.extend(made, size, isSigned);
  setVariable(lowering, place.scratch, changed);
  if (result === "new") builder.move(wanted, changed);
  return result === "none" ? constant(0) : wanted;
}

function updateEntry(
  lowering: Lowering,
  place: Place & { readonly kind: "map" },
  change: Change,
): IrValue {
  const { builder } = lowering;
  const map = requireMap(lowering, place.map);
  const { operation, amount, result: wanted, span } = change;
  const apply = (left: IrValue): IrValue =>
    binary(lowering, operation, { left, right: amount, span });
  const { size, isSigned } = accessOf(place.type);
  const result = builder.register();
  const keep = (old: IrValue, changed: IrValue): void => {
    if (wanted === "old") builder.move(result, old);
    if (wanted === "new") builder.move(result, builder.extend(changed, size, isSigned));
  };
  withKey(lowering, map, place, (key) => {
    changeOrInsert(lowering, map, key, {
      change: (value) => {
        if (wanted === "none" && addsAtomically(lowering, value, size, change)) return;
        const old = loadScalar(lowering, value, place.type);
        const changed = apply(old);
        storeScalar(lowering, value, place.type, changed);
        keep(old, changed);
      },
      initial: (value) => {
        const changed = apply(constant(0));
        storeScalar(lowering, value, place.type, changed);
        keep(constant(0), changed);
      },
      span,
      reads: true,
    });
  });
  return wanted === "none" ? constant(0) : result;
}

/** An entry that all CPUs share loses no addition this way; nothing else can be done so on every kernel. */
function addsAtomically(
  { builder }: Lowering,
  value: Address,
  size: number,
  { operation, amount }: Change,
): boolean {
  if ((operation !== "add" && operation !== "sub") || (size !== 4 && size !== 8)) return false;
  const addend = builder.register();
  if (operation === "add") builder.move(addend, amount);
  else builder.emit({ kind: "negate", to: addend, from: amount });
  builder.emit({ kind: "atomicAdd", address: value, size, value: addend });
  return true;
}

/** `place = value`. */
export function assignPlace(
  lowering: Lowering,
  place: Place,
  value: CheckedExpression,
  span: Span,
): void {
  if (place.kind === "map") assignEntry(lowering, place, value, span);
  else if (fitsRegister(place.type)) {
    const { size, isSigned } = accessOf(place.type);
    const have = accessOf(value.type);
    const fits =
      (have.size === size && have.isSigned === isSigned) ||
      (have.size < size && (isSigned || !have.isSigned));
    const assigned = lowering.value(value);
    const fitted = fits ? assigned : lowering.builder.extend(assigned, size, isSigned);
    setVariable(lowering, place.scratch, fitted);
  } else {
    assignMemory(lowering, place, value);
  }
}

function assignMemory(
  lowering: Lowering,
  place: Place & { readonly kind: "scratch" },
  value: CheckedExpression,
): void {
  const scratch = lowering.scratches[place.scratch];
  if (scratch?.kind !== "memory")
    throw new InternalError(`variable ${place.scratch} has no memory`);
  const type = valueTypeOf(place.type);
  if (!mentionsVariable(value, place.scratch)) {
    lowering.store(value, type, scratch.address);
    return;
  }
  // `$t = ($t.1, $t.0)`: made elsewhere first.
  const sizeBytes = sizeOfValue(type);
  lowering.memory.during(sizeBytes, "assigned value", (copy) => {
    lowering.store(value, type, copy);
    copyMemory(lowering, copy, scratch.address, sizeBytes);
  });
}

function assignEntry(
  lowering: Lowering,
  place: Place & { readonly kind: "map" },
  value: CheckedExpression,
  span: Span,
): void {
  const { memory } = lowering;
  const map = requireMap(lowering, place.map);
  const type = valueTypeOf(place.type);
  const isScalar = fitsRegister(place.type);
  if (isScalar) {
    const assigned = lowering.value(value);
    withKey(lowering, map, place, (key) => {
      if (place.keys.length === 0) {
        // The one entry is there from the second time on: to write it in place spares the kernel a new element.
        const write = (where: Address): void => {
          storeScalar(lowering, where, place.type, assigned);
        };
        changeOrInsert(lowering, map, key, { change: write, initial: write, span });
        return;
      }
      memory.during(map.layout.valueSizeBytes, `value of ${map.name}`, (fresh) => {
        storeScalar(lowering, fresh, place.type, assigned);
        writeEntry(lowering, map, key, fresh, span);
      });
    });
    return;
  }
  memory.during(map.layout.valueSizeBytes, `value of ${map.name}`, (fresh) => {
    lowering.store(value, type, fresh);
    withKey(lowering, map, place, (key) => {
      writeEntry(lowering, map, key, fresh, span);
    });
  });
  // The value is stored from its start; maps of the language hold nothing beside it.
  if (map.layout.valueSizeBytes < sizeOfValue(type)) {
    throw new InternalError(`${map.name} has no room for its value`);
  }
}

/** `delete(@m, k)`; gives 0 when there was such an entry. */
export function deleteEntry(
  lowering: Lowering,
  mapId: number,
  keys: readonly CheckedExpression[],
  bucketNumber?: CheckedExpression,
): IrValue {
  const map = requireMap(lowering, mapId);
  const parts =
    bucketNumber === undefined ? { keys } : { keys, bucket: lowering.value(bucketNumber) };
  return withKey(lowering, map, parts, (key) =>
    lowering.builder.call(helpers.map_delete_elem, mapArgument(map), pointerTo(key)),
  );
}
