import { type AluOperation } from "../../asm/instruction.js";
import { assertNever } from "../../asm/internal-error.js";
import { immediateOf } from "../arithmetic.js";
import { type Address, type IrValue } from "../ir.js";
import {
  firstVirtual,
  type MachineBase,
  type MachineOperand,
  type MachineOperation,
  type MachineRegister,
} from "./machine.js";

/** The machine's operations as they are written, on virtual registers. */
export class Selection {
  readonly #output: MachineOperation[] = [];
  #nextRegister: MachineRegister;
  #context: MachineRegister | undefined;

  /** The program's own virtual registers are below this number. */
  constructor(registerCount: number) {
    this.#nextRegister = firstVirtual + registerCount;
  }

  get output(): readonly MachineOperation[] {
    return this.#output;
  }

  /** Where the context is kept from the entry on, when something reads it. */
  get context(): MachineRegister | undefined {
    return this.#context;
  }

  emit(...operations: readonly MachineOperation[]): void {
    this.#output.push(...operations);
  }

  fresh(): MachineRegister {
    return this.#nextRegister++;
  }

  alu(
    operation: AluOperation,
    destination: MachineRegister,
    source: MachineOperand,
    width: 32 | 64 = 64,
  ): void {
    this.emit({ kind: "alu", operation, width, destination, source });
  }

  /** A value as the right side of an operation: an immediate where it fits. */
  operand(value: IrValue, width: 32 | 64): MachineOperand {
    if (value.kind === "virtual") return register(virtual(value));
    const small = immediateOf(value.value, width);
    return small === undefined ? register(this.inRegister(value)) : immediate(small);
  }

  inRegister(value: IrValue): MachineRegister {
    if (value.kind === "virtual") return virtual(value);
    const fresh = this.fresh();
    this.moveValue(fresh, value);
    return fresh;
  }

  moveValue(to: MachineRegister, from: IrValue): void {
    if (from.kind === "virtual") {
      this.emit(move(to, register(virtual(from))));
      return;
    }
    const small = immediateOf(from.value, 64);
    const unsigned = BigInt.asUintN(64, from.value);
    if (small !== undefined) this.emit(move(to, immediate(small)));
    else if (unsigned >> 32n === 0n) this.alu("mov", to, immediate(Number(unsigned) | 0), 32);
    else this.emit({ kind: "load64", destination: to, value: unsigned });
  }

  copied(value: MachineRegister): MachineRegister {
    const copy = this.fresh();
    this.emit(move(copy, register(value)));
    return copy;
  }

  signExtended(value: MachineRegister, size: 1 | 2 | 4): MachineRegister {
    const result = this.copied(value);
    this.extendInPlace(result, size, true);
    return result;
  }

  extendInPlace(place: MachineRegister, size: 1 | 2 | 4, isSigned: boolean): void {
    if (isSigned) {
      this.alu("lsh", place, immediate(64 - size * 8));
      this.alu("arsh", place, immediate(64 - size * 8));
    } else if (size === 4) {
      this.alu("mov", place, register(place), 32);
    } else {
      this.alu("and", place, immediate(2 ** (size * 8) - 1));
    }
  }

  place(address: Address): { readonly base: MachineBase; readonly offset: number } {
    const { offset } = address;
    switch (address.kind) {
      case "pointer":
        return { base: register(virtual(address.base)), offset };
      case "slot":
        return { base: { kind: "slot", slot: address.slot }, offset };
      case "context":
        this.#context ??= this.fresh();
        return { base: register(this.#context), offset };
      default:
        return assertNever(address);
    }
  }

  addressTo(to: MachineRegister, address: Address): void {
    const { base, offset } = this.place(address);
    if (base.kind === "slot") {
      this.emit({ kind: "slotAddress", destination: to, slot: base.slot, offset });
      return;
    }
    this.emit(move(to, base));
    if (offset !== 0) this.alu("add", to, immediate(offset));
  }
}

/** The machine's number of a program's virtual register. */
export function virtual(register: { readonly id: number }): MachineRegister {
  return firstVirtual + register.id;
}

/** The other way round. */
export function fromMachine(register: MachineRegister): IrValue {
  return { kind: "virtual", id: register - firstVirtual };
}

export function register(register: MachineRegister): {
  kind: "register";
  register: MachineRegister;
} {
  return { kind: "register", register };
}

export function immediate(value: number): MachineOperand {
  return { kind: "immediate", value };
}

export function move(to: MachineRegister, from: MachineOperand): MachineOperation {
  return { kind: "alu", operation: "mov", width: 64, destination: to, source: from };
}
