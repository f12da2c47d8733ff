import { type Kernel } from "./kernel.js";
import { PERF_FLAG_FD_CLOEXEC } from "./uapi.js";

/** What of struct perf_event_attr (include/uapi/linux/perf_event.h) the agent sets. */
export interface PerfAttributes {
  readonly type: number;
  readonly config: bigint;
  /** kprobe_func or uprobe_path, as a C string whose address is passed; or nothing. */
  readonly name?: Uint8Array;
  /** probe_offset, or 0. */
  readonly offset?: bigint;
  /** Memory that is watched: HW_BREAKPOINT_* says for what. */
  readonly breakpoint?: {
    readonly type: number;
    readonly address: bigint;
    readonly sizeBytes: number;
  };
  readonly sampleType?: number;
  readonly sampling?: { readonly frequency: bigint } | { readonly period: bigint };
  /** Wake the reader when so many bytes are in its buffer. */
  readonly wakeupWatermarkBytes?: number;
  /** Tasks that the watched one makes are watched too. */
  readonly isInherited?: boolean;
  /** Record what processes map to run code of, what they are called, and their beginnings and ends; with the time of each. */
  readonly records?: "tasks" | "tasks with build ids";
}

/** Whom a perf event watches: one CPU, or one thread. */
export interface PerfTarget {
  /** -1: every process. */
  readonly pid: number;
  /** -1: whichever CPU the thread runs on. */
  readonly cpu: number;
}

/** PERF_ATTR_SIZE_VER5, which every kernel since 4.1 knows. */
const attrSizeBytes = 112;

/** Bits of the flags word, as they are counted in struct perf_event_attr. */
const flagBits = {
  disabled: 0,
  inherit: 1,
  mmap: 8,
  comm: 9,
  freq: 10,
  task: 13,
  watermark: 14,
  sampleIdAll: 18,
  mmap2: 23,
  commExec: 24,
  buildId: 34,
} as const;

const taskBits = ["mmap", "comm", "task", "sampleIdAll", "mmap2", "commExec"] as const;

/** perf_event_open(2) of an event that starts disabled: the descriptor, or the negated errno. */
export function openPerfEvent(
  kernel: Kernel,
  attributes: PerfAttributes,
  target: PerfTarget,
): number {
  const name = attributes.name ?? new Uint8Array(0);
  // In one buffer with the attributes, so that both live as long as the call.
  const attr = new Uint8Array(attrSizeBytes + name.length);
  attr.set(name, attrSizeBytes);
  const view = kernel.view(attr);
  const little = kernel.isLittleEndian;
  view.setUint32(0, attributes.type, little);
  view.setUint32(4, attrSizeBytes, little);
  view.setBigUint64(8, attributes.config, little);
  view.setBigUint64(16, sampleCount(attributes), little);
  view.setBigUint64(24, BigInt(attributes.sampleType ?? 0), little);
  view.setBigUint64(40, flagsWord(kernel, attributes), little);
  view.setUint32(48, attributes.wakeupWatermarkBytes ?? 0, little);
  if (name.length > 0) {
    view.setBigUint64(56, kernel.addressOf(attr) + BigInt(attrSizeBytes), little);
  }
  view.setBigUint64(64, attributes.offset ?? 0n, little);
  if (attributes.breakpoint !== undefined) {
    const { type, address, sizeBytes } = attributes.breakpoint;
    view.setUint32(52, type, little);
    view.setBigUint64(56, address, little);
    view.setBigUint64(64, BigInt(sizeBytes), little);
  }
  const { pid, cpu } = target;
  return kernel.call("perf_event_open", attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

function sampleCount({ sampling }: PerfAttributes): bigint {
  if (sampling === undefined) return 0n;
  return "frequency" in sampling ? sampling.frequency : sampling.period;
}

function flagsWord(kernel: Kernel, attributes: PerfAttributes): bigint {
  const { sampling, wakeupWatermarkBytes, isInherited, records } = attributes;
  let word = bit(kernel, flagBits.disabled);
  if (isInherited === true) word |= bit(kernel, flagBits.inherit);
  if (sampling !== undefined && "frequency" in sampling) word |= bit(kernel, flagBits.freq);
  if (wakeupWatermarkBytes !== undefined) word |= bit(kernel, flagBits.watermark);
  if (records !== undefined) {
    for (const name of taskBits) word |= bit(kernel, flagBits[name]);
  }
  if (records === "tasks with build ids") word |= bit(kernel, flagBits.buildId);
  return word;
}

/** The flags are C bit-fields of a u64, which a big-endian compiler counts from the other end. */
function bit(kernel: Kernel, index: number): bigint {
  return 1n << BigInt(kernel.isLittleEndian ? index : 63 - index);
}

/** _IO('$', 0), _IO('$', 1) and _IOW('$', 8, u32) (include/uapi/linux/perf_event.h). */
const requests = { enable: 0x2400, disable: 0x2401, setBpf: 0x2408 } as const;

/** PERF_EVENT_IOC_ENABLE: 0, or the negated errno. */
export function enablePerfEvent(kernel: Kernel, fd: number): number {
  return kernel.call("ioctl", fd, ioctlNumber(kernel, requests.enable, 0), 0);
}

/** PERF_EVENT_IOC_DISABLE: 0, or the negated errno. */
export function disablePerfEvent(kernel: Kernel, fd: number): number {
  return kernel.call("ioctl", fd, ioctlNumber(kernel, requests.disable, 0), 0);
}

/** PERF_EVENT_IOC_SET_BPF: 0, or the negated errno. */
export function setPerfEventProgram(kernel: Kernel, fd: number, program: number): number {
  return kernel.call("ioctl", fd, ioctlNumber(kernel, requests.setBpf, 4), program);
}

/**
 * The request with its direction and size: mips and powerpc count the direction in three bits and give "none" one of
 * them (arch/{mips,powerpc}/include/uapi/asm/ioctl.h). As a signed word: the top bit may be set.
 */
function ioctlNumber(kernel: Kernel, request: number, writtenBytes: number): number {
  const { architecture } = kernel.machine;
  const isWrite = writtenBytes > 0;
  const direction = /^(mips|ppc)/.test(architecture)
    ? (isWrite ? 4 : 1) << 29
    : (isWrite ? 1 : 0) << 30;
  return direction | (writtenBytes << 16) | request;
}
