import { type AccessSize, type JumpCondition } from "../../asm/instruction.js";
import { assertNever, InternalError } from "../../asm/internal-error.js";
import { evaluateBinary } from "../arithmetic.js";
import {
  type Address,
  type BinaryOperation,
  type HelperArgument,
  type IrOperation,
  type IrProgram,
  type IrValue,
  type VirtualRegister,
} from "../ir.js";

/**
 * Collects a program's operations. Those written by `aside` come after all others: the verifier follows what falls
 * through first, so the ordinary way stands in line and the rare one aside; what the rare way leads to has then been seen
 * with wider values and is not followed again. That keeps verification linear where it would double at each branch.
 */
export class ProgramBuilder {
  readonly #labelPrefix: string;
  readonly #asides: IrOperation[][] = [];
  readonly #slots: { readonly sizeBytes: number; readonly purpose: string }[] = [];
  readonly #freeSlots = new Set<number>();
  readonly #main: IrOperation[] = [];
  #output: IrOperation[] = this.#main;
  #registerCount = 0;
  #labelCount = 0;

  /** `functionName`: of a callback, whose labels are others than the program's. */
  constructor(functionName?: string) {
    this.#labelPrefix = functionName === undefined ? "" : `${functionName}_`;
  }

  /** The program; its last operation in line must be an exit or a jump. */
  finish(name: string): IrProgram {
    return { name, operations: this.#operations, slots: this.#slots };
  }

  /** Whether something jumps to a label. */
  isTarget(label: string): boolean {
    return this.#operations.some(
      (operation) =>
        (operation.kind === "jump" || operation.kind === "jumpIf") && operation.target === label,
    );
  }

  get #operations(): readonly IrOperation[] {
    return [...this.#main, ...this.#asides.flat()];
  }

  /** A place in line, to insert something there later. */
  get position(): number {
    return this.#main.length;
  }

  /** Puts what `write` emits at a place in line. */
  insertAt(position: number, write: () => void): void {
    const rest = this.#main.splice(position);
    this.#output = this.#main;
    write();
    this.#main.push(...rest);
  }

  /** Takes what `write` emits out of line. It must end with a jump or an exit. */
  aside(write: () => void): void {
    const outer = this.#output;
    this.#output = [];
    this.#asides.push(this.#output);
    write();
    this.#output = outer;
  }

  emit(operation: IrOperation): void {
    this.#output.push(operation);
  }

