import { type Target } from "../features/target.js";
import { MissingError, SyscallError } from "../kernel/errors.js";
import { listDirectory } from "../kernel/files.js";
import { openPerfEvent, type PerfAttributes, type PerfTarget } from "../kernel/perf.js";
import { type Attachment } from "./attachment.js";
import { attachToEvents } from "./perf-attachment.js";

export interface PerfEventRequest {
  /** perf_event_attr.type and .config. */
  readonly type: number;
  readonly config: bigint;
  readonly sampling: { readonly frequency: bigint } | { readonly period: bigint };
  readonly cpus: "each" | "one";
  /** 0: every process. */
  readonly pid: number;
  readonly breakpoint?: PerfAttributes["breakpoint"];
}

/** Runs a program on each sample of a perf event. Throws MissingError, SyscallError, RefusedError. */
export function attachPerfEvent(
  target: Target,
  program: number,
  { type, config, sampling, cpus, pid, breakpoint }: PerfEventRequest,
): Attachment {
  const action = `attach perf event ${type}:${config}`;
  const attributes = {
    ...{ type, config, sampling, isInherited: pid > 0 },
    ...(breakpoint === undefined ? {} : { breakpoint }),
  };
  const targets = pid > 0 ? threadsOf(target, action, pid) : cpusOf(target, cpus);
  const events = openEvents(target, action, attributes, targets);
  return attachToEvents(target, { action, program, events });
}

function cpusOf(target: Target, cpus: "each" | "one"): PerfTarget[] {
  const online = target.onlineCpus.map((cpu) => ({ pid: -1, cpu }));
  return cpus === "each" ? online : online.slice(0, 1);
}

/** perf_event_open(2) means a thread where it says pid; threads made later inherit. */
function threadsOf({ kernel }: Target, action: string, pid: number): PerfTarget[] {
  try {
    const threads = listDirectory(kernel, `/proc/${pid}/task`);
    return threads.map((thread) => ({ pid: Number(thread), cpu: -1 }));
  } catch (error) {
    if (!(error instanceof SyscallError) || error.errno !== kernel.errno.ENOENT) throw error;
    throw new MissingError(`${action}: there is no process ${pid}`, { cause: error });
  }
}

/** All of them, less those whose thread has ended or CPU has gone offline meanwhile. Throws SyscallError. */
function openEvents(
  { kernel }: Target,
  action: string,
  attributes: PerfAttributes,
  targets: readonly PerfTarget[],
): number[] {
  const events: number[] = [];
  let refusal = -kernel.errno.ESRCH;
  for (const whose of targets) {
    const fd = openPerfEvent(kernel, attributes, whose);
    if (fd >= 0) {
      events.push(fd);
      continue;
    }
    refusal = fd;
    if (kernel.isErrno(fd, "ESRCH", "ENODEV")) continue;
    for (const event of events) kernel.call("close", event);
    throw kernel.failure(action, "perf_event_open", -fd);
  }
  if (events.length === 0) throw kernel.failure(action, "perf_event_open", -refusal);
  return events;
}
