import { type Target } from "../features/target.js";
import { NotSupportedError } from "../kernel/errors.js";
import { openPerfEvent } from "../kernel/perf.js";
import { encodeCString } from "../kernel/text.js";
import { type Attachment } from "./attachment.js";
import { attachProbeEvent } from "./attach-probe-event.js";
import { whoseEvents } from "./attach-tracepoint.js";
import { firstThatWorks } from "./first-that-works.js";
import { attachToEvents } from "./perf-attachment.js";
import { type ProbeEvents } from "./probe-events.js";

export interface UprobeRequest {
  readonly path: string;
  /** In the file. */
  readonly offset: bigint;
  readonly isReturn: boolean;
  /** 0: every process. */
  readonly pid: number;
  /** File offset of a USDT semaphore; 0: none. */
  readonly referenceCounterOffset: bigint;
  /** What the program learns of where it runs. */
  readonly cookie?: bigint | undefined;
}

/** Attaches to an instruction of a program or library. Throws RefusedError. */
export function attachUprobe(
  target: Target,
  probeEvents: ProbeEvents,
  program: number,
  request: UprobeRequest,
): Attachment {
  const { path, offset, isReturn, pid, cookie } = request;
  const action = `attach ${isReturn ? "uretprobe" : "uprobe"} ${path}:0x${offset.toString(16)}`;
  return firstThatWorks(action, [
    {
      mechanism: "uprobe PMU",
      attach: () => attachByPmu(target, action, program, request),
    },
    {
      mechanism: "uprobe_events",
      attach: () => {
        const definition = defineUprobe(target, request);
        const how = { action, program, kind: "uprobe", isReturn, definition, pid, cookie } as const;
        return attachProbeEvent(target, probeEvents, how);
      },
    },
  ]);
}

/** Since 4.17; semaphores since 4.20. */
function attachByPmu(
  target: Target,
  action: string,
  program: number,
  { path, offset, isReturn, pid, referenceCounterOffset, cookie }: UprobeRequest,
): Attachment {
  const { kernel, uprobePmu: pmu } = target;
  if (pmu === undefined) throw new NotSupportedError("not in this kernel");
  let config = isReturn ? pmu.returnProbe : 0n;
  if (referenceCounterOffset !== 0n) {
    if (pmu.referenceCounterShift === undefined) {
      throw new NotSupportedError("this kernel's unit takes no semaphore");
    }
    if (referenceCounterOffset > 0xffff_ffffn) {
      throw new NotSupportedError("the semaphore lies beyond 4 GiB");
    }
    config |= referenceCounterOffset << pmu.referenceCounterShift;
  }
  const attributes = { type: pmu.type, config, name: encodeCString(path), offset };
  const fd = openPerfEvent(kernel, attributes, whoseEvents(target, pid));
  const event = kernel.check(action, "perf_event_open", fd);
  return attachToEvents(target, { action, program, events: [event], maker: "uprobe PMU", cookie });
}

/** "PATH:OFFSET(SEMAPHORE)" (Documentation/trace/uprobetracer.rst), which has no way of quoting. */
function defineUprobe(
  target: Target,
  { path, offset, referenceCounterOffset }: UprobeRequest,
): string {
  if (target.tracefs === "") throw new NotSupportedError("there is no tracefs");
  if (/[\s:#;]/.test(path)) throw new NotSupportedError("the path cannot be written there");
  const semaphore =
    referenceCounterOffset === 0n ? "" : `(0x${referenceCounterOffset.toString(16)})`;
  return `${path}:0x${offset.toString(16)}${semaphore}`;
}
