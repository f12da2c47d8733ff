import { type AluOperation, type JumpCondition } from "../../asm/instruction.js";
import { assertNever, InternalError } from "../../asm/internal-error.js";
import {
  type Address,
  type HelperArgument,
  type IrOperation,
  type IrProgram,
  type IrValue,
} from "../ir.js";
import {
  asSigned64,
  evaluateBinary,
  evaluateCondition,
  exchangedConditions,
  exponentOf,
  immediateOf,
} from "../arithmetic.js";
import {
  firstVirtual,
  type MachineBase,
  type MachineOperand,
  type MachineOperation,
  type MachineRegister,
} from "./machine.js";

export interface SelectionOptions {
  /** Jumps may compare 32 bits (BPF_JMP32). */
  readonly hasJump32: boolean;
}

/** Writes a program's operations as the machine's, on virtual registers. */
export function selectInstructions(
  program: IrProgram,
  options: SelectionOptions,
): readonly MachineOperation[] {
  const selection = new Selection(program, options);
  for (const operation of program.operations) selection.select(operation);
  return selection.finish();
}

type IrOperationOf<Kind extends IrOperation["kind"]> = Extract<IrOperation, { kind: Kind }>;

class Selection {
  readonly #output: MachineOperation[] = [];
  readonly #options: SelectionOptions;
  #nextRegister: MachineRegister;
  #context: MachineRegister | undefined;

  constructor(program: IrProgram, options: SelectionOptions) {
    this.#options = options;
    this.#nextRegister = firstVirtual + virtualRegisterCount(program);
  }

  finish(): readonly MachineOperation[] {
    const start: MachineOperation[] = [{ kind: "entry" }];
    if (this.#context !== undefined) start.push(move(this.#context, register(1)));
    return [...start, ...this.#output];
  }

  select(operation: IrOperation): void {
    switch (operation.kind) {
      case "move":
        this.#moveValue(virtual(operation.to), operation.from);
        break;
      case "binary":
        this.#binary(operation);
        break;
      case "negate":
        this.#moveValue(virtual(operation.to), operation.from);
        this.#emit({ kind: "negate", width: 64, destination: virtual(operation.to) });
        break;
      case "extend":
        this.#extendValue(operation);
        break;
      case "load":
        this.#load(operation);
        break;
      case "store":
        this.#store(operation);
        break;
      case "zero":
        this.#zero(operation.address, operation.sizeBytes);
        break;
      case "atomicAdd": {
        const { size, address, value } = operation;
        const { base, offset } = this.#place(address);
        this.#emit({ kind: "atomicAdd", size, base, offset, source: virtual(value) });
        break;
      }
      case "exchange": {
        const { size, address, value } = operation;
        const { base, offset } = this.#place(address);
        // Into a register of its own: the base may be the result's.
        const register = this.#fresh();
        this.#moveValue(register, value);
        this.#emit({ kind: "atomicExchange", size, base, offset, register });
        this.#emit(move(virtual(operation.to), { kind: "register", register }));
        break;
      }
      case "addressOf":
        this.#addressTo(virtual(operation.to), operation.address);
        break;
      case "mapValue": {
        const { map, offset: valueOffset } = operation;
        this.#emit({ kind: "loadMap", destination: virtual(operation.to), map, valueOffset });
        break;
      }
      case "call":
        this.#call(operation);
        break;
      case "jumpIf":
        this.#jumpIf(operation);
        break;
      case "exit":
        this.#moveValue(0, operation.value);
        this.#emit({ kind: "exit" });
        break;
      case "label":
      case "jump":
        this.#emit(operation);
        break;
      default:
        assertNever(operation);
    }
  }

  #emit(...operations: readonly MachineOperation[]): void {
    this.#output.push(...operations);
  }

  #fresh(): MachineRegister {
    return this.#nextRegister++;
  }

