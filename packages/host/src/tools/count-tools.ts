import { type MapEvent } from "../output/trace-writer.js";
import { type MapEntry, type MapValue } from "../output/value.js";
import { InternalError } from "../asm/internal-error.js";
import { type HeatMapStyle } from "../picture/heat-map.js";
import { clockText } from "./clock-line.js";
import {
  heatMapOf,
  histogramRows,
  type HistogramStyle,
  intervalAndCount,
} from "./histogram-tool.js";
import { parseDisk, diskText } from "./net-disk-tools.js";
import { parseId, parseSeconds } from "./parse-option.js";
import { given, inRhythm, namedOptions, readScript, type ScriptOptions } from "./script-file.js";
import { KeyReader, numberOf } from "./stack-frames.js";
import { parsePositive } from "./stack-options.js";
import { mapNamed } from "./thread-stacks.js";
import { type TableContext, type Tool, type ToolRow, type ToolRun } from "./tool.js";

interface Rhythm {
  readonly interval?: number;
  readonly count?: number;
  /** A picture over time, which needs one. */
  readonly heatmap?: string;
}

/** A tool whose program is a file of the language with a map, which is printed in a rhythm or at the end. */
interface MapScript {
  readonly name: string;
  readonly map: string;
  readonly named: ScriptOptions;
  readonly rhythm: { readonly seconds: number | undefined; readonly count: number | undefined };
  readonly header: string | undefined;
  readonly rows: (map: MapEvent, context: TableContext) => readonly ToolRow[];
  /** The map has histograms. */
  readonly heatMap?: HeatMapStyle;
}

function mapRun(script: MapScript, durationSeconds?: number): ToolRun {
  return {
    program: inRhythm(readScript(script.name), script.map, script.rhythm),
    named: namedOptions(script.named),
    durationSeconds,
    header: () => script.header,
    ...(script.heatMap === undefined ? {} : { heatMap: script.heatMap }),
    table: (maps, context) => {
      const map = mapNamed(maps, script.map);
      return context.isLast && map.entries.length === 0 ? [] : script.rows(map, context);
    },
  };
}

function rhythmOf({ interval, count, heatmap }: Rhythm): MapScript["rhythm"] {
  return { seconds: interval ?? (heatmap === undefined ? undefined : 1), count };
}

/** The rows of a map with histograms, and how they are shown over time. */
function histograms(title: string, style: HistogramStyle): Pick<MapScript, "rows" | "heatMap"> {
  return {
    rows: (map, context) => histogramRows(map, style, context),
    heatMap: heatMapOf(title, style),
  };
}

function heading(text: string): ToolRow {
  return { text: () => text, json: () => undefined };
}

interface RunqlatOptions extends Rhythm {
  readonly timestamp?: boolean;
  readonly milliseconds?: boolean;
  readonly pids?: boolean;
  readonly tids?: boolean;
  readonly pid?: number;
}

const inMilliseconds = {
  flags: "-m, --milliseconds",
  description: "milliseconds, not microseconds",
};
const withTime = { flags: "-T, --timestamp", description: "the time before each table" };

export const runqlat: Tool = {
  name: "runqlat",
  summary: "for how long threads that could run waited for a CPU",
  description:
    "Measures the time from when a thread is woken, or pushed aside, to when it runs, as a histogram. It traces sched_wakeup and " +
    "sched_switch (needs BTF). The program is a file in the language: sonde tools --show runqlat.",
  examples: [
    ["sonde runqlat 1 10", "each second, ten times"],
    ["sonde runqlat -P -t ssh://root@board 5 1", "five seconds, by process, on a board"],
    ["sonde runqlat -m -T 1", "in milliseconds, with times"],
  ],
  options: [
    withTime,
    inMilliseconds,
    { flags: "-P, --pids", description: "a histogram for each process" },
    { flags: "-L, --tids", description: "a histogram for each thread" },
    { flags: "-p, --pid <pid>", description: "only this process", parse: parseId },
  ],
  arguments: intervalAndCount,
  hasHistograms: true,
  create: (all) => {
    // They were parsed as `options` above says.
    const options = all as RunqlatOptions;
    const by = options.tids === true ? 2 : options.pids === true ? 1 : 0;
    const word = by === 2 ? "tid" : "pid";
    return mapRun({
      name: "runqlat",
      map: "@waited",
      named: { pid: options.pid, by, unit: options.milliseconds === true ? 1_000_000 : 1000 },
      rhythm: rhythmOf(options),
      header: "Tracing run queue latency... Hit Ctrl-C to end.",
      ...histograms("run queue latency", {
        unit: options.milliseconds === true ? "msecs" : "usecs",
        hasTime: options.timestamp === true,
        nameOf: (key) => (by === 0 ? undefined : `${word} = ${new KeyReader({ key }).integer()}`),
      }),
    });
  },
};

