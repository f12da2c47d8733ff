import { type MapEvent } from "../output/trace-writer.js";
import { type MapEntry } from "../output/value.js";
import { labelFrame, pictureFrames, type StackValue } from "../picture/picture-frames.js";
import { type PictureFrame, type StackPicture } from "../picture/stack-picture.js";
import { escapeText } from "./escape-text.js";
import {
  describeEnd,
  lengthCondition,
  refuseContradictions,
  stateCondition,
  threadCondition,
  whoseThreads,
  type OffCpuOptions,
} from "./off-cpu-options.js";
import {
  describeStacks,
  frameLines,
  frameNames,
  KeyReader,
  numberOf,
  shownStacks,
  stackKeys,
  type ShownStacks,
  type StackOptions,
} from "./stack-frames.js";
import {
  blockedTime,
  delimited,
  durationArgument,
  folded,
  stackStorageSize,
  threadState,
  whichStacks,
} from "./stack-options.js";
import { foldedRows, mapNamed } from "./thread-stacks.js";
import { type Tool, type ToolOptions, type ToolRow, type ToolRun } from "./tool.js";
import { type TargetDescription } from "../spec/target-description.js";

interface Options extends StackOptions, OffCpuOptions {
  readonly delimited?: boolean;
  readonly folded?: boolean;
  readonly stackStorageSize: number;
  readonly duration?: number;
}

export const offwaketime: Tool = {
  name: "offwaketime",
  summary: "for how long threads slept, by their stacks and the stacks of who woke them",
  description:
    "Measures for each thread the time from when it goes to sleep to when it runs again, and adds it up by its stacks and the " +
    "stacks of the thread that woke it, in microseconds: what was waited for, and what ended the wait. It traces sched_switch " +
    "and sched_waking, so it needs no kprobes.",
  examples: [
    ["sonde offwaketime 5", "all threads, for five seconds"],
    [
      "sonde offwaketime -p 181 --flamegraph chain.html 10",
      "one process, as a flame graph: below it, above who woke it",
    ],
    ["sonde offwaketime -K -m 1000 5", "the kernel's stacks alone, waits of a millisecond or more"],
    ["sonde offwaketime -f -d 5", "folded, with - between user and kernel"],
  ],
  options: [
    ...whoseThreads,
    ...whichStacks,
    delimited,
    folded,
    stackStorageSize,
    ...blockedTime,
    threadState,
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
  const pictureOf = (map: MapEvent): StackPicture => ({
    title: "Off-CPU time and who ended it",
    unit: "microseconds",
    samples: map.entries.map((entry) => {
      const pair = readPair(entry, stacks);
      return { frames: framesOf(pair, options.delimited === true), weight: pair.value };
    }),
  });
  return {
    program: programFor(options, target),
    durationSeconds: options.duration,
    header: () =>
      options.folded === true
        ? undefined
        : `Tracing blocked time (us) by ${describeStacks(stacks)} off-CPU and waker stack${describeEnd(options.duration)}\n`,
    table: (maps, { isLast }) => {
      if (!isLast) return [];
      const map = mapNamed(maps, "@us");
      if (options.folded === true) return foldedRows(pictureOf(map));
      return map.entries.map((entry) => rowOf(readPair(entry, stacks), options.delimited === true));
    },
    picture: (maps) => pictureOf(mapNamed(maps, "@us")),
  };
}

interface Side {
  readonly comm: string;
  readonly tid: bigint;
  readonly user: StackValue | undefined;
  readonly kernel: StackValue | undefined;
}

interface Pair {
  readonly target: Side;
  readonly waker: Side;
  readonly value: bigint;
}

function readPair(entry: MapEntry, stacks: ShownStacks): Pair {
  const key = new KeyReader(entry);
  const side = (): Side => ({ comm: key.text(), tid: key.integer(), ...key.stacks(stacks) });
  return { target: side(), waker: side(), value: numberOf(entry.value) };
}

function hasBoth({ user, kernel }: Side): boolean {
  return (user?.frames.length ?? 0) > 0 && (kernel?.frames.length ?? 0) > 0;
}

function rowOf({ target, waker, value }: Pair, isDelimited: boolean): ToolRow {
  const style = { indent: 4 };
  const mark = (side: Side): readonly string[] => (isDelimited && hasBoth(side) ? ["    -"] : []);
  return {
    text: () =>
      [
        `    ${"waker:".padEnd(16)} ${escapeText(waker.comm)} ${waker.tid}`,
        ...[...frameLines(waker.user, style)].reverse(),
        ...mark(waker),
        ...[...frameLines(waker.kernel, style)].reverse(),
        `    ${"--".padEnd(16)} --`,
        ...frameLines(target.kernel, style),
        ...mark(target),
        ...frameLines(target.user, style),
        `    ${"target:".padEnd(16)} ${escapeText(target.comm)} ${target.tid}`,
        `        ${value}`,
        "",
      ].join("\n"),
    json: () => ({
      target: sideFields(target),
      waker: sideFields(waker),
      microseconds: value,
    }),
  };
}

function sideFields({ comm, tid, user, kernel }: Side): {
  readonly comm: string;
  readonly tid: number;
  readonly user: readonly string[];
  readonly kernel: readonly string[];
} {
  return { comm, tid: Number(tid), user: frameNames(user), kernel: frameNames(kernel) };
}

/** The sleeper from its outermost frame up; above it the one that woke it, from its innermost frame to its name. */
function framesOf({ target, waker }: Pair, isDelimited: boolean): readonly PictureFrame[] {
  const mark = (side: Side): readonly PictureFrame[] =>
    isDelimited && hasBoth(side) ? [{ name: "-", kind: "mark" }] : [];
  const frames = (stack: StackValue | undefined): readonly PictureFrame[] =>
    stack === undefined ? [] : pictureFrames(stack);
  return [
    labelFrame(target.comm),
    ...frames(target.user),
    ...mark(target),
    ...frames(target.kernel),
    { name: "--", kind: "mark" },
    ...[...frames(waker.kernel)].reverse(),
    ...mark(waker),
    ...[...frames(waker.user)].reverse(),
    labelFrame(waker.comm),
  ];
}

function programFor(options: Options, target: TargetDescription): string {
  const stacks = stackKeys(shownStacks(options)).join(", ");
  const count = stackKeys(shownStacks(options)).length;
  const parts = (name: string): string =>
    Array.from({ length: count }, (_, index) => `$${name}.${index + 3}`).join(", ");
  return `config = { max_map_keys = ${options.stackStorageSize} }
tracepoint:sched:sched_switch {
  // Here the thread that leaves still is the one that runs.
  if (tid != 0 && args.prev_state != 0 && ${threadCondition(options, target)} && ${stateCondition(options.state)}) {
    @left[tid] = (nsecs, comm, tid, ${stacks});
  }
  if (has_key(@left, args.next_pid) && has_key(@woken, args.next_pid)) {
    $left = @left[args.next_pid];
    $woken = @woken[args.next_pid];
    $us = (nsecs - $left.0) / 1000;
    if (${lengthCondition(options)}) {
      @us[$left.1, $left.2, ${parts("left")}, $woken.1, $woken.2, ${parts("woken")}] = sum($us);
    }
    delete(@left, args.next_pid);
    delete(@woken, args.next_pid);
  }
}
// In the thread that wakes the other, which may run elsewhere.
tracepoint:sched:sched_waking /has_key(@left, args.pid)/ {
  @woken[args.pid] = (nsecs, comm, tid, ${stacks});
}
END { clear(@left); clear(@woken); }
`;
}
