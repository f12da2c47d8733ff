import { type MapEvent } from "../output/trace-writer.js";
import { labelFrame, pictureFrames } from "../picture/picture-frames.js";
import { type StackPicture } from "../picture/stack-picture.js";
import { escapeText } from "./escape-text.js";
import {
  describeEnd,
  lengthCondition,
  threadCondition,
  type OffCpuOptions,
} from "./off-cpu-options.js";
import { frameLines, frameNames, KeyReader, numberOf } from "./stack-frames.js";
import {
  blockedTime,
  durationArgument,
  folded,
  parseIds,
  refuseBoth,
  stackStorageSize,
} from "./stack-options.js";
import { foldedRows, mapNamed } from "./thread-stacks.js";
import { type Tool, type ToolOptions, type ToolRow, type ToolRun } from "./tool.js";
import { type TargetDescription } from "../spec/target-description.js";

interface Options extends OffCpuOptions {
  readonly folded?: boolean;
  readonly addresses?: boolean;
  readonly stackStorageSize: number;
  readonly duration?: number;
}

export const wakeuptime: Tool = {
  name: "wakeuptime",
  summary: "for how long threads slept, by who woke them and with which stack",
  description:
    "Measures for each thread the time from when it goes to sleep to when another wakes it, and adds it up by the names of both " +
    "and the kernel stack of the one that woke it, in microseconds. It traces sched_switch and sched_waking, so it needs no kprobes.",
  examples: [
    ["sonde wakeuptime 5", "all threads, for five seconds"],
    ["sonde wakeuptime -p 181", "who wakes one process"],
    ["sonde wakeuptime -u --flamegraph wakers.html 10", "no kernel threads, as a flame graph"],
    ["sonde wakeuptime -f 5 > wakers.folded", "for other flame graph programs"],
  ],
  options: [
    { flags: "-p, --pid <pids>", description: "only sleepers of these processes", parse: parseIds },
    { flags: "-u, --user-threads-only", description: "no sleepers that are the kernel's threads" },
    folded,
    stackStorageSize,
    ...blockedTime,
    { flags: "--addresses", description: "addresses before the names of frames" },
  ],
  arguments: [durationArgument],
  hasStacks: true,
  create: (options, target) =>
    // They were parsed as `options` above says.
    createRun(options as ToolOptions & Options, target),
};

function createRun(options: ToolOptions & Options, target: TargetDescription): ToolRun {
  refuseBoth(options, ["pid", "userThreadsOnly"]);
  return {
    program: programFor(options, target),
    durationSeconds: options.duration,
    header: () =>
      options.folded === true
        ? undefined
        : `Tracing blocked time (us) by kernel stack${describeEnd(options.duration)}\n`,
    table: (maps, { isLast }) => {
      if (!isLast) return [];
      const map = mapNamed(maps, "@us");
      return options.folded === true ? foldedRows(pictureOf(map)) : rowsOf(map, options);
    },
    picture: (maps) => pictureOf(mapNamed(maps, "@us")),
  };
}

function rowsOf({ entries }: MapEvent, { addresses }: Options): readonly ToolRow[] {
  return entries.map((entry) => {
    const key = new KeyReader(entry);
    const [target, waker, stack] = [key.text(), key.text(), key.stack()];
    const value = numberOf(entry.value);
    return {
      text: () =>
        [
          `    ${"target:".padEnd(16)} ${escapeText(target)}`,
          ...frameLines(stack, { indent: 4, showsAddresses: addresses === true }),
          `    ${"waker:".padEnd(16)} ${escapeText(waker)}`,
          `        ${value}`,
          "",
        ].join("\n"),
      json: () => ({ target, waker, kernel: frameNames(stack), microseconds: value }),
    };
  });
}

/** From the waker up to whom it woke. */
function pictureOf({ entries }: MapEvent): StackPicture {
  const samples = entries.map((entry) => {
    const key = new KeyReader(entry);
    const [target, waker, stack] = [key.text(), key.text(), key.stack()];
    const frames = [labelFrame(waker), ...pictureFrames(stack), labelFrame(target)];
    return { frames, weight: numberOf(entry.value) };
  });
  return { title: "Sleep by who ended it", unit: "microseconds", samples };
}

function programFor(options: Options, target: TargetDescription): string {
  return `config = { max_map_keys = ${options.stackStorageSize} }
tracepoint:sched:sched_switch /tid != 0 && args.prev_state != 0 && ${threadCondition(options, target)}/ {
  @slept[tid] = nsecs;
}
// In the thread that wakes the other, which may run elsewhere.
tracepoint:sched:sched_waking /has_key(@slept, args.pid)/ {
  $us = (nsecs - @slept[args.pid]) / 1000;
  if (${lengthCondition(options)}) {
    @us[args.comm, comm, kstack] = sum($us);
  }
  delete(@slept, args.pid);
}
END { clear(@slept); }
`;
}