  #alu(
    operation: AluOperation,
    destination: MachineRegister,
    source: MachineOperand,
    width: 32 | 64 = 64,
  ): void {
    this.#emit({ kind: "alu", operation, width, destination, source });
  }

  /** The context pointer, kept from the entry on. */
  #contextRegister(): MachineRegister {
    this.#context ??= this.#fresh();
    return this.#context;
  }

  /** A value as the right side of an operation: an immediate where it fits. */
  #operand(value: IrValue, width: 32 | 64): MachineOperand {
    if (value.kind === "virtual") return register(virtual(value));
    const small = immediateOf(value.value, width);
    return small === undefined ? register(this.#inRegister(value)) : immediate(small);
  }

  #inRegister(value: IrValue): MachineRegister {
    if (value.kind === "virtual") return virtual(value);
    const fresh = this.#fresh();
    this.#moveValue(fresh, value);
    return fresh;
  }

  #moveValue(to: MachineRegister, from: IrValue): void {
    if (from.kind === "virtual") {
      this.#emit(move(to, register(virtual(from))));
      return;
    }
    const small = immediateOf(from.value, 64);
    const unsigned = BigInt.asUintN(64, from.value);
    if (small !== undefined) this.#emit(move(to, immediate(small)));
    else if (unsigned >> 32n === 0n) this.#alu("mov", to, immediate(Number(unsigned) | 0), 32);
    else this.#emit({ kind: "load64", destination: to, value: unsigned });
  }

  #place(address: Address): { readonly base: MachineBase; readonly offset: number } {
    const { offset } = address;
    switch (address.kind) {
      case "pointer":
        return { base: register(virtual(address.base)), offset };
      case "slot":
        return { base: { kind: "slot", slot: address.slot }, offset };
      case "context":
        return { base: register(this.#contextRegister()), offset };
      default:
        return assertNever(address);
    }
  }

  #addressTo(to: MachineRegister, address: Address): void {
    const { base, offset } = this.#place(address);
    if (base.kind === "slot") {
      this.#emit({ kind: "slotAddress", destination: to, slot: base.slot, offset });
      return;
    }
    this.#emit(move(to, base));
    if (offset !== 0) this.#alu("add", to, immediate(offset));
  }

  #binary(operation: IrOperationOf<"binary">): void {
    const { width, left, right } = operation;
    if (left.kind === "constant" && right.kind === "constant") {
      const value = evaluateBinary(operation.operation, width, left.value, right.value);
      this.#moveValue(virtual(operation.to), { kind: "constant", value });
    } else if (operation.operation === "sdiv" || operation.operation === "smod") {
      this.#signedDivision(operation);
    } else if (left.kind === "constant" && isCommutative(operation.operation)) {
      this.#binary({ ...operation, left: right, right: left });
    } else if (right.kind === "constant") {
      const constant = BigInt.asUintN(width, right.value);
      this.#withConstant(operation.operation, width, virtual(operation.to), left, constant);
    } else {
      this.#twoAddress(operation.operation, width, virtual(operation.to), left, right);
    }
  }

  /** to = left; to op= right, with care for a right side that is `to` itself. */
  #twoAddress(
    operation: AluOperation,
    width: 32 | 64,
    to: MachineRegister,
    left: IrValue,
    right: IrValue,
  ): void {
    const source = this.#operand(right, width);
    const overwrites = source.kind === "register" && source.register === to;
    const isSame = left.kind === "virtual" && virtual(left) === to;
    if (overwrites && !isSame) {
      if (isCommutative(operation) && left.kind === "virtual") {
        this.#alu(operation, to, register(virtual(left)), width);
        return;
      }
      const result = this.#fresh();
      this.#moveValue(result, left);
      this.#alu(operation, result, source, width);
      this.#emit(move(to, register(result)));
      return;
    }
    this.#moveValue(to, left);
    this.#alu(operation, to, source, width);
  }

  /** `constant` is unsigned, of the operation's width. */
  #withConstant(
    operation: AluOperation,
    width: 32 | 64,
    to: MachineRegister,
    left: IrValue,
    constant: bigint,
  ): void {
    const reduced = reduce(operation, width, constant);
    if (reduced === "left") {
      if (width === 64) this.#moveValue(to, left);
      else this.#alu("mov", to, register(this.#inRegister(left)), 32);
    } else if (typeof reduced === "bigint") {
      this.#moveValue(to, { kind: "constant", value: reduced });
    } else {
      const right = { kind: "constant", value: reduced.constant } as const;
      this.#twoAddress(reduced.operation, width, to, left, right);
    }
  }

  /**
   * The machine divides unsigned numbers only (signed division came with kernel 6.6): divides the sizes, then gives the
   * result its sign. With s = x >> 63 (all ones when x is negative), (x ^ s) - s is the size of x, and the same turns a
   * size back into a negative number.
   */
  #signedDivision(operation: IrOperationOf<"binary">): void {
    const { width } = operation;
    const to = virtual(operation.to);
    if (operation.right.kind === "constant" && asSigned(operation.right.value, width) === 0n) {
      const unsigned = operation.operation === "sdiv" ? "div" : "mod";
      this.#withConstant(unsigned, width, to, operation.left, 0n);
      return;
    }
    const left = this.#signedOperand(operation.left, width);
    const sign = this.#signOf(left);
    const size = this.#applySign(left, sign);
    const unsigned = operation.operation === "sdiv" ? "div" : "mod";
    if (operation.right.kind === "constant") {
      const divisor = asSigned(operation.right.value, width);
      const value = divisor < 0n ? -divisor : divisor;
      this.#withConstant(unsigned, 64, size, fromMachine(size), value);
      if (unsigned === "div" && divisor < 0n) this.#alu("xor", sign, immediate(-1));
    } else {
      const right = this.#signedOperand(operation.right, width);
      const rightSign = this.#signOf(right);
      this.#alu(unsigned, size, register(this.#applySign(right, rightSign)));
      if (unsigned === "div") this.#alu("xor", sign, register(rightSign));
    }
    const result = this.#applySign(size, sign);
    if (width === 64) this.#emit(move(to, register(result)));
    else this.#alu("mov", to, register(result), 32);
  }

  #signedOperand(value: IrValue, width: 32 | 64): MachineRegister {
    const source = this.#inRegister(value);
    return width === 64 ? source : this.#signExtended(source, 4);
  }

  #signOf(value: MachineRegister): MachineRegister {
    const sign = this.#copied(value);
    this.#alu("arsh", sign, immediate(63));
    return sign;
  }

  #applySign(value: MachineRegister, sign: MachineRegister): MachineRegister {
    const result = this.#copied(value);
    this.#alu("xor", result, register(sign));
    this.#alu("sub", result, register(sign));
    return result;
  }

  #copied(value: MachineRegister): MachineRegister {
    const copy = this.#fresh();
    this.#emit(move(copy, register(value)));
    return copy;
  }

  #signExtended(value: MachineRegister, size: 1 | 2 | 4): MachineRegister {
    const result = this.#copied(value);
    this.#extendInPlace(result, size, true);
    return result;
  }

  #extendValue({ to, from, size, isSigned }: IrOperationOf<"extend">): void {
    if (from.kind === "constant") {
      const bits = size * 8;
      const value = isSigned ? BigInt.asIntN(bits, from.value) : BigInt.asUintN(bits, from.value);
      this.#moveValue(virtual(to), { kind: "constant", value });
    } else if (size === 4 && !isSigned) {
      this.#alu("mov", virtual(to), register(virtual(from)), 32);
    } else {
      this.#moveValue(virtual(to), from);
      if (size !== 8) this.#extendInPlace(virtual(to), size, isSigned);
    }
  }

  #extendInPlace(place: MachineRegister, size: 1 | 2 | 4, isSigned: boolean): void {
    if (isSigned) {
      this.#alu("lsh", place, immediate(64 - size * 8));
      this.#alu("arsh", place, immediate(64 - size * 8));
    } else if (size === 4) {
      this.#alu("mov", place, register(place), 32);
    } else {
      this.#alu("and", place, immediate(2 ** (size * 8) - 1));
    }
  }

  #load({ to, address, size, isSigned }: IrOperationOf<"load">): void {
    const { base, offset } = this.#place(address);
    this.#emit({ kind: "load", size, destination: virtual(to), base, offset });
    if (isSigned && size !== 8) this.#extendInPlace(virtual(to), size, true);
  }

  #store({ address, size, value }: IrOperationOf<"store">): void {
    const source =
      value.kind === "constant"
        ? this.#operand({ kind: "constant", value: BigInt.asIntN(size * 8, value.value) }, 64)
        : register(virtual(value));
    const { base, offset } = this.#place(address);
    this.#emit({ kind: "store", size, base, offset, source });
  }

  /** Slots, map values and ring records begin at multiples of 8: so the offset says how wide a store may be. */
  #zero(address: Address, sizeBytes: number): void {
    const { base, offset } = this.#place(address);
    let done = 0;
    while (done < sizeBytes) {
      const place = offset + done;
      const size = ([8, 4, 2, 1] as const).find(
        (width) => place % width === 0 && width <= sizeBytes - done,
      );
      if (size === undefined) throw new InternalError(`no store for ${place}`);
      this.#emit({ kind: "store", size, base, offset: place, source: immediate(0) });
      done += size;
    }
  }

  #call({ helper, to, args }: IrOperationOf<"call">): void {
    if (args.length > 5) throw new InternalError(`helper ${helper} with ${args.length} arguments`);
    args.forEach((argument, index) => {
      this.#argument(index + 1, argument);
    });
    this.#emit({ kind: "call", helper, argumentCount: args.length });
    if (to !== undefined) this.#emit(move(virtual(to), register(0)));
  }

  #argument(to: MachineRegister, argument: HelperArgument): void {
    switch (argument.kind) {
      case "virtual":
      case "constant":
        this.#moveValue(to, argument);
        break;
      case "address":
        this.#addressTo(to, argument.address);
        break;
      case "map":
        this.#emit({
          kind: "loadMap",
          destination: to,
          map: argument.map,
          valueOffset: undefined,
        });
        break;
      default:
        assertNever(argument);
    }
  }

  #jumpIf({ condition, width, left, right, target }: IrOperationOf<"jumpIf">): void {
    if (left.kind === "constant") {
      if (right.kind !== "constant") {
        const exchanged = exchangedConditions[condition];
        this.#compare(exchanged, width, right, left, target);
      } else if (evaluateCondition(condition, width, left.value, right.value)) {
        this.#emit({ kind: "jump", target });
      }
      return;
    }
    this.#compare(condition, width, left, right, target);
  }

  #compare(
    condition: JumpCondition,
    width: 32 | 64,
    left: IrValue,
    right: IrValue,
    target: string,
  ): void {
    if (width === 64 || this.#options.hasJump32) {
      const leftRegister = this.#inRegister(left);
      const operand = this.#operand(right, width);
      this.#emit({ kind: "jumpIf", condition, width, left: leftRegister, right: operand, target });
      return;
    }
    const isSigned = condition.startsWith("s") && condition !== "set";
    const leftRegister = this.#widened(left, isSigned);
    const wideRight: MachineOperand =
      right.kind === "constant"
        ? this.#operand(
            {
              kind: "constant",
              value: isSigned ? BigInt.asIntN(32, right.value) : BigInt.asUintN(32, right.value),
            },
            64,
          )
        : register(this.#widened(right, isSigned));
    this.#emit({
      kind: "jumpIf",
      condition,
      width: 64,
      left: leftRegister,
      right: wideRight,
      target,
    });
  }

  #widened(value: IrValue, isSigned: boolean): MachineRegister {
    const source = this.#inRegister(value);
    if (isSigned) return this.#signExtended(source, 4);
    const result = this.#fresh();
    this.#alu("mov", result, register(source), 32);
    return result;
  }
}