  register(): VirtualRegister {
    return { kind: "virtual", id: this.#registerCount++ };
  }

  /** A label's name that is used nowhere else. */
  newLabel(purpose: string): string {
    return `${this.#labelPrefix}${purpose}_${this.#labelCount++}`;
  }

  label(name: string): void {
    this.emit({ kind: "label", name });
  }

  jump(target: string): void {
    this.emit({ kind: "jump", target });
  }

  jumpIf(condition: JumpCondition, left: IrValue, right: IrValue, target: string): void {
    this.emit({ kind: "jumpIf", condition, width: 64, left, right, target });
  }

  exit(value: bigint): void {
    this.emit({ kind: "exit", value: constant(value) });
  }

  move(to: VirtualRegister, from: IrValue): void {
    this.emit({ kind: "move", to, from });
  }

  /** Gives a constant for two of them. */
  binary(operation: BinaryOperation, left: IrValue, right: IrValue): IrValue {
    if (left.kind === "constant" && right.kind === "constant") {
      return constant(evaluateBinary(operation, 64, left.value, right.value));
    }
    const to = this.register();
    this.emit({ kind: "binary", operation, width: 64, to, left, right });
    return to;
  }

  /** A pointer that is moved by a number that is not known yet. */
  advance(base: VirtualRegister, distance: IrValue): VirtualRegister {
    const to = this.register();
    this.emit({ kind: "binary", operation: "add", width: 64, to, left: base, right: distance });
    return to;
  }

  extend(from: IrValue, size: AccessSize, isSigned: boolean): IrValue {
    if (size === 8) return from;
    if (from.kind === "constant") {
      const bits = size * 8;
      return constant(
        isSigned ? BigInt.asIntN(bits, from.value) : BigInt.asUintN(bits, from.value),
      );
    }
    const to = this.register();
    this.emit({ kind: "extend", to, from, size, isSigned });
    return to;
  }

  load(address: Address, size: AccessSize, isSigned: boolean): VirtualRegister {
    const to = this.register();
    this.emit({ kind: "load", to, address, size, isSigned });
    return to;
  }

  store(address: Address, size: AccessSize, value: IrValue): void {
    this.emit({ kind: "store", address, size, value });
  }

  /** Sets memory to zero; joined with what was zeroed just before, when the two touch. */
  zero(address: Address, sizeBytes: number): void {
    if (sizeBytes === 0) return;
    const last = this.#output.at(-1);
    const joined =
      last?.kind === "zero" && isSameBase(last.address, address)
        ? joinZeroed(last, { address, sizeBytes })
        : undefined;
    if (joined !== undefined) this.#output.pop();
    this.emit({ kind: "zero", ...(joined ?? { address, sizeBytes }) });
  }

  /** The address in a register, which is not to be written. */
  addressOf(address: Address): VirtualRegister {
    if (address.kind === "pointer" && address.offset === 0) return address.base;
    const to = this.register();
    this.emit({ kind: "addressOf", to, address });
    return to;
  }

  /**
   * The address as a number: a program may do anything with it, while the verifier lets it do little with an address that
   * it knows. Negated twice, since a negated address is a number to it (check_alu_op in kernel/bpf/verifier.c).
   */
  numberOf(address: Address): VirtualRegister {
    const [negated, to] = [this.register(), this.register()];
    this.emit({ kind: "negate", to: negated, from: this.addressOf(address) });
    this.emit({ kind: "negate", to, from: negated });
    return to;
  }

  /** Calls a helper and gives its result. */
  call(helper: number, ...args: readonly HelperArgument[]): VirtualRegister {
    const to = this.register();
    this.emit({ kind: "call", helper, to, args });
    return to;
  }

  /** Calls a helper whose result nobody wants. */
  callOnly(helper: number, ...args: readonly HelperArgument[]): void {
    this.emit({ kind: "call", helper, to: undefined, args });
  }

  /** Stack memory, from the smallest released slot that is large enough, or new. */
  allocateSlot(sizeBytes: number, purpose: string): number {
    let best: number | undefined;
    for (const slot of this.#freeSlots) {
      const size = this.#slotSize(slot);
      if (size >= sizeBytes && (best === undefined || size < this.#slotSize(best))) best = slot;
    }
    if (best !== undefined) {
      this.#freeSlots.delete(best);
      return best;
    }
    this.#slots.push({ sizeBytes: Math.ceil(sizeBytes / 8) * 8, purpose });
    return this.#slots.length - 1;
  }

  releaseSlot(slot: number): void {
    this.#freeSlots.add(slot);
  }

  /** Bytes of stack that all slots take so far. */
  get stackBytes(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.sizeBytes, 0);
  }

  #slotSize(slot: number): number {
    const found = this.#slots[slot];
    if (found === undefined) throw new InternalError(`stack slot ${slot} does not exist`);
    return found.sizeBytes;
  }
}

interface Zeroed {
  readonly address: Address;
  readonly sizeBytes: number;
}

function joinZeroed(one: Zeroed, other: Zeroed): Zeroed | undefined {
  const [first, second] = one.address.offset <= other.address.offset ? [one, other] : [other, one];
  if (first.address.offset + first.sizeBytes !== second.address.offset) return undefined;
  return { address: first.address, sizeBytes: first.sizeBytes + second.sizeBytes };
}

function isSameBase(one: Address, other: Address): boolean {
  switch (one.kind) {
    case "pointer":
      return other.kind === "pointer" && one.base.id === other.base.id;
    case "slot":
      return other.kind === "slot" && one.slot === other.slot;
    case "context":
      return other.kind === "context";
    default:
      return assertNever(one);
  }
}

export function constant(value: bigint | number): IrValue {
  return { kind: "constant", value: BigInt(value) };
}

/** The same place, some bytes further. */
export function moved(address: Address, bytes: number): Address {
  return { ...address, offset: address.offset + bytes };
}

/** What a pointer points to. */
export function behind(base: VirtualRegister, offset = 0): Address {
  return { kind: "pointer", base, offset };
}

/** The address as a helper's argument. */
export function pointerTo(address: Address): HelperArgument {
  return { kind: "address", address };
}