interface BiolatencyOptions extends Rhythm {
  readonly timestamp?: boolean;
  readonly queued?: boolean;
  readonly milliseconds?: boolean;
  readonly disks?: boolean;
  readonly disk?: number;
}

export const biolatency: Tool = {
  name: "biolatency",
  summary: "for how long disks took for requests",
  description:
    "Measures the time from when a request goes to a disk to its end, as a histogram. It traces the block tracepoints, so it needs " +
    "no kprobes. The program is a file in the language: sonde tools --show biolatency.",
  examples: [
    ["sonde biolatency", "until Ctrl-C"],
    ["sonde biolatency -m -T 1", "each second, in milliseconds, with times"],
    ["sonde biolatency -Q -D 10 1", "with the time in the kernel's queue, by disk, ten seconds"],
    ["sonde biolatency -d 179:0 -t ssh://root@board 5", "one disk of a board"],
  ],
  options: [
    withTime,
    { flags: "-Q, --queued", description: "with the time in the kernel's queue" },
    inMilliseconds,
    { flags: "-D, --disks", description: "a histogram for each disk" },
    { flags: "-d, --disk <disk>", description: "only this disk, as 8:0", parse: parseDisk },
  ],
  arguments: intervalAndCount,
  hasHistograms: true,
  create: (all) => {
    // They were parsed as `options` above says.
    const options = all as BiolatencyOptions;
    return mapRun({
      name: "biolatency",
      map: "@latency",
      named: {
        dev: options.disk,
        queued: given(options.queued),
        disks: given(options.disks),
        unit: options.milliseconds === true ? 1_000_000 : 1000,
      },
      rhythm: rhythmOf(options),
      header: "Tracing block device I/O... Hit Ctrl-C to end.",
      ...histograms("latency of disks", {
        unit: options.milliseconds === true ? "msecs" : "usecs",
        hasTime: options.timestamp === true,
        nameOf: (key) =>
          options.disks === true
            ? `disk = '${diskText(Number(new KeyReader({ key }).integer()))}'`
            : undefined,
      }),
    });
  },
};

interface IrqOptions extends Rhythm {
  readonly timestamp?: boolean;
  readonly nanoseconds?: boolean;
  readonly counts?: boolean;
  readonly dist?: boolean;
  readonly cpu?: number;
}

/** include/linux/interrupt.h */
const softirqNames = [
  "hi",
  "timer",
  "net_tx",
  "net_rx",
  "block",
  "irq_poll",
  "tasklet",
  "sched",
  "hrtimer",
  "rcu",
];

