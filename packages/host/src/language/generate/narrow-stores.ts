import { type IrOperation, type IrProgram, type IrValue } from "../ir.js";

/**
 * Leaves out extensions of values of which only the low bytes are stored: `*(u32 *)key = (s32)field` needs no sign. Holds
 * for registers that are written once.
 */
export function narrowStores<Program extends Pick<IrProgram, "operations">>(
  program: Program,
): Program {
  const writes = new Map<number, number>();
  const widestUse = new Map<number, number>();
  for (const operation of program.operations) {
    if ("to" in operation && operation.to !== undefined) count(writes, operation.to.id);
    for (const { value, size } of usesOf(operation)) {
      if (value.kind !== "virtual") continue;
      widestUse.set(value.id, Math.max(widestUse.get(value.id) ?? 0, size));
    }
  }
  const isNarrow = (id: number, size: number): boolean =>
    writes.get(id) === 1 && (widestUse.get(id) ?? 8) <= size;
  const operations = program.operations.map((operation): IrOperation => {
    if (operation.kind === "extend" && isNarrow(operation.to.id, operation.size)) {
      return { kind: "move", to: operation.to, from: operation.from };
    }
    if (
      operation.kind === "load" &&
      operation.isSigned &&
      isNarrow(operation.to.id, operation.size)
    ) {
      return { ...operation, isSigned: false };
    }
    return operation;
  });
  return { ...program, operations };
}

function count(counts: Map<number, number>, id: number): void {
  counts.set(id, (counts.get(id) ?? 0) + 1);
}

/** What an operation reads, and how many of its low bytes: all but a store's value count in full. */
function usesOf(
  operation: IrOperation,
): readonly { readonly value: IrValue; readonly size: number }[] {
  if (operation.kind === "store") {
    const { address, size, value } = operation;
    const uses = [{ value, size: size as number }];
    if (address.kind === "pointer") uses.push({ value: address.base, size: 8 });
    return uses;
  }
  return valuesIn(operation).map((value) => ({ value, size: 8 }));
}

/** All registers that stand anywhere in an operation but as its result. */
function valuesIn(operation: IrOperation): readonly IrValue[] {
  const found: IrValue[] = [];
  const walk = (part: unknown): void => {
    if (typeof part !== "object" || part === null) return;
    if ("kind" in part && part.kind === "virtual" && "id" in part && typeof part.id === "number") {
      found.push({ kind: "virtual", id: part.id });
      return;
    }
    Object.values(part).forEach(walk);
  };
  walk({ ...operation, to: undefined });
  return found;
}
