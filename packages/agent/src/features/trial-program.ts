import { type Kernel } from "../kernel/kernel.js";
import { BPF_LD_IMM64, BPF_PROG_TYPE_RAW_TRACEPOINT } from "../kernel/uapi.js";
import { answerOfCreation, type ErrnoMeaning, type ProbeAnswer } from "./probe.js";
import { type Target } from "./target.js";

/** One slot of 8 bytes (struct bpf_insn, include/uapi/linux/bpf.h). */
export interface TrialInstruction {
  readonly opcode: number;
  readonly destination?: number;
  readonly source?: number;
  readonly offset?: number;
  readonly immediate?: number;
}

/** BPF_ALU64 | BPF_MOV | BPF_K */
export const move = (destination: number, immediate: number): TrialInstruction => ({
  opcode: 0xb7,
  destination,
  immediate,
});

/** BPF_JMP | BPF_CALL */
export const call = (helper: number): TrialInstruction => ({ opcode: 0x85, immediate: helper });

/** BPF_JMP | BPF_EXIT */
export const exit: TrialInstruction = { opcode: 0x95 };

/** A pair of slots: a map (`source` 1) or a pointer into its value (`source` 2). */
export const loadMap = (
  destination: number,
  source: number,
  map: number,
): readonly TrialInstruction[] => [
  { opcode: BPF_LD_IMM64, destination, source, immediate: map },
  { opcode: 0 },
];

/** The registers share a byte, low nibble first on a little-endian kernel, high nibble first on a big-endian one. */
export function encodeTrial(kernel: Kernel, program: readonly TrialInstruction[]): Uint8Array {
  const bytes = new Uint8Array(program.length * 8);
  const view = kernel.view(bytes);
  const little = kernel.isLittleEndian;
  for (const [index, slot] of program.entries()) {
    const { destination = 0, source = 0 } = slot;
    view.setUint8(index * 8, slot.opcode);
    view.setUint8(
      index * 8 + 1,
      little ? destination | (source << 4) : (destination << 4) | source,
    );
    view.setInt16(index * 8 + 2, slot.offset ?? 0, little);
    view.setInt32(index * 8 + 4, slot.immediate ?? 0, little);
  }
  return bytes;
}

/** The descriptor, or the negated errno. */
export function loadTrial(
  target: Target,
  program: readonly TrialInstruction[],
  type = BPF_PROG_TYPE_RAW_TRACEPOINT,
  expectedAttachType = 0,
): number {
  return target.bpf.loadProgram({
    name: "sonde_probe",
    type,
    expectedAttachType,
    attachBtfId: 0,
    instructions: encodeTrial(target.kernel, program),
    license: "GPL",
    flags: 0,
    kernelVersion: target.versionCode,
  });
}

const loads: ErrnoMeaning = {
  supported: [],
  unsupported: ["EINVAL", "EACCES", "E2BIG", "ENOTSUPP", "EOPNOTSUPP"],
};

/** Whether a program of these instructions passes. */
export function tryProgram(
  target: Target,
  program: readonly TrialInstruction[],
  type?: number,
): ProbeAnswer {
  const result = loadTrial(target, program, type);
  return answerOfCreation(target.kernel, "bpf(BPF_PROG_LOAD)", result, loads);
}

/**
 * Whether a helper is known, for a program that calls it with nothing in its argument registers: an unknown one is
 * EINVAL, a known one passes or complains of its arguments (EACCES).
 */
export function tryHelper(target: Target, helper: number, type?: number): ProbeAnswer {
  const result = loadTrial(target, [call(helper), exit], type);
  return answerOfCreation(target.kernel, "bpf(BPF_PROG_LOAD)", result, {
    supported: ["EACCES"],
    unsupported: ["EINVAL", "ENOTSUPP"],
  });
}
