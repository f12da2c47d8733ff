import { type Target } from "../features/target.js";
import { readTracepointId } from "../features/tracefs.js";
import { openPerfEvent } from "../kernel/perf.js";
import { PERF_TYPE_TRACEPOINT } from "../kernel/uapi.js";
import { type Attachment } from "./attachment.js";
import { attachToEvents } from "./perf-attachment.js";

/** Attaches to a tracepoint of tracefs. Throws MissingError, SyscallError, RefusedError. */
export function attachTracepoint(
  target: Target,
  program: number,
  { category, name }: { readonly category: string; readonly name: string },
): Attachment {
  const action = `attach tracepoint ${category}:${name}`;
  const id = readTracepointId(target.kernel, target.tracefs, category, name);
  const event = openTracepointEvent(target, action, id, { pid: -1 });
  return attachToEvents(target, { action, program, events: [event] });
}

/** A disabled perf event on a tracepoint: one on any CPU sees what happens on all. Throws SyscallError. */
export function openTracepointEvent(
  target: Target,
  action: string,
  id: bigint,
  { pid }: { readonly pid: number },
): number {
  const { kernel } = target;
  const fd = openPerfEvent(
    kernel,
    { type: PERF_TYPE_TRACEPOINT, config: id },
    whoseEvents(target, pid),
  );
  return kernel.check(action, "perf_event_open", fd);
}

/** Of one process wherever it runs, or of all on one CPU that is online: the probe itself is on every CPU. */
export function whoseEvents(target: Target, pid: number): { pid: number; cpu: number } {
  return pid > 0 ? { pid, cpu: -1 } : { pid: -1, cpu: target.onlineCpus[0] ?? 0 };
}
