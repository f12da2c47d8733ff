import { type Instruction, type Operand, type Register } from "../../src/asm/instruction.js";
import { assertNever, InternalError } from "../../src/asm/internal-error.js";
import { evaluateBinary, evaluateCondition } from "../../src/language/arithmetic.js";

/** Answers a helper call: `pointers` reads 8 bytes behind an argument that points to memory. */
export type HelperModel = (helper: number, args: readonly bigint[], memory: Memory) => bigint;

/** A flat little-endian memory of separate regions; an access outside them is a test's failure. */
export class Memory {
  readonly #regions: { readonly start: bigint; readonly bytes: Uint8Array }[] = [];

  addRegion(start: bigint, bytes: Uint8Array): void {
    this.#regions.push({ start, bytes });
  }

  read(address: bigint, size: number): bigint {
    const { bytes, offset } = this.#find(address, size);
    let value = 0n;
    for (let index = size - 1; index >= 0; index--) {
      value = (value << 8n) | BigInt(bytes[offset + index] ?? 0);
    }
    return value;
  }

  write(address: bigint, size: number, value: bigint): void {
    const { bytes, offset } = this.#find(address, size);
    for (let index = 0; index < size; index++) {
      bytes[offset + index] = Number((value >> BigInt(8 * index)) & 0xffn);
    }
  }

  holds(address: bigint): boolean {
    return this.#regions.some(
      ({ start, bytes }) => address >= start && address < start + BigInt(bytes.length),
    );
  }

  #find(address: bigint, size: number): { readonly bytes: Uint8Array; readonly offset: number } {
    for (const { start, bytes } of this.#regions) {
      const offset = Number(address - start);
      if (offset >= 0 && offset + size <= bytes.length) return { bytes, offset };
    }
    throw new InternalError(`access of ${size} bytes at 0x${address.toString(16)}`);
  }
}

/** No arithmetic on small numbers and powers of two arrives at these addresses. */
export const contextStart = 0x5a3c_96e1_7b40_1000n;
const stackTop = 0x5a3c_96e1_7b50_3000n;
const garbage = 0xdead_beef_0bad_f00dn;

/** Runs a program and gives r0. Registers that a call clobbers are filled with garbage. */
export function interpretBpf(
  instructions: readonly Instruction[],
  context: Uint8Array,
  helper: HelperModel,
): bigint {
  const memory = new Memory();
  memory.addRegion(contextStart, context);
  memory.addRegion(stackTop - 512n, new Uint8Array(512).fill(0xa5));
  const registers: bigint[] = Array.from({ length: 11 }, () => garbage);
  registers[1] = contextStart;
  registers[10] = stackTop;
  const get = (register: Register): bigint => registers[register] ?? garbage;
  const set = (register: Register, value: bigint): void => {
    if (register === 10) throw new InternalError("a write to r10");
    registers[register] = BigInt.asUintN(64, value);
  };
  const operand = (value: Operand): bigint =>
    value.kind === "register" ? get(value.register) : BigInt.asUintN(64, BigInt(value.value));
  const at = (base: Register, offset: number): bigint => get(base) + BigInt(offset);
  const labels = new Map(
    instructions.flatMap((instruction, index) =>
      instruction.kind === "label" ? [[instruction.name, index] as const] : [],
    ),
  );
  let place = 0;
  const jump = (target: string): void => {
    const found = labels.get(target);
    if (found === undefined) throw new InternalError(`jump to ${target}`);
    place = found;
  };
  for (let steps = 0; steps < 100_000; steps++) {
    const instruction = instructions[place++];
    if (instruction === undefined) throw new InternalError("ran past the end");
    switch (instruction.kind) {
      case "alu": {
        const { operation, width, destination } = instruction;
        const source = operand(instruction.source);
        const result =
          operation === "mov"
            ? BigInt.asUintN(width, source)
            : evaluateBinary(operation, width, get(destination), source);
        set(destination, result);
        break;
      }
      case "negate":
        set(
          instruction.destination,
          BigInt.asUintN(instruction.width, -get(instruction.destination)),
        );
        break;
      case "load64":
        set(instruction.destination, instruction.value);
        break;
      case "load": {
        const { destination, base, offset, size } = instruction;
        set(destination, memory.read(at(base, offset), size));
        break;
      }
      case "store": {
        const { base, offset, size, source } = instruction;
        memory.write(at(base, offset), size, operand(source));
        break;
      }
      case "atomicAdd": {
        const { base, offset, size, source } = instruction;
        const address = at(base, offset);
        memory.write(address, size, memory.read(address, size) + get(source));
        break;
      }
      case "atomicExchange": {
        const { base, offset, size, register } = instruction;
        const address = at(base, offset);
        const old = memory.read(address, size);
        memory.write(address, size, get(register));
        set(register, old);
        break;
      }
      case "jumpIf": {
        const { condition, width, left, right, target } = instruction;
        if (evaluateCondition(condition, width, get(left), operand(right))) jump(target);
        break;
      }
      case "jump":
        jump(instruction.target);
        break;
      case "call": {
        const result = helper(instruction.helper, registers.slice(1, 6), memory);
        for (const register of [1, 2, 3, 4, 5]) registers[register] = garbage;
        set(0, result);
        break;
      }
      case "exit":
        return get(0);
      case "label":
        break;
      case "loadMap":
      case "loadFunction":
      case "swap":
        throw new InternalError(`${instruction.kind} has no meaning here`);
      default:
        assertNever(instruction);
    }
  }
  throw new InternalError("ran for too long");
}
