import { type TargetDescription } from "../spec/target-description.js";
import { parseIds, refuseBoth } from "./stack-options.js";
import { type ToolOption, ToolOptionError } from "./tool.js";

/** Whose times are counted, and which. */
export interface OffCpuOptions {
  readonly pid?: readonly number[];
  readonly tid?: readonly number[];
  readonly userThreadsOnly?: boolean;
  readonly kernelThreadsOnly?: boolean;
  readonly minBlockTime: number;
  readonly maxBlockTime?: number;
  readonly state?: number;
}

/** -p, -t, -u and -k. BCC's -t is --tid: with us -t is the target. */
export const whoseThreads: readonly ToolOption[] = [
  {
    flags: "-p, --pid <pids>",
    description: "only these processes (several with commas between them)",
    parse: parseIds,
  },
  { flags: "--tid <tids>", description: "only these threads", parse: parseIds },
  { flags: "-u, --user-threads-only", description: "no threads of the kernel" },
  { flags: "-k, --kernel-threads-only", description: "only threads of the kernel" },
];

export function refuseContradictions(options: Readonly<Record<string, unknown>>): void {
  refuseBoth(
    options,
    ["pid", "tid"],
    ["userThreadsOnly", "kernelThreadsOnly"],
    ["pid", "kernelThreadsOnly"],
    ["userStacksOnly", "kernelStacksOnly"],
  );
}

/** A condition on the thread that runs: it is one of those that are asked for. PF_KTHREAD: include/linux/sched.h. */
export function threadCondition(options: OffCpuOptions, target: TargetDescription): string {
  const { pid, tid, userThreadsOnly, kernelThreadsOnly } = options;
  const isOneOf = (name: string, ids: readonly number[]): string =>
    `(${ids.map((id) => `${name} == ${id}`).join(" || ")})`;
  if ((userThreadsOnly === true || kernelThreadsOnly === true) && !target.hasBtf) {
    throw new ToolOptionError(
      "the target tells no types (no BTF), so threads of the kernel and of processes cannot be told apart",
    );
  }
  const conditions = [
    ...(pid === undefined ? [] : [isOneOf("pid", pid)]),
    ...(tid === undefined ? [] : [isOneOf("tid", tid)]),
    ...(userThreadsOnly === true ? ["(curtask->flags & 0x200000) == 0"] : []),
    ...(kernelThreadsOnly === true ? ["(curtask->flags & 0x200000) != 0"] : []),
  ];
  return conditions.length === 0 ? "1" : conditions.join(" && ");
}

/** A condition on prev_state, as sched_switch has it: 0 of one that could run on. */
export function stateCondition(state: number | undefined): string {
  if (state === undefined) return "1";
  return state === 0 ? "args.prev_state == 0" : `(args.prev_state & ${state}) != 0`;
}

/** A condition on $us, how long it was. */
export function lengthCondition({ minBlockTime, maxBlockTime }: OffCpuOptions): string {
  const least = `$us >= ${minBlockTime}`;
  return maxBlockTime === undefined ? least : `${least} && $us <= ${maxBlockTime}`;
}

/** "all threads", as headers say it. */
export function describeThreads(options: OffCpuOptions): string {
  const { pid, tid, userThreadsOnly, kernelThreadsOnly } = options;
  if (pid !== undefined) return `PID ${pid.join(",")}`;
  if (tid !== undefined) return `TID ${tid.join(",")}`;
  if (userThreadsOnly === true) return "user threads";
  return kernelThreadsOnly === true ? "kernel threads" : "all threads";
}

export function describeEnd(duration: number | undefined): string {
  return duration === undefined ? "... Hit Ctrl-C to end." : ` for ${duration} secs.`;
}
