import {
  copyOf,
  isReal,
  type MachineOperand,
  type MachineOperation,
  type MachineRegister,
  mapRegisters,
  readsOf,
  writesOf,
} from "./machine.js";

export interface SpilledProgram {
  readonly operations: readonly MachineOperation[];
  /** Registers that live from a reload to its use or from a result to its store; they must not be spilled again. */
  readonly shortLived: ReadonlySet<MachineRegister>;
}

/** Keeps the spilled registers on the stack (each in the slot it is given), loading and storing around each use. */
export function insertSpills(
  operations: readonly MachineOperation[],
  slotOf: ReadonlyMap<MachineRegister, number>,
  firstFree: MachineRegister,
): SpilledProgram {
  const output: MachineOperation[] = [];
  const shortLived = new Set<MachineRegister>();
  let next = firstFree;
  for (const operation of operations) {
    const direct = directAccess(operation, slotOf);
    if (direct !== undefined) {
      output.push(direct);
      continue;
    }
    const replacements = new Map<MachineRegister, MachineRegister>();
    const replaced = mapRegisters(operation, (register) => {
      if (!slotOf.has(register)) return register;
      const replacement = replacements.get(register) ?? next++;
      replacements.set(register, replacement);
      shortLived.add(replacement);
      return replacement;
    });
    for (const register of new Set(readsOf(operation))) {
      const replacement = replacements.get(register);
      const slot = slotOf.get(register);
      if (replacement !== undefined && slot !== undefined) output.push(reload(replacement, slot));
    }
    output.push(replaced);
    for (const register of writesOf(operation)) {
      const replacement = replacements.get(register);
      const slot = slotOf.get(register);
      if (replacement !== undefined && slot !== undefined) {
        output.push(keep(slot, { kind: "register", register: replacement }));
      }
    }
  }
  return { operations: output, shortLived };
}

/** A copy or constant to or from a spilled register needs no register between. */
function directAccess(
  operation: MachineOperation,
  slotOf: ReadonlyMap<MachineRegister, number>,
): MachineOperation | undefined {
  const copy = copyOf(operation);
  if (copy !== undefined) {
    const fromSlot = slotOf.get(copy.from);
    const toSlot = slotOf.get(copy.to);
    if (fromSlot !== undefined && toSlot === undefined) return reload(copy.to, fromSlot);
    if (fromSlot === undefined && toSlot !== undefined) {
      return keep(toSlot, { kind: "register", register: copy.from });
    }
    return undefined;
  }
  if (operation.kind !== "alu" || operation.operation !== "mov" || operation.width !== 64) {
    return undefined;
  }
  const slot = isReal(operation.destination) ? undefined : slotOf.get(operation.destination);
  return slot === undefined ? undefined : keep(slot, operation.source);
}

function reload(destination: MachineRegister, slot: number): MachineOperation {
  return { kind: "load", size: 8, destination, base: { kind: "slot", slot }, offset: 0 };
}

function keep(slot: number, source: MachineOperand): MachineOperation {
  return { kind: "store", size: 8, base: { kind: "slot", slot }, offset: 0, source };
}
