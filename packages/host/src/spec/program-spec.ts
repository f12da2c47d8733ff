import { type AssembledProgram } from "../asm/assemble.js";
import { type BtfTypeId } from "../btf/types.js";
import { type Instruction } from "../asm/instruction.js";

/** What a program is loaded for that can be attached to nothing else. */
export interface ProgramPlace {
  readonly expectedAttachType: AttachType;
  /** The BTF type it attaches to, by name; the id is found when it is loaded. "btf_trace_NAME" for tp_btf. */
  readonly attachTo: string;
}

/** A blueprint of a program: maps and jump targets by name. */
export interface ProgramSpec extends Partial<ProgramPlace> {
  /** Unique in its object; the kernel is told the first 15 characters that it takes. */
  readonly name: string;
  readonly type: ProgramType;
  readonly instructions: readonly Instruction[];
  /** Of a program with callbacks: all its functions, in the order in which they stand, itself first. */
  readonly functions?: readonly ProgramFunction[];
  /** In place of instructions: what another compiler has written. */
  readonly finished?: FinishedCode;
  readonly license: string;
  /** BPF_F_SLEEPABLE and the like. */
  readonly flags?: number;
}

export interface ProgramFunction {
  /** Where it begins; `undefined`: with the first instruction. */
  readonly label: string | undefined;
  /** What it is, in the object's types. */
  readonly type: BtfTypeId;
}

/** Instructions that a compiler has written, in the target's byte order, but for what is known only in its kernel. */
export interface FinishedCode extends AssembledProgram {
  /** LD_IMM64s of variables in modules: the module of each, by the instruction. */
  readonly moduleReferences: readonly { readonly instruction: number; readonly module: string }[];
  /** The modules of kernel functions that it calls: a call's offset is the place in this list, from 1; 0 is the kernel itself. */
  readonly functionModules: readonly string[];
  /** For the verifier's log and for callbacks; both are of the object's types. */
  readonly functionInfo?: InfoRecords;
  readonly lineInfo?: InfoRecords;
}

/** struct bpf_func_info or bpf_line_info, one after the other (include/uapi/linux/bpf.h). */
export interface InfoRecords {
  readonly recordSizeBytes: number;
  readonly bytes: Uint8Array;
}

/** BPF_F_SLEEPABLE (include/uapi/linux/bpf.h). */
export const programFlags = { sleepable: 1 << 4 } as const;

/** enum bpf_prog_type (include/uapi/linux/bpf.h). */
export const programTypes = {
  kprobe: 2,
  tracepoint: 5,
  perf_event: 7,
  raw_tracepoint: 17,
  raw_tracepoint_writable: 24,
  tracing: 26,
  lsm: 29,
} as const;
export type ProgramType = keyof typeof programTypes;

/** enum bpf_attach_type. */
export const attachTypes = {
  trace_raw_tp: 23,
  trace_fentry: 24,
  trace_fexit: 25,
  modify_return: 26,
  lsm_mac: 27,
  trace_iter: 28,
  trace_kprobe_multi: 42,
  trace_uprobe_multi: 48,
  trace_kprobe_session: 56,
  trace_uprobe_session: 57,
} as const;
export type AttachType = keyof typeof attachTypes;
