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
  const wordBits = kernel.machine.pointerSize * 8;
  const wordCount = Math.floor(Math.max(...processors) / wordBits) + 1;
  const mask = new Uint8Array(wordCount * kernel.machine.pointerSize);
  for (const processor of processors) {
    const [word, bit] = [Math.floor(processor / wordBits), processor % wordBits];
    const byteInWord = Math.floor(bit / 8);
    const within = kernel.isLittleEndian ? byteInWord : kernel.machine.pointerSize - 1 - byteInWord;
    const at = word * kernel.machine.pointerSize + within;
    mask[at] = (mask[at] ?? 0) | (1 << (bit % 8));
  }
  return mask;
}
