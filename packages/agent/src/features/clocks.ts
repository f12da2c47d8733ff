import { type Kernel } from "../kernel/kernel.js";
import {
  CLOCK_BOOTTIME,
  CLOCK_MONOTONIC,
  CLOCK_PROCESS_CPUTIME_ID,
  CLOCK_REALTIME,
} from "../kernel/uapi.js";

/** Nanoseconds, all at the same moment as nearly as can be. */
export interface Clocks {
  readonly monotonic: bigint;
  readonly boottime: bigint;
  readonly realtime: bigint;
}

const attempts = 5;

/** Reads the clocks a few times and gives the reading that took least time. Throws SyscallError. */
export function readClocks(kernel: Kernel): Clocks {
  let best: { clocks: Clocks; duration: bigint } | undefined;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = readClock(kernel, CLOCK_MONOTONIC);
    const boottime = readClock(kernel, CLOCK_BOOTTIME);
    const realtime = readClock(kernel, CLOCK_REALTIME);
    const duration = readClock(kernel, CLOCK_MONOTONIC) - before;
    if (best !== undefined && best.duration <= duration) continue;
    best = { clocks: { monotonic: before + duration / 2n, boottime, realtime }, duration };
  }
  return best?.clocks ?? { monotonic: 0n, boottime: 0n, realtime: 0n };
}

/** How long this process has had a processor, in milliseconds. Throws SyscallError. */
export function readProcessorTime(kernel: Kernel): number {
  return Number(readClock(kernel, CLOCK_PROCESS_CPUTIME_ID)) / 1e6;
}

/** Of struct __kernel_timespec, and of the one with words of the process's size where the kernel has no other. */
function readClock(kernel: Kernel, clock: number): bigint {
  const timespec = new Uint8Array(16);
  const view = kernel.view(timespec);
  const little = kernel.isLittleEndian;
  const result = kernel.clockGettime64(clock, timespec);
  const isWide = result >= 0 || kernel.machine.pointerSize === 8;
  if (result < 0) kernel.require("read a clock", "clock_gettime", clock, timespec);
  const seconds = isWide ? view.getBigInt64(0, little) : BigInt(view.getInt32(0, little));
  const nanoseconds = isWide ? view.getBigInt64(8, little) : BigInt(view.getInt32(4, little));
  return seconds * 1_000_000_000n + nanoseconds;
}
