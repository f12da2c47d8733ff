import { type Block, findBlocks } from "./control-flow.js";
import {
  isPure,
  type MachineOperation,
  type MachineRegister,
  readsOf,
  writesOf,
} from "./machine.js";

/**
 * Where a register holds a value that is still wanted, as ranges [from, to) in rising order. Operation i reads at 2i and
 * writes at 2i + 1: a value read for the last time by the operation that writes another can share its register.
 */
export type LiveRanges = readonly LiveRange[];

export interface LiveRange {
  readonly from: number;
  readonly to: number;
}

/** Registers wanted at the end of each block. */
function liveAtBlockEnds(
  operations: readonly MachineOperation[],
  blocks: readonly Block[],
): readonly ReadonlySet<MachineRegister>[] {
  const atStart = blocks.map(() => new Set<MachineRegister>());
  const atEnd = blocks.map(() => new Set<MachineRegister>());
  const effects = blocks.map((block) => blockEffects(operations, block));
  for (let changed = true; changed;) {
    changed = false;
    for (let index = blocks.length - 1; index >= 0; index--) {
      const start = atStart[index];
      const end = atEnd[index];
      const effect = effects[index];
      if (start === undefined || end === undefined || effect === undefined) continue;
      for (const successor of blocks[index]?.successors ?? []) {
        for (const register of atStart[successor] ?? []) end.add(register);
      }
      const before = start.size;
      for (const register of effect.readFirst) start.add(register);
      for (const register of end) if (!effect.written.has(register)) start.add(register);
      changed ||= start.size !== before;
    }
  }
  return atEnd;
}

interface BlockEffects {
  /** Read before any write in the block. */
  readonly readFirst: ReadonlySet<MachineRegister>;
  readonly written: ReadonlySet<MachineRegister>;
}

function blockEffects(operations: readonly MachineOperation[], block: Block): BlockEffects {
  const readFirst = new Set<MachineRegister>();
  const written = new Set<MachineRegister>();
  for (const operation of operations.slice(block.start, block.end)) {
    for (const register of readsOf(operation)) {
      if (!written.has(register)) readFirst.add(register);
    }
    for (const register of writesOf(operation)) written.add(register);
  }
  return { readFirst, written };
}

/** The live ranges of every register that a program uses. */
export function findLiveRanges(
  operations: readonly MachineOperation[],
): ReadonlyMap<MachineRegister, LiveRanges> {
  const blocks = findBlocks(operations);
  const liveAtEnd = liveAtBlockEnds(operations, blocks);
  // Built from the end of the program to its start, so ranges come in falling order.
  const ranges = new Map<MachineRegister, { from: number; to: number }[]>();
  const add = (register: MachineRegister, from: number, to: number): void => {
    const list = ranges.get(register) ?? [];
    ranges.set(register, list);
    const next = list.at(-1);
    if (next !== undefined && next.from <= to) next.from = Math.min(next.from, from);
    else list.push({ from, to });
  };
  for (let index = blocks.length - 1; index >= 0; index--) {
    const block = blocks[index];
    if (block === undefined) continue;
    const wantedUntil = new Map<MachineRegister, number>();
    for (const register of liveAtEnd[index] ?? []) wantedUntil.set(register, 2 * block.end);
    for (let place = block.end - 1; place >= block.start; place--) {
      const operation = operations[place];
      if (operation === undefined) continue;
      for (const register of writesOf(operation)) {
        // A value that nobody wants still occupies its register for a moment.
        add(register, 2 * place + 1, wantedUntil.get(register) ?? 2 * place + 2);
        wantedUntil.delete(register);
      }
      for (const register of readsOf(operation)) {
        if (!wantedUntil.has(register)) wantedUntil.set(register, 2 * place + 1);
      }
    }
    for (const [register, until] of wantedUntil) add(register, 2 * block.start, until);
  }
  return new Map([...ranges].map(([register, list]) => [register, list.reverse()]));
}

/** Whether two registers ever hold wanted values at the same time. */
export function overlap(left: LiveRanges, right: LiveRanges): boolean {
  let leftIndex = 0;
  let rightIndex = 0;
  for (;;) {
    const a = left[leftIndex];
    const b = right[rightIndex];
    if (a === undefined || b === undefined) return false;
    if (a.to <= b.from) leftIndex++;
    else if (b.to <= a.from) rightIndex++;
    else return true;
  }
}

/** Both together, in rising order, touching ranges joined. */
export function joinRanges(left: LiveRanges, right: LiveRanges): LiveRanges {
  const joined: { from: number; to: number }[] = [];
  for (const range of [...left, ...right].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last !== undefined && range.from <= last.to) last.to = Math.max(last.to, range.to);
    else joined.push({ ...range });
  }
  return joined;
}

/** Leaves out operations whose only effect is a value that nobody wants. */
export function withoutDeadValues(
  operations: readonly MachineOperation[],
): readonly MachineOperation[] {
  let current = operations;
  for (;;) {
    const next = removeDeadValues(current);
    if (next.length === current.length) return next;
    current = next;
  }
}

function removeDeadValues(operations: readonly MachineOperation[]): readonly MachineOperation[] {
  const blocks = findBlocks(operations);
  const liveAtEnd = liveAtBlockEnds(operations, blocks);
  return blocks.flatMap((block, index) => {
    const wanted = new Set(liveAtEnd[index]);
    const kept: MachineOperation[] = [];
    for (const operation of operations.slice(block.start, block.end).reverse()) {
      const writes = writesOf(operation);
      if (isPure(operation) && !writes.some((register) => wanted.has(register))) continue;
      for (const register of writes) wanted.delete(register);
      for (const register of readsOf(operation)) wanted.add(register);
      kept.push(operation);
    }
    return kept.reverse();
  });
}
