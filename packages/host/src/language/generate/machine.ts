import {
  type AccessSize,
  type AluOperation,
  type JumpCondition,
  type Register,
} from "../../asm/instruction.js";
import { assertNever } from "../../asm/internal-error.js";

/**
 * A real register (0 to 10), or a virtual one (from `firstVirtual` on). Real ones stand where the machine prescribes
 * them: arguments and results of calls, the context at entry, the return value.
 */
export type MachineRegister = number;

export const firstVirtual = 16;

/** Narrows to the real registers. */
export function isReal(register: MachineRegister): register is Register {
  return register < firstVirtual;
}

export type MachineOperand =
  | { readonly kind: "register"; readonly register: MachineRegister }
  | { readonly kind: "immediate"; readonly value: number };

/** What a load, store or address counts from: a register's pointer, or the start of a stack slot. */
export type MachineBase =
  | { readonly kind: "register"; readonly register: MachineRegister }
  | { readonly kind: "slot"; readonly slot: number };

/** Instructions before registers and places on the stack are given out: two-address, as the machine has them. */
export type MachineOperation =
  | {
      readonly kind: "alu";
      readonly operation: AluOperation;
      readonly width: 32 | 64;
      readonly destination: MachineRegister;
      readonly source: MachineOperand;
    }
  | { readonly kind: "negate"; readonly width: 32 | 64; readonly destination: MachineRegister }
  | { readonly kind: "load64"; readonly destination: MachineRegister; readonly value: bigint }
  | {
      readonly kind: "loadMap";
      readonly destination: MachineRegister;
      readonly map: string;
      readonly valueOffset: number | undefined;
    }
  | {
      readonly kind: "loadFunction";
      readonly destination: MachineRegister;
      readonly target: string;
    }
  | {
      readonly kind: "slotAddress";
      readonly destination: MachineRegister;
      readonly slot: number;
      readonly offset: number;
    }
  | {
      readonly kind: "load";
      readonly size: AccessSize;
      readonly destination: MachineRegister;
      readonly base: MachineBase;
      readonly offset: number;
    }
  | {
      readonly kind: "store";
      readonly size: AccessSize;
      readonly base: MachineBase;
      readonly offset: number;
      readonly source: MachineOperand;
    }
  | {
      readonly kind: "atomicAdd";
      readonly size: 4 | 8;
      readonly base: MachineBase;
      readonly offset: number;
      readonly source: MachineRegister;
    }
  | {
      readonly kind: "atomicExchange";
      readonly size: 4 | 8;
      readonly base: MachineBase;
      readonly offset: number;
      readonly register: MachineRegister;
    }
  | {
      readonly kind: "jumpIf";
      readonly condition: JumpCondition;
      readonly width: 32 | 64;
      readonly left: MachineRegister;
      readonly right: MachineOperand;
      readonly target: string;
    }
  | { readonly kind: "jump"; readonly target: string }
  | { readonly kind: "call"; readonly helper: number; readonly argumentCount: number }
  | { readonly kind: "exit" }
  | { readonly kind: "label"; readonly name: string }
  /** The start of a program, with its context in register 1, or of a callback, with so many parameters from there on. */
  | { readonly kind: "entry"; readonly parameterCount: number };

/** Registers that an operation reads. */
export function readsOf(operation: MachineOperation): readonly MachineRegister[] {
  switch (operation.kind) {
    case "alu": {
      const source = operandReads(operation.source);
      return operation.operation === "mov" ? source : [operation.destination, ...source];
    }
    case "negate":
      return [operation.destination];
    case "load":
      return operandReads(operation.base);
    case "store":
      return [...operandReads(operation.base), ...operandReads(operation.source)];
    case "atomicAdd":
      return [...operandReads(operation.base), operation.source];
    case "atomicExchange":
      return [...operandReads(operation.base), operation.register];
    case "jumpIf":
      return [operation.left, ...operandReads(operation.right)];
    case "call":
      return [1, 2, 3, 4, 5].slice(0, operation.argumentCount);
    case "exit":
      return [0];
    case "load64":
    case "loadMap":
    case "loadFunction":
    case "slotAddress":
    case "jump":
    case "label":
    case "entry":
      return [];
    default:
      return assertNever(operation);
  }
}

function operandReads(operand: MachineOperand | MachineBase): readonly MachineRegister[] {
  return operand.kind === "register" ? [operand.register] : [];
}

/** Registers that an operation writes or makes unusable. */
export function writesOf(operation: MachineOperation): readonly MachineRegister[] {
  switch (operation.kind) {
    case "alu":
    case "negate":
    case "load64":
    case "loadMap":
    case "loadFunction":
    case "slotAddress":
    case "load":
      return [operation.destination];
    case "atomicExchange":
      return [operation.register];
    case "call":
      return [0, 1, 2, 3, 4, 5];
    case "entry":
      return [1, 2, 3, 4, 5].slice(0, operation.parameterCount);
    case "store":
    case "atomicAdd":
    case "jumpIf":
    case "jump":
    case "exit":
    case "label":
      return [];
    default:
      return assertNever(operation);
  }
}

/** Whether an operation does nothing but write its destination. */
export function isPure(operation: MachineOperation): boolean {
  switch (operation.kind) {
    case "alu":
    case "negate":
    case "load64":
    case "loadMap":
    case "loadFunction":
    case "slotAddress":
    case "load":
      return true;
    default:
      return false;
  }
}

/** The same operation on other registers: `read` and `write` name the new one for each role. */
export function mapRegisters(
  operation: MachineOperation,
  rename: (register: MachineRegister) => MachineRegister,
): MachineOperation {
  const operand = <Operand extends MachineOperand | MachineBase>(value: Operand): Operand =>
    value.kind === "register" ? { ...value, register: rename(value.register) } : value;
  switch (operation.kind) {
    case "alu":
      return {
        ...operation,
        destination: rename(operation.destination),
        source: operand(operation.source),
      };
    case "negate":
    case "load64":
    case "loadMap":
    case "loadFunction":
    case "slotAddress":
      return { ...operation, destination: rename(operation.destination) };
    case "load":
      return {
        ...operation,
        destination: rename(operation.destination),
        base: operand(operation.base),
      };
    case "store":
      return { ...operation, base: operand(operation.base), source: operand(operation.source) };
    case "atomicAdd":
      return { ...operation, base: operand(operation.base), source: rename(operation.source) };
    case "atomicExchange":
      return { ...operation, base: operand(operation.base), register: rename(operation.register) };
    case "jumpIf":
      return { ...operation, left: rename(operation.left), right: operand(operation.right) };
    case "jump":
    case "call":
    case "exit":
    case "label":
    case "entry":
      return operation;
    default:
      return assertNever(operation);
  }
}

/** A copy from one register to another in full width, or `undefined`. */
export function copyOf(
  operation: MachineOperation,
): { readonly from: MachineRegister; readonly to: MachineRegister } | undefined {
  if (operation.kind !== "alu" || operation.operation !== "mov" || operation.width !== 64) {
    return undefined;
  }
  if (operation.source.kind !== "register") return undefined;
  return { from: operation.source.register, to: operation.destination };
}
