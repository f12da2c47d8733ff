import { type Address, type IrValue } from "../ir.js";
import { canBePreempted, type Lowering } from "./lowering.js";
import { constant, moved } from "./program-builder.js";

/** How an aggregation takes a value up: where there is one already, and as the first. */
export interface Update {
  readonly change: (place: Address) => void;
  readonly initial: (place: Address) => void;
}

/**
 * Adds to this CPU's u64. Nobody else writes it meanwhile, save a run of the program that preempts this one: then the
 * addition is atomic.
 */
export function addInPlace(lowering: Lowering, place: Address, value: IrValue): void {
  const { builder, probe, target } = lowering;
  if (canBePreempted(probe, target)) {
    addAtomically(lowering, place, value);
    return;
  }
  const sum = builder.binary("add", builder.load(place, 8, false), value);
  builder.store(place, 8, sum);
}

export function addAtomically({ builder }: Lowering, place: Address, value: IrValue): void {
  let amount = value;
  if (amount.kind === "constant") {
    const register = builder.register();
    builder.move(register, amount);
    amount = register;
  }
  builder.emit({ kind: "atomicAdd", address: place, size: 8, value: amount });
}

/** A value and "1": a minimum that is set, a total of one. */
export function storePair({ builder }: Lowering, place: Address, value: IrValue): void {
  builder.store(place, 8, value);
  builder.store(moved(place, 8), 8, constant(1));
}

export function keepExtreme(
  lowering: Lowering,
  place: Address,
  value: IrValue,
  layout: { readonly kind: "min" | "max"; readonly isSigned: boolean },
): void {
  const { builder } = lowering;
  const take = builder.newLabel("take");
  const keep = builder.newLabel("keep");
  const isSet = builder.load(moved(place, 8), 8, false);
  builder.jumpIf("eq", isSet, constant(0), take);
  const current = builder.load(place, 8, false);
  const isNoBetter = layout.kind === "min" ? "ge" : "le";
  builder.jumpIf(layout.isSigned ? `s${isNoBetter}` : isNoBetter, value, current, keep);
  builder.label(take);
  storePair(lowering, place, value);
  builder.label(keep);
}
