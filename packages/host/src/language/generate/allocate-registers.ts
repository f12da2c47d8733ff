import { type Register } from "../../asm/instruction.js";
import { InternalError } from "../../asm/internal-error.js";
import { Occupancy } from "./occupancy.js";
import { findLiveRanges, joinRanges, type LiveRanges, overlap } from "./liveness.js";
import {
  copyOf,
  isReal,
  type MachineOperation,
  type MachineRegister,
  mapRegisters,
  readsOf,
  writesOf,
} from "./machine.js";

/** Real registers for virtual ones, or the virtual ones that found none and have to live on the stack. */
export type Allocation =
  | { readonly kind: "registers"; readonly operations: readonly MachineOperation[] }
  | {
      readonly kind: "spills";
      readonly operations: readonly MachineOperation[];
      readonly spilled: ReadonlySet<MachineRegister>;
    };

/**
 * Gives every virtual register one real register for its whole life. Values that live across a call fit only in r6 to r9,
 * as calls make the others unusable. The most used for their length choose first, so that what is left over, and goes to
 * the stack, is long-lived and rarely touched. `unspillable` are the short-lived registers of former spills.
 */
export function allocateRegisters(
  operations: readonly MachineOperation[],
  unspillable: ReadonlySet<MachineRegister>,
): Allocation {
  const coalesced = coalesce(operations, unspillable);
  const ranges = findLiveRanges(coalesced);
  const occupancies = preferenceOrder.map((register) => ({
    register,
    occupancy: new Occupancy(ranges.get(register) ?? []),
  }));
  const neighbours = findCopyNeighbours(coalesced);
  const assigned = new Map<MachineRegister, Register>();
  const spilled = new Set<MachineRegister>();
  for (const virtual of inOrderOfNeed(coalesced, ranges, unspillable)) {
    const own = ranges.get(virtual) ?? [];
    const free = occupancies.filter(({ occupancy }) => occupancy.isFree(own));
    const best = mostWanted(free, neighbours.get(virtual) ?? [], assigned);
    if (best !== undefined) {
      assigned.set(virtual, best.register);
      best.occupancy.take(own);
    } else if (unspillable.has(virtual)) {
      throw new InternalError(`no register is left for a value of ${own.length} ranges`);
    } else {
      spilled.add(virtual);
    }
  }
  if (spilled.size > 0) return { kind: "spills", operations: coalesced, spilled };
  const realOf = (register: MachineRegister): MachineRegister => {
    if (isReal(register)) return register;
    const real = assigned.get(register);
    if (real === undefined) throw new InternalError(`register ${register} was given no place`);
    return real;
  };
  return {
    kind: "registers",
    operations: coalesced.map((operation) => mapRegisters(operation, realOf)),
  };
}

/** r0 is often wanted for a result; those that calls leave alone are for those who need them. */
const preferenceOrder: readonly Register[] = [5, 4, 3, 2, 1, 0, 6, 7, 8, 9];

/** Makes one register of two that a copy joins and that are never wanted at the same time: the copy vanishes. */
function coalesce(
  operations: readonly MachineOperation[],
  unspillable: ReadonlySet<MachineRegister>,
): readonly MachineOperation[] {
  const ranges = new Map(findLiveRanges(operations));
  const renamed = new Map<MachineRegister, MachineRegister>();
  const current = (register: MachineRegister): MachineRegister => {
    const next = renamed.get(register);
    return next === undefined ? register : current(next);
  };
  for (const operation of operations) {
    const copy = copyOf(operation);
    if (copy === undefined) continue;
    const from = current(copy.from);
    const to = current(copy.to);
    if (from === to || isReal(from) || isReal(to)) continue;
    if (unspillable.has(from) || unspillable.has(to)) continue;
    const fromRanges = ranges.get(from) ?? [];
    const toRanges = ranges.get(to) ?? [];
    if (overlap(fromRanges, toRanges)) continue;
    renamed.set(to, from);
    ranges.set(from, joinRanges(fromRanges, toRanges));
  }
  return operations
    .map((operation) => mapRegisters(operation, current))
    .filter((operation) => !isIdle(operation));
}

/** A copy from a register to itself. */
export function isIdle(operation: MachineOperation): boolean {
  const copy = copyOf(operation);
  return copy !== undefined && copy.from === copy.to;
}

/** For each virtual register, what it is copied from or to: to share its place saves an instruction. */
function findCopyNeighbours(
  operations: readonly MachineOperation[],
): ReadonlyMap<MachineRegister, readonly MachineRegister[]> {
  const neighbours = new Map<MachineRegister, MachineRegister[]>();
  const add = (register: MachineRegister, other: MachineRegister): void => {
    const list = neighbours.get(register) ?? [];
    list.push(other);
    neighbours.set(register, list);
  };
  for (const operation of operations) {
    const copy = copyOf(operation);
    if (copy === undefined) continue;
    add(copy.from, copy.to);
    add(copy.to, copy.from);
  }
  return neighbours;
}

interface Candidate {
  readonly register: Register;
  readonly occupancy: Occupancy;
}

function mostWanted(
  free: readonly Candidate[],
  neighbours: readonly MachineRegister[],
  assigned: ReadonlyMap<MachineRegister, Register>,
): Candidate | undefined {
  const places = neighbours.map((other) => (isReal(other) ? other : assigned.get(other)));
  let best: Candidate | undefined;
  let bestCount = -1;
  for (const candidate of free) {
    const count = places.filter((place) => place === candidate.register).length;
    if (count > bestCount) [best, bestCount] = [candidate, count];
  }
  return best;
}

function inOrderOfNeed(
  operations: readonly MachineOperation[],
  ranges: ReadonlyMap<MachineRegister, LiveRanges>,
  unspillable: ReadonlySet<MachineRegister>,
): readonly MachineRegister[] {
  const uses = countUses(operations);
  const need = (register: MachineRegister): number => {
    if (unspillable.has(register)) return Number.POSITIVE_INFINITY;
    const length = (ranges.get(register) ?? []).reduce((sum, { from, to }) => sum + to - from, 0);
    return (uses.get(register) ?? 0) / (length + 1);
  };
  return [...ranges.keys()]
    .filter((register) => !isReal(register))
    .map((register) => ({ register, need: need(register) }))
    .sort((a, b) => (a.need === b.need ? a.register - b.register : b.need - a.need))
    .map(({ register }) => register);
}

/** How often each register is read or written; what stands in a loop counts ten times. */
function countUses(operations: readonly MachineOperation[]): ReadonlyMap<MachineRegister, number> {
  const weights = loopWeights(operations);
  const uses = new Map<MachineRegister, number>();
  operations.forEach((operation, index) => {
    for (const register of [...readsOf(operation), ...writesOf(operation)]) {
      uses.set(register, (uses.get(register) ?? 0) + (weights[index] ?? 1));
    }
  });
  return uses;
}

function loopWeights(operations: readonly MachineOperation[]): readonly number[] {
  const weights = operations.map(() => 1);
  const labels = new Map<string, number>();
  operations.forEach((operation, index) => {
    if (operation.kind === "label") labels.set(operation.name, index);
    if (operation.kind !== "jump" && operation.kind !== "jumpIf") return;
    const target = labels.get(operation.target);
    if (target === undefined) return;
    for (let inside = target; inside <= index; inside++) {
      weights[inside] = (weights[inside] ?? 1) * 10;
    }
  });
  return weights;
}
