import { type Instruction, type Operand, type Register } from "../../asm/instruction.js";
import { assertNever, InternalError } from "../../asm/internal-error.js";
import { type IrCallback, type IrProgram } from "../ir.js";
import { allocateRegisters, isIdle } from "./allocate-registers.js";
import { withoutUnreachable } from "./control-flow.js";
import { insertSpills } from "./insert-spills.js";
import { withoutDeadValues } from "./liveness.js";
import {
  firstVirtual,
  isReal,
  type MachineBase,
  type MachineOperand,
  type MachineOperation,
  type MachineRegister,
  readsOf,
  writesOf,
} from "./machine.js";
import { narrowStores } from "./narrow-stores.js";
import { functionStackBytes, placeStack, StackLimitError, stackSizeBytes } from "./place-stack.js";
import { selectInstructions, type SelectionOptions } from "./select-instructions.js";
import { tidyJumps } from "./tidy-jumps.js";

/**
 * Writes a program's instructions, behind them its callbacks, each after a label of its name; without those that nothing which can
 * run refers to. Throws StackLimitError when they want more stack than there is.
 */
export function generate(program: IrProgram, options: SelectionOptions): readonly Instruction[] {
  const { callbacks = [] } = program;
  const main = generateFunction(program, options);
  const all = [...main.instructions];
  const stackOf = new Map<string | undefined, number>([[undefined, main.stackBytes]]);
  // A caller comes before what it calls.
  for (const callback of callbacks) {
    if (!isNamed(all, callback.name)) continue;
    const { instructions, stackBytes } = generateFunction(callback, options);
    all.push({ kind: "label", name: callback.name }, ...instructions);
    const whole = (stackOf.get(callback.caller) ?? 0) + stackBytes;
    if (whole > stackSizeBytes) throw new StackLimitError(program.name, whole);
    stackOf.set(callback.name, whole);
  }
  return all;
}

function isNamed(instructions: readonly Instruction[], name: string): boolean {
  return instructions.some(
    (instruction) => instruction.kind === "loadFunction" && instruction.target === name,
  );
}

interface GeneratedFunction {
  readonly instructions: readonly Instruction[];
  readonly stackBytes: number;
}

function generateFunction(
  program: IrProgram | IrCallback,
  options: SelectionOptions,
): GeneratedFunction {
  const selected = withoutDeadValues(
    withoutUnreachable(selectInstructions(narrowStores(program), options)),
  );
  const { operations, spillSlotCount } = giveRegisters(selected, program.slots.length);
  const places = placeStack(program, spillSlotCount);
  const instructions = operations
    .filter((operation) => !isIdle(operation))
    .flatMap((operation) => write(operation, places));
  const deepest = Math.min(0, ...places);
  return {
    instructions: tidyJumps([...touchStack(deepest), ...instructions]),
    stackBytes: functionStackBytes(-deepest),
  };
}

/** Programs with less stack than this have too little in it to confuse the verifier. */
const plainStackBytes = 64;

/**
 * A store at the far end of the stack, so that the verifier gives every state all of it. Otherwise 6.18's compares states
 * with stacks of different depths, tries to track a value in the deeper one through the other, and refuses the program:
 * "verifier bug: stack slot 25, total slots 19".
 */
function touchStack(deepest: number): readonly Instruction[] {
  if (-deepest <= plainStackBytes) return [];
  return [
    {
      kind: "store",
      size: 8,
      base: 10,
      offset: deepest,
      source: { kind: "immediate", value: 0 },
    },
  ];
}

function giveRegisters(
  selected: readonly MachineOperation[],
  firstSpillSlot: number,
): { readonly operations: readonly MachineOperation[]; readonly spillSlotCount: number } {
  let operations = selected;
  let spillSlotCount = 0;
  const unspillable = new Set<MachineRegister>();
  for (;;) {
    const allocation = allocateRegisters(operations, unspillable);
    if (allocation.kind === "registers") {
      return { operations: allocation.operations, spillSlotCount };
    }
    const slotOf = new Map<MachineRegister, number>();
    for (const register of allocation.spilled) {
      slotOf.set(register, firstSpillSlot + spillSlotCount);
      spillSlotCount++;
    }
    const firstFree = registerCount(allocation.operations);
    const spilled = insertSpills(allocation.operations, slotOf, firstFree);
    for (const register of spilled.shortLived) unspillable.add(register);
    operations = spilled.operations;
  }
}

function registerCount(operations: readonly MachineOperation[]): MachineRegister {
  let count = firstVirtual;
  for (const operation of operations) {
    for (const register of [...readsOf(operation), ...writesOf(operation)]) {
      count = Math.max(count, register + 1);
    }
  }
  return count;
}

/** The machine's operation as an instruction, with the stack's places in it. */
function write(operation: MachineOperation, places: readonly number[]): readonly Instruction[] {
  switch (operation.kind) {
    case "alu":
      return [
        {
          ...operation,
          destination: real(operation.destination),
          source: operand(operation.source),
        },
      ];
    case "negate":
    case "load64":
      return [{ ...operation, destination: real(operation.destination) }];
    case "loadFunction": {
      const { kind, target } = operation;
      return [{ kind, destination: real(operation.destination), target }];
    }
    case "loadMap": {
      const { kind, map, valueOffset } = operation;
      const destination = real(operation.destination);
      return [
        valueOffset === undefined
          ? { kind, destination, map }
          : { kind, destination, map, valueOffset },
      ];
    }
    case "slotAddress": {
      const destination = real(operation.destination);
      const offset = placeOf(operation.slot, places) + operation.offset;
      return [
        alu("mov", destination, { kind: "register", register: 10 }),
        alu("add", destination, { kind: "immediate", value: offset }),
      ];
    }
    case "load": {
      const { kind, size, base, offset } = operation;
      const destination = real(operation.destination);
      return [{ kind, size, destination, ...located(base, offset, places) }];
    }
    case "store": {
      const { kind, size, base, offset, source } = operation;
      return [{ kind, size, ...located(base, offset, places), source: operand(source) }];
    }
    case "atomicAdd": {
      const { kind, size, base, offset, source } = operation;
      return [{ kind, size, ...located(base, offset, places), source: real(source) }];
    }
    case "atomicExchange": {
      const { kind, size, base, offset, register } = operation;
      return [{ kind, size, ...located(base, offset, places), register: real(register) }];
    }
    case "jumpIf":
      return [{ ...operation, left: real(operation.left), right: operand(operation.right) }];
    case "call":
      return [{ kind: "call", helper: operation.helper }];
    case "jump":
    case "exit":
    case "label":
      return [operation];
    case "entry":
      return [];
    default:
      return assertNever(operation);
  }
}

function alu(operation: "mov" | "add", destination: Register, source: Operand): Instruction {
  return { kind: "alu", operation, width: 64, destination, source };
}

function real(register: MachineRegister): Register {
  if (!isReal(register)) throw new InternalError(`register ${register} was given no place`);
  return register;
}

function operand(operand: MachineOperand): Operand {
  return operand.kind === "register"
    ? { kind: "register", register: real(operand.register) }
    : operand;
}

function located(
  base: MachineBase,
  offset: number,
  places: readonly number[],
): { readonly base: Register; readonly offset: number } {
  return base.kind === "slot"
    ? { base: 10, offset: placeOf(base.slot, places) + offset }
    : { base: real(base.register), offset };
}

function placeOf(slot: number, places: readonly number[]): number {
  const place = places[slot];
  if (place === undefined) throw new InternalError(`stack slot ${slot} does not exist`);
  return place;
}