function irqTool(
  {
    name,
    title,
    summary,
    description,
  }: Readonly<Record<"name" | "title" | "summary" | "description", string>>,
  nameOf: (key: MapEntry["key"]) => string,
): Tool {
  return {
    name,
    summary,
    description: `${description} The program is a file in the language: sonde tools --show ${name}.`,
    examples: [
      [`sonde ${name} 1 10`, "each second, ten times"],
      [`sonde ${name} -C 5 1`, "how often, in five seconds"],
      [`sonde ${name} -d -t ssh://root@board`, "histograms, on a board, until Ctrl-C"],
    ],
    options: [
      withTime,
      { flags: "-N, --nanoseconds", description: "nanoseconds, not microseconds" },
      { flags: "-C, --counts", description: "how often, not for how long" },
      { flags: "-d, --dist", description: "histograms" },
      { flags: "-c, --cpu <cpu>", description: "only this CPU", parse: parseId },
    ],
    arguments: intervalAndCount,
    hasHistograms: true,
    create: (all) => {
      // They were parsed as `options` above says.
      const options = all as IrqOptions;
      const unit = options.nanoseconds === true ? "nsecs" : "usecs";
      const last = options.counts === true ? "TOTAL_count" : `TOTAL_${unit}`;
      const first = `${title.padEnd(26)} ${last.padStart(11)}`;
      return mapRun({
        name,
        map: options.dist === true ? "@dist" : options.counts === true ? "@count" : "@total",
        named: {
          cpu: options.cpu,
          count: given(options.counts),
          dist: given(options.dist),
          unit: options.nanoseconds === true ? 1 : 1000,
        },
        rhythm: rhythmOf(options),
        header: `Tracing ${title === "HARDIRQ" ? "hard" : "soft"} irq event${options.counts === true ? "s" : " time"}... Hit Ctrl-C to end.`,
        rows: (map, context) => {
          const time = options.timestamp === true ? `${clockText(context.now)}\n` : "";
          return [
            heading(`\n${time}${first}`),
            ...map.entries.map((entry) => {
              const value = numberOf(entry.value);
              const key = nameOf(entry.key);
              return {
                text: () => `${key.padEnd(26)} ${value.toString().padStart(11)}`,
                json: () => ({ name: key, [options.counts === true ? "count" : unit]: value }),
              };
            }),
          ];
        },
        ...(options.dist === true
          ? histograms(`time in ${title.toLowerCase()}s`, {
              unit,
              hasTime: options.timestamp === true,
              nameOf: (key) => `${title.toLowerCase()} = '${nameOf(key)}'`,
            })
          : {}),
      });
    },
  };
}

export const hardirqs: Tool = irqTool(
  {
    name: "hardirqs",
    title: "HARDIRQ",
    summary: "for how long devices' interrupts were dealt with",
    description:
      "Adds up the time in handlers of devices' interrupts, by handler. It traces irq_handler_entry and irq_handler_exit.",
  },
  (key) => new KeyReader({ key }).text(),
);

export const softirqs: Tool = irqTool(
  {
    name: "softirqs",
    title: "SOFTIRQ",
    summary: "for how long soft interrupts were dealt with",
    description:
      "Adds up the time in the kernel's soft interrupts, by kind. It traces softirq_entry and softirq_exit.",
  },
  (key) => {
    const vector = Number(new KeyReader({ key }).integer());
    return softirqNames[vector] ?? String(vector);
  },
);

interface SyscountOptions {
  readonly pid?: number;
  readonly interval?: number;
  readonly duration?: number;
  readonly top: number;
  readonly failures?: boolean;
  readonly errno?: number;
  readonly latency?: boolean;
  readonly milliseconds?: boolean;
  readonly process?: boolean;
}

export const syscount: Tool = {
  name: "syscount",
  summary: "which system calls are made, how often, and for how long",
  description:
    "Counts system calls on the target, by call or by process, and adds up their times. It traces raw_syscalls. The program is a " +
    "file in the language: sonde tools --show syscount.",
  examples: [
    ["sonde syscount -d 5", "five seconds"],
    ["sonde syscount -L -i 1", "each second, with times"],
    ["sonde syscount -x -P -t ssh://root@board", "who fails most on a board"],
    ["sonde syscount -e 2 -p 181", "a process's calls that fail with ENOENT"],
  ],
  options: [
    { flags: "-p, --pid <pid>", description: "only this process", parse: parseId },
    {
      flags: "-i, --interval <seconds>",
      description: "print, and begin anew, each so often",
      parse: parseSeconds,
    },
    { flags: "-d, --duration <seconds>", description: "end after so long", parse: parseSeconds },
    {
      flags: "-T, --top <count>",
      description: "rows that are shown",
      parse: parsePositive,
      default: 10,
    },
    { flags: "-x, --failures", description: "only calls that fail" },
    {
      flags: "-e, --errno <number>",
      description: "only calls that fail with this",
      parse: parsePositive,
    },
    {
      flags: "-L, --latency",
      description: "a column with the time in them, which is what is sorted by",
    },
    { flags: "-m, --milliseconds", description: "that time in milliseconds" },
    { flags: "-P, --process", description: "by process, not by call" },
  ],
  create: (all) => {
    // They were parsed as `options` above says.
    const options = all as unknown as SyscountOptions;
    const map = options.process === true ? "@process" : "@call";
    return mapRun(
      {
        name: "syscount",
        map,
        named: {
          pid: options.pid,
          errno: options.errno,
          failed: given(options.failures),
          process: given(options.process),
        },
        rhythm: { seconds: options.interval, count: undefined },
        header: `Tracing syscalls, printing top ${options.top}... Ctrl+C to quit.`,
        rows: (event, { now }) => syscountRows(event, options, now),
      },
      options.duration,
    );
  },
};

