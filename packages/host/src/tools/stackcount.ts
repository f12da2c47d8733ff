import { type MapEvent } from "../output/trace-writer.js";
import { type MapEntry } from "../output/value.js";
import { labelFrame, pictureFrames, type StackValue } from "../picture/picture-frames.js";
import { type StackPicture } from "../picture/stack-picture.js";
import { clockLine } from "./clock-line.js";
import { escapeText } from "./escape-text.js";
import { parseId, parseSeconds } from "./parse-option.js";
import { parseProbePattern, wildcardsOf } from "./probe-pattern.js";
import {
  frameLines,
  frameNames,
  KeyReader,
  numberOf,
  shownStacks,
  stackKeys,
  type StackOptions,
} from "./stack-frames.js";
import { delimited, folded, refuseBoth, whichStacks } from "./stack-options.js";
import { foldedRows, mapNamed } from "./thread-stacks.js";
import { type Tool, type ToolOptions, type ToolRow, type ToolRun } from "./tool.js";

interface Options extends StackOptions {
  readonly pid?: number;
  readonly cpu?: number;
  readonly interval?: number;
  readonly duration?: number;
  readonly timestamp?: boolean;
  readonly regexp?: boolean;
  readonly offset?: boolean;
  readonly perpid?: boolean;
  readonly addresses?: boolean;
  readonly delimited?: boolean;
  readonly folded?: boolean;
  readonly pattern: string;
}

export const stackcount: Tool = {
  name: "stackcount",
  summary: "which stacks lead to a function, tracepoint or mark, and how often",
  description:
    "Counts on the target the stacks with which a function, tracepoint or mark is reached. The pattern is FUNCTION for one of the " +
    "kernel's, LIBRARY:FUNCTION for one of a process's (c is the C library), t:CATEGORY:EVENT for a tracepoint or u:LIBRARY:MARK for " +
    "a mark in a program (USDT); * stands for anything.",
  examples: [
    ["sonde stackcount t:block:block_rq_issue", "what leads to disk requests, until Ctrl-C"],
    [
      "sonde stackcount -p 181 -U c:malloc --flamegraph malloc.html",
      "who allocates in a process, as a flame graph",
    ],
    [
      "sonde stackcount -i 5 -T -P submit_bio",
      "a function of the kernel, each five seconds, by process",
    ],
    ["sonde stackcount -D 10 -f t:sched:sched_switch", "ten seconds, folded"],
  ],
  options: [
    { flags: "-p, --pid <pid>", description: "only in this process", parse: parseId },
    { flags: "-c, --cpu <cpu>", description: "only on this CPU", parse: parseId },
    {
      flags: "-i, --interval <seconds>",
      description: "print, and begin anew, each so often",
      parse: parseSeconds,
    },
    { flags: "-D, --duration <seconds>", description: "end after so long", parse: parseSeconds },
    { flags: "-T, --timestamp", description: "the time before each table" },
    {
      flags: "-r, --regexp",
      description: "the pattern is a regular expression (^, $ and .* alone)",
    },
    { flags: "-s, --offset", description: "how far into its function each frame is" },
    { flags: "-P, --perpid", description: "each process's stacks by themselves" },
    ...whichStacks,
    { flags: "--addresses", description: "addresses before the names of frames" },
    delimited,
    folded,
  ],
  arguments: [{ name: "pattern", description: "what is counted", isRequired: true }],
  hasStacks: true,
  create: (options) =>
    // They were parsed as `options` above says.
    createRun(options as ToolOptions & Options),
};

function createRun(options: ToolOptions & Options): ToolRun {
  refuseBoth(options, ["userStacksOnly", "kernelStacksOnly"]);
  const { pattern, interval } = options;
  const others = interval === undefined ? 0 : 1;
  return {
    program: programFor(options),
    durationSeconds: options.duration,
    header: (probes) =>
      options.folded === true
        ? undefined
        : `Tracing ${probes - others} functions for "${pattern}"... Hit Ctrl-C to end.`,
    table: (maps, { now }) => {
      const map = mapNamed(maps, "@");
      if (options.folded === true) return foldedRows(pictureOf(map, options));
      const heading: ToolRow = {
        text: () => (options.timestamp === true ? `\n${clockLine(now).trimEnd()}` : ""),
        json: () => undefined,
      };
      return [heading, ...map.entries.map((entry) => rowOf(readEntry(entry, options), options))];
    },
    picture: (maps) => pictureOf(mapNamed(maps, "@"), options),
    ...(options.folded === true ? {} : { footer: () => "Detaching..." }),
  };
}

interface Counted {
  readonly process: { readonly comm: string; readonly pid: bigint } | undefined;
  readonly user: StackValue | undefined;
  readonly kernel: StackValue | undefined;
  readonly count: bigint;
}

function readEntry(entry: MapEntry, options: Options): Counted {
  const key = new KeyReader(entry);
  const process = options.perpid === true ? { comm: key.text(), pid: key.integer() } : undefined;
  return { process, ...key.stacks(shownStacks(options)), count: numberOf(entry.value) };
}

function hasBoth({ user, kernel }: Counted): boolean {
  return (user?.frames.length ?? 0) > 0 && (kernel?.frames.length ?? 0) > 0;
}

function rowOf(counted: Counted, options: Options): ToolRow {
  const { process, user, kernel, count } = counted;
  const style = {
    indent: 2,
    showsAddresses: options.addresses === true,
    showsOffsets: options.offset === true,
  };
  return {
    text: () =>
      [
        ...frameLines(kernel, style),
        ...(options.delimited === true && hasBoth(counted) ? ["    --"] : []),
        ...frameLines(user, style),
        ...(process === undefined ? [] : [`    ${escapeText(process.comm)} [${process.pid}]`]),
        `    ${count}`,
        "",
      ].join("\n"),
    json: () => ({
      ...(process === undefined ? {} : { comm: process.comm, pid: Number(process.pid) }),
      kernel: frameNames(kernel),
      user: frameNames(user),
      count,
    }),
  };
}

function pictureOf({ entries }: MapEvent, options: Options): StackPicture {
  const samples = entries.map((entry) => {
    const counted = readEntry(entry, options);
    const { process, user, kernel, count } = counted;
    const isMarked = options.delimited === true && hasBoth(counted);
    return {
      frames: [
        ...(process === undefined ? [] : [labelFrame(process.comm)]),
        ...(user === undefined ? [] : pictureFrames(user)),
        ...(isMarked ? [{ name: "-", kind: "mark" } as const] : []),
        ...(kernel === undefined ? [] : pictureFrames(kernel)),
      ],
      weight: count,
    };
  });
  return { title: `Stacks of ${options.pattern}`, unit: "calls", samples };
}

function programFor(options: Options): string {
  const { pid, cpu, interval, pattern, regexp, perpid } = options;
  const { probe } = parseProbePattern(regexp === true ? wildcardsOf(pattern) : pattern);
  const conditions = [
    ...(pid === undefined ? [] : [`pid == ${pid}`]),
    ...(cpu === undefined ? [] : [`cpu == ${cpu}`]),
  ];
  const predicate = conditions.length === 0 ? "" : ` /${conditions.join(" && ")}/`;
  const keys = [...(perpid === true ? ["comm", "pid"] : []), ...stackKeys(shownStacks(options))];
  const rhythm =
    interval === undefined
      ? ""
      : `interval:ms:${Math.round(interval * 1000)} { print(@); clear(@); }\n`;
  return `config = { max_map_keys = 16384 }
${probe}${predicate} { @[${keys.join(", ")}] = count(); }
${rhythm}`;
}
