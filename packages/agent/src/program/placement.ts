import { SyscallError } from "../kernel/errors.js";
import { listDirectory } from "../kernel/files.js";
import { Kernel } from "../kernel/kernel.js";
import { type System } from "../system/system.js";
import { UsageError } from "./usage-error.js";

/** Where and before whom the agent runs; undefined: as it was started. */
export interface Placement {
  /** -20 to 19 (setpriority(2)). */
  readonly niceness: number | undefined;
  readonly processors: readonly number[] | undefined;
}

const PRIO_PROCESS = 0;

/** Places every thread of this process: what they start later has the same place. Throws UsageError. */
export function placeAgent(system: System, { niceness, processors }: Placement): void {
  if (niceness === undefined && processors === undefined) return;
  const kernel = new Kernel(system);
  const mask = processors === undefined ? undefined : processorMask(kernel, processors);
  try {
    for (const thread of listDirectory(kernel, "/proc/self/task").map(Number)) {
      if (mask !== undefined) {
        const action = `--cpu ${processors?.join() ?? ""}`;
        kernel.require(action, "sched_setaffinity", thread, mask.length, mask);
      }
      if (niceness !== undefined) {
        kernel.require(`--nice ${niceness}`, "setpriority", PRIO_PROCESS, thread, niceness);
      }
    }
  } catch (cause) {
    if (cause instanceof SyscallError) throw new UsageError(cause.message, { cause });
    throw cause;
  }
}

/** An array of longs, a bit for each processor (sched_setaffinity(2)). */
function processorMask(kernel: Kernel, processors: readonly number[]): Uint8Array {
  const wordBytes = kernel.machine.pointerSize;
  const wordCount = Math.floor(Math.max(...processors) / (8 * wordBytes)) + 1;
  const mask = new Uint8Array(wordCount * wordBytes);
  // The first byte of a word has its lowest bits, or on a big-endian machine its highest.
  const turned = kernel.isLittleEndian ? 0 : wordBytes - 1;
  for (const processor of processors) {
    const at = (processor >> 3) ^ turned;
    mask[at] = (mask[at] ?? 0) | (1 << (processor & 7));
  }
  return mask;
}