function syscountRows(
  { entries }: MapEvent,
  options: SyscountOptions,
  now: bigint,
): readonly ToolRow[] {
  const { latency, milliseconds, process, top } = options;
  const unit = milliseconds === true ? "ms" : "us";
  const first = process === true ? `${"PID".padEnd(6)} ${"COMM".padEnd(15)}` : "SYSCALL".padEnd(22);
  const time = latency === true ? ` ${`TIME (${unit})`.padStart(16)}` : "";
  const counted = entries
    .map((entry) => ({ key: new KeyReader(entry), ...statisticsOf(entry.value) }))
    .sort((left, right) =>
      Number(latency === true ? right.total - left.total : right.count - left.count),
    );
  const rows = counted.slice(0, top).map(({ key, count, total }): ToolRow => {
    const pid = process === true ? key.integer() : 0n;
    const name = key.text();
    const spent = Number(total) / (milliseconds === true ? 1e6 : 1e3);
    const shown =
      latency === true ? ` ${spent.toFixed(milliseconds === true ? 6 : 3).padStart(16)}` : "";
    const label =
      process === true ? `${String(pid).padEnd(6)} ${name.padEnd(15)}` : name.padEnd(22);
    return {
      text: () => `${label} ${count.toString().padStart(8)}${shown}`,
      json: () => ({
        ...(process === true ? { pid: Number(pid), comm: name } : { syscall: name }),
        count,
        nanoseconds: total,
      }),
    };
  });
  return [
    heading(`[${clockText(now)}]\n${first} ${"COUNT".padStart(8)}${time}`),
    ...rows,
    heading(""),
  ];
}

function statisticsOf(value: MapValue): { readonly count: bigint; readonly total: bigint } {
  if (value.kind !== "statistics")
    throw new InternalError(`a map holds a ${value.kind} for statistics`);
  return value;
}

interface VfsstatOptions extends Rhythm {
  readonly pid?: number;
}

const vfsCalls = ["READ", "WRITE", "FSYNC", "OPEN", "CREATE", "UNLINK", "MKDIR", "RMDIR"];

export const vfsstat: Tool = {
  name: "vfsstat",
  summary: "how often files are read, written, synced, opened and created",
  description:
    "Counts calls of the kernel's file functions and prints them for each second. It needs kprobes. The program is a file in the " +
    "language: sonde tools --show vfsstat.",
  examples: [
    ["sonde vfsstat", "each second until Ctrl-C"],
    ["sonde vfsstat 5 3", "each five seconds, three times"],
    ["sonde vfsstat -p 181 -t ssh://root@board", "one process of a board"],
  ],
  options: [{ flags: "-p, --pid <pid>", description: "only this process", parse: parseId }],
  arguments: intervalAndCount,
  create: (all) => {
    // They were parsed as `options` above says.
    const options = all as VfsstatOptions;
    const seconds = options.interval ?? 1;
    return mapRun({
      name: "vfsstat",
      map: "@calls",
      named: { pid: options.pid },
      rhythm: { seconds, count: options.count },
      header: `${"TIME".padEnd(10)}${vfsCalls.map((name) => ` ${`${name}/s`.padStart(8)}`).join("")}`,
      rows: ({ entries }, { now, isLast }) => {
        if (isLast) return [];
        const counts = new Map(
          entries.map((entry) => [new KeyReader(entry).text(), numberOf(entry.value)]),
        );
        const rates = vfsCalls.map((name) => Math.floor(Number(counts.get(name) ?? 0n) / seconds));
        return [
          {
            text: () =>
              `${`${clockText(now)}:`.padEnd(10)}${rates.map((rate) => ` ${String(rate).padStart(8)}`).join("")}`,
            json: () =>
              Object.fromEntries(vfsCalls.map((name, at) => [name.toLowerCase(), rates[at] ?? 0])),
          },
        ];
      },
    });
  },
};
