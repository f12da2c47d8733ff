import { MachineCode } from "../asm/machine-code.js";
import { type ObjectFile, type ObjectFunction } from "./object-file.js";

/** Helpers that write records (include/uapi/linux/bpf.h), with the registers of the map and of the record's size. */
const writers: ReadonlyMap<number, { readonly map: number; readonly size: number }> = new Map([
  [25, { map: 2, size: 5 }], // perf_event_output
  [130, { map: 1, size: 3 }], // ringbuf_output
  [131, { map: 1, size: 2 }], // ringbuf_reserve
]);
/** BPF_ALU64 | BPF_MOV | BPF_K, the same of BPF_ALU, and with BPF_X. */
const moveConstants = [0xb7, 0xb4];
const moveRegisters = [0xbf, 0xbc];
/** A call and what prepares it are not farther apart in code that compilers make. */
const mostSlots = 200;

/**
 * How large the records are that programs write to each map, as far as their code says it in plain constants: by the map's name,
 * rising.
 */
export function recordSizes(file: ObjectFile): ReadonlyMap<string, readonly number[]> {
  const sizes = new Map<string, Set<number>>();
  for (const one of file.functions) {
    const code = new MachineCode(one.code, file.byteOrder);
    for (let slot = 0; slot < code.slotCount; slot++) {
      const writer =
        code.isCall(slot) && code.source(slot) === 0
          ? writers.get(code.immediate(slot))
          : undefined;
      if (writer === undefined) {
        if (code.isWideLoad(slot)) slot++;
        continue;
      }
      const map = mapIn(one, code, slot, writer.map);
      const size = constantIn(code, slot, writer.size);
      if (map === undefined || size === undefined || size <= 0) continue;
      const known = sizes.get(map);
      if (known === undefined) sizes.set(map, new Set([size]));
      else known.add(size);
    }
  }
  return new Map([...sizes].map(([map, found]) => [map, [...found].sort((a, b) => a - b)]));
}

/** The map that a register last got before a slot. */
function mapIn(
  one: ObjectFunction,
  code: MachineCode,
  before: number,
  register: number,
): string | undefined {
  let wanted = register;
  for (let slot = before - 1; slot >= Math.max(0, before - mostSlots); slot--) {
    if (code.destination(slot) !== wanted) continue;
    if (code.isWideLoad(slot)) {
      const reference = one.references.get(slot);
      return reference?.kind === "map" ? reference.map : undefined;
    }
    if (moveRegisters.includes(code.opcode(slot))) wanted = code.source(slot);
  }
  return undefined;
}

/** The constant that a register last got before a slot. */
function constantIn(code: MachineCode, before: number, register: number): number | undefined {
  let wanted = register;
  for (let slot = before - 1; slot >= Math.max(0, before - mostSlots); slot--) {
    const opcode = code.opcode(slot);
    if (code.destination(slot) !== wanted) continue;
    if (moveConstants.includes(opcode)) return code.immediate(slot);
    if (moveRegisters.includes(opcode)) wanted = code.source(slot);
    // Any other arithmetic on it, or a load.
    else if ([0x04, 0x07, 0x05, 0x01, 0x00].includes(opcode & 0x07) && isWrite(opcode)) {
      return undefined;
    }
  }
  return undefined;
}

/** Whether the instruction changes its destination: loads and arithmetic, not stores and jumps. */
function isWrite(opcode: number): boolean {
  const family = opcode & 0x07;
  return family === 0x00 || family === 0x01 || family === 0x04 || family === 0x07;
}
