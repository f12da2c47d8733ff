import { type Target } from "../features/target.js";
import { readTracepointId } from "../features/tracefs.js";
import { SyscallError } from "../kernel/errors.js";
import { appendLine, tryReadTextFile } from "../kernel/files.js";

export type ProbeEventKind = "kprobe" | "uprobe";

/** A probe made by a line in a control file of tracefs; a tracepoint until it is removed. */
export interface ProbeEvent {
  /** perf_event_attr.config of its tracepoint. */
  readonly id: bigint;
  /** Only when no perf event on it is open any more. Throws SyscallError. */
  remove(): void;
}

/**
 * Makes probes by kprobe_events and uprobe_events of tracefs (Documentation/trace/kprobetrace.rst), for kernels whose
 * units in sysfs make none. They outlive the process that made them, so their group says which it was, and what dead
 * agents have left is swept away.
 */
export class ProbeEvents {
  readonly #target: Target;
  readonly #swept = new Set<ProbeEventKind>();
  #made = 0;

  constructor(target: Target) {
    this.#target = target;
  }

  /** `definition` is what stands after the name: "do_sys_open+0", "/bin/bash:0x4000". Throws SyscallError, MissingError. */
  add(kind: ProbeEventKind, type: "p" | "r", definition: string): ProbeEvent {
    if (!this.#swept.has(kind)) this.sweep(kind);
    const { kernel } = this.#target;
    const file = this.#file(kind);
    this.#made += 1;
    const group = `sonde_${kernel.call("getpid")}`;
    const event = `${type}${this.#made}`;
    const name = `${group}/${event}`;
    appendLine(kernel, file, `${type}:${name} ${definition}`);
    const remove = (): void => {
      appendLine(kernel, file, `-:${name}`);
    };
    try {
      return { id: readTracepointId(kernel, this.#target.tracefs, group, event), remove };
    } catch (error) {
      remove();
      throw error;
    }
  }

  /** Removes what agents have left that are no more; silent where nothing can be done. */
  sweep(kind: ProbeEventKind): void {
    const { kernel } = this.#target;
    const lines = (tryReadTextFile(kernel, this.#file(kind)) ?? "").split("\n");
    for (const line of lines) {
      const match = /^[pr]\d*:(sonde_(\d+)\/\w+) /.exec(line);
      const [, name, pid] = match ?? [];
      if (name === undefined || pid === undefined || this.#isAlive(kind, pid)) continue;
      try {
        appendLine(kernel, this.#file(kind), `-:${name}`);
      } catch (error) {
        // Still open somewhere, or not ours to remove: the next agent tries again.
        if (!(error instanceof SyscallError)) throw error;
      }
    }
    this.#swept.add(kind);
  }

  /** Before the first sweep a group of our own number is an earlier agent's: we have made none yet. */
  #isAlive(kind: ProbeEventKind, pid: string): boolean {
    const { kernel } = this.#target;
    if (Number(pid) === kernel.call("getpid")) return this.#swept.has(kind);
    return tryReadTextFile(kernel, `/proc/${pid}/comm`) !== undefined;
  }

  #file(kind: ProbeEventKind): string {
    return `${this.#target.tracefs}/${kind}_events`;
  }
}
