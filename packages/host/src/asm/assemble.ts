import { aluOpcodes, jumpOpcodes, sizeOpcodes } from "./encoding.js";
import { type Instruction, type Operand } from "./instruction.js";
import { assertNever, InternalError } from "./internal-error.js";
import * as opcode from "./opcode.js";

/** A program as the kernel takes it, and where it names maps. */
export interface AssembledProgram {
  readonly bytes: Uint8Array;
  readonly mapReferences: readonly MapReference[];
}

/** With where its labels stand, counted in slots of 8 bytes. */
export interface LabelledProgram extends AssembledProgram {
  readonly labels: ReadonlyMap<string, number>;
}

/** An LD_IMM64 whose immediates are the map's fd (and the offset in its value). `instruction` counts slots of 8 bytes. */
export interface MapReference {
  readonly instruction: number;
  readonly map: string;
  /** Set: a pointer to this offset in the map's only value (BPF_PSEUDO_MAP_VALUE). */
  readonly valueOffset: number | undefined;
}

/** One slot of struct bpf_insn (include/uapi/linux/bpf.h). */
interface Slot {
  readonly code: number;
  readonly destination?: number;
  readonly source?: number;
  readonly offset?: number;
  readonly immediate?: number;
}

export type ByteOrder = "little" | "big";

/**
 * Writes instructions in the target's byte order. Throws InternalError on a label that is missing or named twice, and on
 * an offset or immediate that does not fit.
 */
export function assemble(
  instructions: readonly Instruction[],
  byteOrder: ByteOrder,
): LabelledProgram {
  const labels = placeLabels(instructions);
  const slots: Slot[] = [];
  const mapReferences: MapReference[] = [];
  for (const instruction of instructions) {
    if (instruction.kind === "loadMap") {
      const { map, valueOffset } = instruction;
      mapReferences.push({ instruction: slots.length, map, valueOffset });
    }
    slots.push(...encode(instruction, slots.length, labels));
  }
  return { bytes: writeSlots(slots, byteOrder), mapReferences, labels };
}

/** How many slots of 8 bytes an instruction takes. */
export function slotCount(instruction: Instruction): 0 | 1 | 2 {
  switch (instruction.kind) {
    case "label":
      return 0;
    case "load64":
    case "loadMap":
    case "loadFunction":
      return 2;
    default:
      return 1;
  }
}

function placeLabels(instructions: readonly Instruction[]): ReadonlyMap<string, number> {
  const labels = new Map<string, number>();
  let position = 0;
  for (const instruction of instructions) {
    if (instruction.kind === "label") {
      if (labels.has(instruction.name)) {
        throw new InternalError(`label ${instruction.name} stands twice`);
      }
      labels.set(instruction.name, position);
    }
    position += slotCount(instruction);
  }
  return labels;
}

