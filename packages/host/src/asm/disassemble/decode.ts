import { type ByteOrder, type MapReference } from "../assemble.js";
import { aluOpcodes, jumpOpcodes, sizeOpcodes } from "../encoding.js";
import {
  type AccessSize,
  type AluOperation,
  type Instruction,
  type JumpCondition,
  type Operand,
  type Register,
} from "../instruction.js";
import * as opcode from "../opcode.js";

/** Bytes that are not instructions this decoder knows. */
export class InstructionDecodeError extends Error {
  override readonly name = "InstructionDecodeError";
}

interface Slot {
  readonly code: number;
  readonly destination: number;
  readonly source: number;
  readonly offset: number;
  readonly immediate: number;
}

/**
 * Reads instructions back; labels are named "L0", "L1", … in the order of their places. Throws InstructionDecodeError on
 * an unknown operation, a jump to nowhere, a reference to a map that `mapReferences` does not name.
 */
export function decode(
  bytes: Uint8Array,
  byteOrder: ByteOrder,
  mapReferences: readonly MapReference[] = [],
): readonly Instruction[] {
  const slots = readSlots(bytes, byteOrder);
  const labels = nameLabels(slots);
  const maps = new Map(mapReferences.map((reference) => [reference.instruction, reference]));
  const instructions: Instruction[] = [];
  for (let index = 0; index < slots.length; index++) {
    const label = labels.get(index);
    if (label !== undefined) instructions.push({ kind: "label", name: label });
    const slot = slotAt(slots, index);
    if (isWide(slot)) {
      index++;
      instructions.push(
        isFunctionLoad(slot)
          ? decodeFunctionLoad(slot, labels.get(index + slot.immediate))
          : decodeWide(slot, slotAt(slots, index), maps.get(index - 1)),
      );
    } else {
      instructions.push(decodeSlot(slot, index, labels));
    }
  }
  return instructions;
}