/** What an operation with a constant right side comes down to: its left side, a number, or a cheaper operation. */
function reduce(
  operation: AluOperation,
  width: 32 | 64,
  constant: bigint,
): "left" | bigint | { readonly operation: AluOperation; readonly constant: bigint } {
  const allOnes = (1n << BigInt(width)) - 1n;
  const exponent = exponentOf(constant);
  switch (operation) {
    case "add":
    case "sub":
    case "or":
    case "xor":
      return constant === 0n ? "left" : { operation, constant };
    case "lsh":
    case "rsh":
    case "arsh": {
      const distance = constant & BigInt(width - 1);
      return distance === 0n ? "left" : { operation, constant: distance };
    }
    case "and":
      if (constant === allOnes) return "left";
      return constant === 0n ? 0n : { operation, constant };
    case "mul":
      if (constant === 0n) return 0n;
      return exponent === undefined
        ? { operation, constant }
        : reduce("lsh", width, BigInt(exponent));
    case "div":
      if (constant === 0n) return 0n;
      return exponent === undefined
        ? { operation, constant }
        : reduce("rsh", width, BigInt(exponent));
    case "mod":
      if (constant === 0n) return "left";
      return exponent === undefined ? { operation, constant } : reduce("and", width, constant - 1n);
    case "mov":
      throw new InternalError("a move is no binary operation");
    default:
      return assertNever(operation);
  }
}

function asSigned(value: bigint, width: 32 | 64): bigint {
  return width === 64 ? asSigned64(value) : BigInt.asIntN(32, value);
}

function isCommutative(operation: string): boolean {
  return ["add", "mul", "or", "and", "xor"].includes(operation);
}

function virtualRegisterCount(program: IrProgram): number {
  let count = 0;
  const see = (value: { readonly kind: string; readonly id?: number } | undefined): void => {
    if (value?.id !== undefined) count = Math.max(count, value.id + 1);
  };
  // Every register that is read was written somewhere, so the writes tell the number.
  for (const operation of program.operations) if ("to" in operation) see(operation.to);
  return count;
}

function virtual(register: { readonly id: number }): MachineRegister {
  return firstVirtual + register.id;
}

function fromMachine(register: MachineRegister): IrValue {
  return { kind: "virtual", id: register - firstVirtual };
}

function register(register: MachineRegister): { kind: "register"; register: MachineRegister } {
  return { kind: "register", register };
}

function immediate(value: number): MachineOperand {
  return { kind: "immediate", value };
}

function move(to: MachineRegister, from: MachineOperand): MachineOperation {
  return { kind: "alu", operation: "mov", width: 64, destination: to, source: from };
}
