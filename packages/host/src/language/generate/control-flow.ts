import { InternalError } from "../../asm/internal-error.js";
import { type MachineOperation } from "./machine.js";

/** A run of operations that is entered at its start only and left at its end only: [start, end) in the list. */
export interface Block {
  readonly start: number;
  readonly end: number;
  /** Indexes of the blocks that may follow. */
  readonly successors: readonly number[];
}

/** Cuts a program into blocks, in its order. Throws InternalError on a jump to nowhere. */
export function findBlocks(operations: readonly MachineOperation[]): readonly Block[] {
  const starts = blockStarts(operations);
  const blockOfLabel = new Map<string, number>();
  starts.forEach((start, block) => {
    for (let index = start; operations[index]?.kind === "label"; index++) {
      const label = operations[index];
      if (label?.kind === "label") blockOfLabel.set(label.name, block);
    }
  });
  return starts.map((start, block) => {
    const end = starts[block + 1] ?? operations.length;
    return { start, end, successors: successorsOf(operations[end - 1], block, blockOfLabel) };
  });
}

function blockStarts(operations: readonly MachineOperation[]): readonly number[] {
  const starts: number[] = [];
  operations.forEach((operation, index) => {
    const previous = operations[index - 1];
    const follows = previous === undefined || endsBlock(previous);
    if (follows || (operation.kind === "label" && previous.kind !== "label")) starts.push(index);
  });
  return starts;
}

function endsBlock(operation: MachineOperation): boolean {
  return operation.kind === "jump" || operation.kind === "jumpIf" || operation.kind === "exit";
}

function successorsOf(
  last: MachineOperation | undefined,
  block: number,
  blockOfLabel: ReadonlyMap<string, number>,
): readonly number[] {
  const target = (name: string): number => {
    const found = blockOfLabel.get(name);
    if (found === undefined) throw new InternalError(`jump to ${name}, which is nowhere`);
    return found;
  };
  switch (last?.kind) {
    case "exit":
      return [];
    case "jump":
      return [target(last.target)];
    case "jumpIf":
      return [block + 1, target(last.target)];
    default:
      return [block + 1];
  }
}

/** Leaves out what can never run: kernels before 5.1 refuse programs with such instructions. */
export function withoutUnreachable(
  operations: readonly MachineOperation[],
): readonly MachineOperation[] {
  const blocks = findBlocks(operations);
  const reached = new Set<number>();
  const pending = [0];
  for (let block = pending.pop(); block !== undefined; block = pending.pop()) {
    if (reached.has(block)) continue;
    reached.add(block);
    pending.push(...(blocks[block]?.successors ?? []));
  }
  return blocks.flatMap((block, index) =>
    reached.has(index) ? operations.slice(block.start, block.end) : [],
  );
}