function readSlots(bytes: Uint8Array, byteOrder: ByteOrder): readonly Slot[] {
  if (bytes.length % 8 !== 0) {
    throw new InstructionDecodeError(`${bytes.length} bytes are not whole instructions`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isLittle = byteOrder === "little";
  const slots: Slot[] = [];
  for (let place = 0; place < bytes.length; place += 8) {
    const registers = view.getUint8(place + 1);
    const low = registers & 15;
    const high = registers >> 4;
    slots.push({
      code: view.getUint8(place),
      destination: isLittle ? low : high,
      source: isLittle ? high : low,
      offset: view.getInt16(place + 2, isLittle),
      immediate: view.getInt32(place + 4, isLittle),
    });
  }
  return slots;
}

function slotAt(slots: readonly Slot[], index: number): Slot {
  const slot = slots[index];
  if (slot === undefined) throw new InstructionDecodeError(`instruction ${index} is missing`);
  return slot;
}

function isWide(slot: Slot): boolean {
  return slot.code === (opcode.BPF_LD | opcode.BPF_IMM | opcode.BPF_DW);
}

function isFunctionLoad(slot: Slot): boolean {
  return isWide(slot) && slot.source === opcode.BPF_PSEUDO_FUNC;
}

function isJump(slot: Slot): boolean {
  const family = slot.code & 7;
  if (family !== opcode.BPF_JMP && family !== opcode.BPF_JMP32) return false;
  const operation = slot.code & 0xf0;
  return operation !== opcode.BPF_CALL && operation !== opcode.BPF_EXIT;
}

function nameLabels(slots: readonly Slot[]): ReadonlyMap<number, string> {
  const starts = new Set<number>();
  const targets = new Set<number>();
  for (let index = 0; index < slots.length; index++) {
    const slot = slotAt(slots, index);
    starts.add(index);
    if (isJump(slot)) targets.add(index + 1 + slot.offset);
    if (isFunctionLoad(slot)) targets.add(index + 1 + slot.immediate);
    if (isWide(slot)) index++;
  }
  const labels = new Map<number, string>();
  for (const target of [...targets].sort((a, b) => a - b)) {
    if (!starts.has(target)) throw new InstructionDecodeError(`jump to ${target}, no instruction`);
    labels.set(target, `L${labels.size}`);
  }
  return labels;
}

function decodeFunctionLoad(slot: Slot, target: string | undefined): Instruction {
  if (target === undefined) throw new InstructionDecodeError("reference to a function nowhere");
  return { kind: "loadFunction", destination: register(slot.destination), target };
}

function decodeWide(low: Slot, high: Slot, reference: MapReference | undefined): Instruction {
  const destination = register(low.destination);
  if (low.source === 0) {
    const value = (BigInt(high.immediate) << 32n) | BigInt.asUintN(32, BigInt(low.immediate));
    return { kind: "load64", destination, value: BigInt.asUintN(64, value) };
  }
  if (low.source !== opcode.BPF_PSEUDO_MAP_FD && low.source !== opcode.BPF_PSEUDO_MAP_VALUE) {
    throw new InstructionDecodeError(`wide load of kind ${low.source}`);
  }
  if (reference === undefined) throw new InstructionDecodeError("reference to a map without name");
  const { map } = reference;
  return low.source === opcode.BPF_PSEUDO_MAP_FD
    ? { kind: "loadMap", destination, map }
    : { kind: "loadMap", destination, map, valueOffset: high.immediate };
}

function decodeSlot(slot: Slot, index: number, labels: ReadonlyMap<number, string>): Instruction {
  switch (slot.code & 7) {
    case opcode.BPF_ALU:
    case opcode.BPF_ALU64:
      return decodeAlu(slot);
    case opcode.BPF_JMP:
    case opcode.BPF_JMP32:
      return decodeJump(slot, labels.get(index + 1 + slot.offset));
    default:
      return decodeMemory(slot);
  }
}

function decodeAlu(slot: Slot): Instruction {
  const width = (slot.code & 7) === opcode.BPF_ALU64 ? 64 : 32;
  const destination = register(slot.destination);
  const operation = slot.code & 0xf0;
  if (operation === opcode.BPF_NEG) return { kind: "negate", width, destination };
  if (operation === opcode.BPF_END && width === 32) {
    const to = (slot.code & opcode.BPF_X) === opcode.BPF_TO_BE ? "big" : "little";
    const bits = slot.immediate;
    if (bits !== 16 && bits !== 32 && bits !== 64) throw unknownOperation(slot);
    return { kind: "swap", to, bits, destination };
  }
  const name = aluNames.get(operation);
  if (name === undefined || slot.offset !== 0) throw unknownOperation(slot);
  return { kind: "alu", operation: name, width, destination, source: operand(slot) };
}

function decodeJump(slot: Slot, target: string | undefined): Instruction {
  const width = (slot.code & 7) === opcode.BPF_JMP ? 64 : 32;
  const operation = slot.code & 0xf0;
  if (width === 64 && operation === opcode.BPF_EXIT) return { kind: "exit" };
  if (width === 64 && operation === opcode.BPF_CALL && slot.source === 0) {
    return { kind: "call", helper: slot.immediate };
  }
  if (target === undefined) throw unknownOperation(slot);
  if (width === 64 && operation === opcode.BPF_JA) return { kind: "jump", target };
  const condition = jumpNames.get(operation);
  if (condition === undefined) throw unknownOperation(slot);
  const left = register(slot.destination);
  return { kind: "jumpIf", condition, width, left, right: operand(slot), target };
}

function decodeMemory(slot: Slot): Instruction {
  const size = sizes.get(slot.code & 0x18);
  const mode = slot.code & 0xe0;
  if (size === undefined) throw unknownOperation(slot);
  const { offset } = slot;
  const destination = register(slot.destination);
  const source = register(slot.source);
  const family = slot.code & 7;
  if (family === opcode.BPF_LDX && mode === opcode.BPF_MEM) {
    return { kind: "load", size, destination, base: source, offset };
  }
  if (family === opcode.BPF_ST && mode === opcode.BPF_MEM) {
    const value: Operand = { kind: "immediate", value: slot.immediate };
    return { kind: "store", size, base: destination, offset, source: value };
  }
  if (family === opcode.BPF_STX && mode === opcode.BPF_MEM) {
    const value: Operand = { kind: "register", register: source };
    return { kind: "store", size, base: destination, offset, source: value };
  }
  if (family === opcode.BPF_STX && mode === opcode.BPF_ATOMIC && (size === 4 || size === 8)) {
    if (slot.immediate === opcode.BPF_ADD) {
      return { kind: "atomicAdd", size, base: destination, offset, source };
    }
    if (slot.immediate === opcode.BPF_XCHG) {
      return { kind: "atomicExchange", size, base: destination, offset, register: source };
    }
  }
  throw unknownOperation(slot);
}

function operand(slot: Slot): Operand {
  return (slot.code & 8) === opcode.BPF_X
    ? { kind: "register", register: register(slot.source) }
    : { kind: "immediate", value: slot.immediate };
}

function register(number: number): Register {
  if (number > 10) throw new InstructionDecodeError(`register ${number}`);
  // Within the range, as just seen.
  return number as Register;
}

function unknownOperation(slot: Slot): InstructionDecodeError {
  return new InstructionDecodeError(`unknown operation 0x${slot.code.toString(16)}`);
}

function inverted<Name extends string | number>(
  names: readonly Name[],
  codeOf: (name: Name) => number,
): ReadonlyMap<number, Name> {
  return new Map(names.map((name) => [codeOf(name), name]));
}

// The keys of these records are exactly the names of their types.
const aluNames = inverted(Object.keys(aluOpcodes) as AluOperation[], (name) => aluOpcodes[name]);
const jumpNames = inverted(
  Object.keys(jumpOpcodes) as JumpCondition[],
  (name) => jumpOpcodes[name],
);
const sizes = inverted([1, 2, 4, 8] as AccessSize[], (size) => sizeOpcodes[size]);
