import { type MapEvent } from "../output/trace-writer.js";
import { clockLine } from "./clock-line.js";
import { parseId, parseSeconds } from "./parse-option.js";
import { parseProbePattern, probeLabel, wildcardsOf } from "./probe-pattern.js";
import { KeyReader, numberOf } from "./stack-frames.js";
import { mapNamed } from "./thread-stacks.js";
import { type Tool, type ToolOptions, type ToolRow, type ToolRun } from "./tool.js";

interface Options {
  readonly pid?: number;
  readonly interval?: number;
  readonly duration?: number;
  readonly timestamp?: boolean;
  readonly regexp?: boolean;
  readonly cpu?: number;
  readonly pattern: string;
}

export const funccount: Tool = {
  name: "funccount",
  summary: "how often functions, tracepoints or marks in programs are reached",
  description:
    "Counts on the target how often each function, tracepoint or mark that matches is reached. The pattern is FUNCTION for one of " +
    "the kernel's, LIBRARY:FUNCTION for one of a process's (c is the C library), t:CATEGORY:EVENT for a tracepoint or u:LIBRARY:MARK " +
    "for a mark in a program (USDT); * stands for anything.",
  examples: [
    ["sonde funccount 'vfs_*'", "functions of the kernel, until Ctrl-C"],
    ["sonde funccount -i 1 -T 't:block:*'", "tracepoints, each second, with the time"],
    ["sonde funccount -p 181 'c:str*'", "the C library's, in one process"],
    ["sonde funccount -d 10 ./server:handle_*", "those of a program, for ten seconds"],
  ],
  options: [
    { flags: "-p, --pid <pid>", description: "only in this process", parse: parseId },
    {
      flags: "-i, --interval <seconds>",
      description: "print, and begin anew, each so often",
      parse: parseSeconds,
    },
    { flags: "-d, --duration <seconds>", description: "end after so long", parse: parseSeconds },
    { flags: "-T, --timestamp", description: "the time before each table" },
    {
      flags: "-r, --regexp",
      description: "the pattern is a regular expression (^, $ and .* alone)",
    },
    { flags: "-c, --cpu <cpu>", description: "only on this CPU", parse: parseId },
  ],
  arguments: [{ name: "pattern", description: "what is counted", isRequired: true }],
  create: (options) =>
    // They were parsed as `options` above says.
    createRun(options as ToolOptions & Options),
};

function createRun(options: Options): ToolRun {
  const { pattern, interval, timestamp } = options;
  const others = interval === undefined ? 0 : 1;
  return {
    program: programFor(options),
    durationSeconds: options.duration,
    header: (probes) =>
      `Tracing ${probes - others} functions for "${pattern}"... Hit Ctrl-C to end.`,
    table: (maps, { now }) => {
      const first = `\n${timestamp === true ? clockLine(now) : ""}${"FUNC".padEnd(26)} ${"COUNT".padStart(8)}`;
      return tableRows(mapNamed(maps, "@"), first);
    },
    footer: () => "Detaching...",
  };
}

/** The heading goes before the first row, and into no JSON. */
function tableRows({ entries }: MapEvent, heading: string): readonly ToolRow[] {
  const rows = entries.map((entry) => {
    const name = probeLabel(new KeyReader(entry).text());
    const count = numberOf(entry.value);
    return {
      text: () => `${name.padEnd(26)} ${count.toString().padStart(8)}`,
      json: () => ({ function: name, count }),
    };
  });
  return [{ text: () => heading, json: () => undefined }, ...rows];
}

function programFor({ pid, cpu, interval, pattern, regexp }: Options): string {
  const { probe } = parseProbePattern(regexp === true ? wildcardsOf(pattern) : pattern);
  const conditions = [
    ...(pid === undefined ? [] : [`pid == ${pid}`]),
    ...(cpu === undefined ? [] : [`cpu == ${cpu}`]),
  ];
  const predicate = conditions.length === 0 ? "" : ` /${conditions.join(" && ")}/`;
  const rhythm =
    interval === undefined
      ? ""
      : `interval:ms:${Math.round(interval * 1000)} { print(@); clear(@); }\n`;
  return `${probe}${predicate} { @[probe] = count(); }\n${rhythm}`;
}
