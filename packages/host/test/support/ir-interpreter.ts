import { assertNever, InternalError } from "../../src/asm/internal-error.js";
import { evaluateBinary, evaluateCondition } from "../../src/language/arithmetic.js";
import {
  type Address,
  type IrOperation,
  type IrProgram,
  type IrValue,
} from "../../src/language/ir.js";
import { contextStart, type HelperModel, Memory } from "./bpf-interpreter.js";

const slotsStart = 0x5a3c_96e1_7b60_5000n;

/** Runs the intermediate form directly, as its comments say, and gives the exit value. */
export function interpretIr(program: IrProgram, context: Uint8Array, helper: HelperModel): bigint {
  const memory = new Memory();
  memory.addRegion(contextStart, context);
  program.slots.forEach((slot, index) => {
    memory.addRegion(slotStart(index), new Uint8Array(slot.sizeBytes));
  });
  const registers = new Map<number, bigint>();
  const get = (value: IrValue): bigint => {
    if (value.kind === "constant") return BigInt.asUintN(64, value.value);
    const found = registers.get(value.id);
    if (found === undefined) throw new InternalError(`register ${value.id} was never written`);
    return found;
  };
  const set = (register: { readonly id: number }, value: bigint): void => {
    registers.set(register.id, BigInt.asUintN(64, value));
  };
  const place = (address: Address): bigint => {
    const offset = BigInt(address.offset);
    switch (address.kind) {
      case "pointer":
        return get(address.base) + offset;
      case "slot":
        return slotStart(address.slot) + offset;
      case "context":
        return contextStart + offset;
      default:
        return assertNever(address);
    }
  };
  const extend = (value: bigint, size: number, isSigned: boolean): bigint =>
    isSigned ? BigInt.asIntN(size * 8, value) : BigInt.asUintN(size * 8, value);

  let next = 0;
  const jump = (target: string): void => {
    next = program.operations.findIndex(
      (operation) => operation.kind === "label" && operation.name === target,
    );
  };
  for (let steps = 0; steps < 100_000; steps++) {
    const operation: IrOperation | undefined = program.operations[next++];
    if (operation === undefined) throw new InternalError("ran past the end");
    switch (operation.kind) {
      case "move":
        set(operation.to, get(operation.from));
        break;
      case "binary": {
        const { width, left, right } = operation;
        set(operation.to, evaluateBinary(operation.operation, width, get(left), get(right)));
        break;
      }
      case "negate":
        set(operation.to, -get(operation.from));
        break;
      case "extend":
        set(operation.to, extend(get(operation.from), operation.size, operation.isSigned));
        break;
      case "load": {
        const value = memory.read(place(operation.address), operation.size);
        set(operation.to, extend(value, operation.size, operation.isSigned));
        break;
      }
      case "store":
        memory.write(place(operation.address), operation.size, get(operation.value));
        break;
      case "zero":
        for (let index = 0; index < operation.sizeBytes; index++) {
          memory.write(place(operation.address) + BigInt(index), 1, 0n);
        }
        break;
      case "atomicAdd": {
        const address = place(operation.address);
        const sum = memory.read(address, operation.size) + get(operation.value);
        memory.write(address, operation.size, sum);
        break;
      }
      case "exchange": {
        const address = place(operation.address);
        const old = memory.read(address, operation.size);
        memory.write(address, operation.size, get(operation.value));
        set(operation.to, old);
        break;
      }
      case "addressOf":
        set(operation.to, place(operation.address));
        break;
      case "call": {
        const args = operation.args.map((argument) => {
          if (argument.kind === "address") return place(argument.address);
          if (argument.kind === "map" || argument.kind === "function")
            throw new InternalError("maps and functions have no meaning here");
          return get(argument);
        });
        const result = helper(operation.helper, args, memory);
        if (operation.to !== undefined) set(operation.to, BigInt.asUintN(64, result));
        break;
      }
      case "jump":
        jump(operation.target);
        break;
      case "jumpIf": {
        const { condition, width, left, right, target } = operation;
        if (evaluateCondition(condition, width, get(left), get(right))) jump(target);
        break;
      }
      case "exit":
        return get(operation.value);
      case "label":
        break;
      case "mapValue":
      case "mapPointer":
      case "parameter":
        throw new InternalError("maps and functions have no meaning here");
      default:
        assertNever(operation);
    }
  }
  throw new InternalError("ran for too long");
}

function slotStart(slot: number): bigint {
  return slotsStart + BigInt(slot) * 0x1000n;
}
