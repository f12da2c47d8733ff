import {
  describeEnd,
  describeThreads,
  lengthCondition,
  refuseContradictions,
  stateCondition,
  threadCondition,
  whoseThreads,
  type OffCpuOptions,
} from "./off-cpu-options.js";
import { describeStacks, shownStacks, stackKeys, type StackOptions } from "./stack-frames.js";
import {
  blockedTime,
  delimited,
  durationArgument,
  folded,
  stackStorageSize,
  threadState,
  whichStacks,
} from "./stack-options.js";
import { mapNamed, threadPicture, threadRows, type ThreadStacksStyle } from "./thread-stacks.js";
import { type Tool, type ToolOptions, type ToolRun } from "./tool.js";
import { type TargetDescription } from "../spec/target-description.js";

interface Options extends StackOptions, OffCpuOptions {
  readonly delimited?: boolean;
  readonly folded?: boolean;
  readonly addresses?: boolean;
  readonly stackStorageSize: number;
  readonly duration?: number;
}

export const offcputime: Tool = {
  name: "offcputime",
  summary: "for how long threads did not run, by the stacks with which they stopped",
  description:
    "Measures for each thread the time from when it leaves a CPU to when it runs again, blocked or pushed aside, and adds it " +
    "up by the stacks that it left with, in microseconds. It traces sched_switch, so it needs no kprobes.",
  examples: [
    ["sonde offcputime 5", "all threads, for five seconds"],
    [
      "sonde offcputime -p 181 --flamegraph off.html 10",
      "what one process waited for, as a flame graph",
    ],
    [
      "sonde offcputime -u -m 1000 -t ssh://root@board",
      "no kernel threads, only waits of a millisecond or more",
    ],
    ["sonde offcputime --state 2 -f 10", "only uninterruptible waits (mostly for disks), folded"],
  ],
  options: [
    ...whoseThreads,
    ...whichStacks,
    delimited,
    folded,
    stackStorageSize,
    ...blockedTime,
    threadState,
    { flags: "--addresses", description: "addresses before the names of frames" },
  ],
  arguments: [durationArgument],
  hasStacks: true,
  create: (options, target) =>
    // They were parsed as `options` above says.
    createRun(options as ToolOptions & Options, target),
};

function createRun(options: ToolOptions & Options, target: TargetDescription): ToolRun {
  refuseContradictions(options);
  const stacks = shownStacks(options);
  const style: ThreadStacksStyle = {
    stacks,
    frames: { indent: 4, showsAddresses: options.addresses === true },
    isDelimited: options.delimited === true,
    isFolded: options.folded === true,
    title: "Off-CPU time",
    unit: "microseconds",
    valueName: "microseconds",
  };
  return {
    program: programFor(options, target),
    durationSeconds: options.duration,
    header: () =>
      options.folded === true
        ? undefined
        : `Tracing off-CPU time (us) of ${describeThreads(options)} by ${describeStacks(stacks)} stack${describeEnd(options.duration)}\n`,
    table: (maps, { isLast }) => (isLast ? threadRows(mapNamed(maps, "@us"), style) : []),
    picture: (maps) => threadPicture(mapNamed(maps, "@us"), style),
  };
}

function programFor(options: Options, target: TargetDescription): string {
  const stacks = stackKeys(shownStacks(options));
  const parts = stacks.map((_, index) => `$left.${index + 3}`);
  return `config = { max_map_keys = ${options.stackStorageSize} }
tracepoint:sched:sched_switch {
  // Here the thread that leaves still is the one that runs.
  if (tid != 0 && ${threadCondition(options, target)} && ${stateCondition(options.state)}) {
    @left[tid] = (nsecs, comm, tid, ${stacks.join(", ")});
  }
  if (has_key(@left, args.next_pid)) {
    $left = @left[args.next_pid];
    $us = (nsecs - $left.0) / 1000;
    if (${lengthCondition(options)}) {
      @us[$left.1, $left.2, ${parts.join(", ")}] = sum($us);
    }
    delete(@left, args.next_pid);
  }
}
END { clear(@left); }
`;
}