function encode(
  instruction: Instruction,
  position: number,
  labels: ReadonlyMap<string, number>,
): readonly Slot[] {
  switch (instruction.kind) {
    case "alu": {
      const { operation, width, destination, source } = instruction;
      const family = width === 64 ? opcode.BPF_ALU64 : opcode.BPF_ALU;
      return [{ ...withOperand(family | aluOpcodes[operation], source), destination }];
    }
    case "negate": {
      const family = instruction.width === 64 ? opcode.BPF_ALU64 : opcode.BPF_ALU;
      return [{ code: family | opcode.BPF_NEG, destination: instruction.destination }];
    }
    case "swap": {
      const to = instruction.to === "little" ? opcode.BPF_TO_LE : opcode.BPF_TO_BE;
      const { bits: immediate, destination } = instruction;
      return [{ code: opcode.BPF_ALU | opcode.BPF_END | to, destination, immediate }];
    }
    case "load64":
      return wideLoad(instruction.destination, 0, instruction.value);
    case "loadMap": {
      const { destination, valueOffset } = instruction;
      return valueOffset === undefined
        ? wideLoad(destination, opcode.BPF_PSEUDO_MAP_FD, 0n)
        : wideLoad(destination, opcode.BPF_PSEUDO_MAP_VALUE, BigInt(valueOffset) << 32n);
    }
    case "loadFunction": {
      const offset = distance(instruction.target, position, labels);
      return wideLoad(
        instruction.destination,
        opcode.BPF_PSEUDO_FUNC,
        BigInt.asUintN(32, BigInt(offset)),
      );
    }
    case "load": {
      const code = opcode.BPF_LDX | opcode.BPF_MEM | sizeOpcodes[instruction.size];
      const { destination, base: source, offset } = instruction;
      return [{ code, destination, source, offset }];
    }
    case "store": {
      const { base: destination, offset, size, source: value } = instruction;
      const mode = opcode.BPF_MEM | sizeOpcodes[size];
      return value.kind === "register"
        ? [{ code: opcode.BPF_STX | mode, destination, source: value.register, offset }]
        : [{ code: opcode.BPF_ST | mode, destination, offset, immediate: value.value }];
    }
    case "atomicAdd": {
      const code = opcode.BPF_STX | opcode.BPF_ATOMIC | sizeOpcodes[instruction.size];
      const { base: destination, source, offset } = instruction;
      return [{ code, destination, source, offset, immediate: opcode.BPF_ADD }];
    }
    case "atomicExchange": {
      const code = opcode.BPF_STX | opcode.BPF_ATOMIC | sizeOpcodes[instruction.size];
      const { base: destination, register: source, offset } = instruction;
      return [{ code, destination, source, offset, immediate: opcode.BPF_XCHG }];
    }
    case "jumpIf": {
      const family = instruction.width === 64 ? opcode.BPF_JMP : opcode.BPF_JMP32;
      const slot = withOperand(family | jumpOpcodes[instruction.condition], instruction.right);
      const offset = distance(instruction.target, position, labels);
      return [{ ...slot, destination: instruction.left, offset }];
    }
    case "jump": {
      const offset = distance(instruction.target, position, labels);
      return [{ code: opcode.BPF_JMP | opcode.BPF_JA, offset }];
    }
    case "call":
      return [{ code: opcode.BPF_JMP | opcode.BPF_CALL, immediate: instruction.helper }];
    case "exit":
      return [{ code: opcode.BPF_JMP | opcode.BPF_EXIT }];
    case "label":
      return [];
    default:
      return assertNever(instruction);
  }
}

function withOperand(code: number, operand: Operand): Slot {
  return operand.kind === "register"
    ? { code: code | opcode.BPF_X, source: operand.register }
    : { code: code | opcode.BPF_K, immediate: operand.value };
}

function wideLoad(destination: number, source: number, value: bigint): readonly Slot[] {
  const code = opcode.BPF_LD | opcode.BPF_IMM | opcode.BPF_DW;
  const low = Number(BigInt.asIntN(32, value));
  const high = Number(BigInt.asIntN(32, value >> 32n));
  return [
    { code, destination, source, immediate: low },
    { code: 0, immediate: high },
  ];
}

/** A jump counts from the instruction after it. */
function distance(target: string, position: number, labels: ReadonlyMap<string, number>): number {
  const place = labels.get(target);
  if (place === undefined) throw new InternalError(`jump to ${target}, which is nowhere`);
  return place - position - 1;
}

function writeSlots(slots: readonly Slot[], byteOrder: ByteOrder): Uint8Array {
  const bytes = new Uint8Array(slots.length * 8);
  const view = new DataView(bytes.buffer);
  const isLittle = byteOrder === "little";
  slots.forEach((slot, index) => {
    const { code, destination = 0, source = 0, offset = 0, immediate = 0 } = slot;
    if (offset !== (offset << 16) >> 16) {
      throw new InternalError(`offset ${offset} of instruction ${index} is beyond 16 bits`);
    }
    if (immediate !== (immediate | 0)) {
      throw new InternalError(`immediate ${immediate} of instruction ${index} is beyond 32 bits`);
    }
    const place = index * 8;
    view.setUint8(place, code);
    // struct bpf_insn declares the registers as bit-fields: the destination is the half that the byte order fills first.
    view.setUint8(place + 1, isLittle ? destination | (source << 4) : source | (destination << 4));
    view.setInt16(place + 2, offset, isLittle);
    view.setInt32(place + 4, immediate, isLittle);
  });
  return bytes;
}
