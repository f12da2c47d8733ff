import { type MapEvent } from "../output/trace-writer.js";
import { type MapEntry, type Value } from "../output/value.js";
import { InternalError } from "../asm/internal-error.js";
import { pictureFrames, type StackValue } from "../picture/picture-frames.js";
import { type StackPicture } from "../picture/stack-picture.js";
import { clockText } from "./clock-line.js";
import { escapeText } from "./escape-text.js";
import { integerField, textField } from "./fields.js";
import { memleakProgram } from "./memleak-program.js";
import { parseId, parseSeconds } from "./parse-option.js";
import { numberOf } from "./stack-frames.js";
import { parsePositive } from "./stack-options.js";
import { mapNamed } from "./thread-stacks.js";
import {
  type TableContext,
  type Tool,
  type ToolEvent,
  ToolOptionError,
  type ToolOptions,
  type ToolRow,
  type ToolRun,
} from "./tool.js";

interface Options {
  readonly pid?: number;
  readonly trace?: boolean;
  readonly showAllocs?: boolean;
  readonly older: number;
  readonly combinedOnly?: boolean;
  readonly sampleRate: number;
  readonly top: number;
  readonly minSize?: number;
  readonly maxSize?: number;
  readonly obj: string;
  readonly percpu?: boolean;
  readonly sort: "size" | "count";
  readonly symbolsPrefix?: string;
  readonly interval?: number;
  readonly count?: number;
}

export const memleak: Tool = {
  name: "memleak",
  summary: "memory that was allocated and not released, by the stacks that allocated it",
  description:
    "Follows allocations and releases, of a process's C library with -p, else the kernel's, and prints every five seconds the " +
    "stacks with most memory that is outstanding and older than half a second. It uses uprobes and the kmem tracepoints, so it " +
    "needs no kprobes.",
  examples: [
    ["sonde memleak -p 181", "a process, every five seconds until Ctrl-C"],
    ["sonde memleak -p 181 -a 10", "each allocation too, every ten seconds"],
    ["sonde memleak -p 181 --flamegraph leaks.html 30 1", "after half a minute, as a flame graph"],
    ["sonde memleak -o 60000 -T 5", "the kernel's that are older than a minute, the largest five"],
    [
      "sonde memleak -p 181 -O /usr/lib/libjemalloc.so.2 --combined-only",
      "another allocator, sums alone",
    ],
  ],
  options: [
    {
      flags: "-p, --pid <pid>",
      description: "this process; without it, the kernel",
      parse: parseId,
    },
    { flags: "--trace", description: "also a line for each allocation and release" },
    {
      flags: "-a, --show-allocs",
      description: "also each outstanding allocation's address and size",
    },
    {
      flags: "-o, --older <milliseconds>",
      description: "only what is older",
      parse: parseId,
      default: 500,
    },
    { flags: "--combined-only", description: "keep sums alone: less to carry, and no ages" },
    {
      flags: "--wa-missing-free",
      description: "as BCC's: an address that comes again was released (always so here)",
    },
    {
      flags: "-s, --sample-rate <n>",
      description: "about one of so many allocations",
      parse: parsePositive,
      default: 1,
    },
    {
      flags: "-T, --top <count>",
      description: "stacks that are shown",
      parse: parsePositive,
      default: 10,
    },
    {
      flags: "-z, --min-size <bytes>",
      description: "only allocations at least so large",
      parse: parseId,
    },
    {
      flags: "-Z, --max-size <bytes>",
      description: "only allocations at most so large",
      parse: parseId,
    },
    {
      flags: "-O, --obj <file>",
      description: "the library or program whose allocator is used",
      default: "c",
    },
    { flags: "--percpu", description: "the kernel's allocations for each CPU" },
    {
      flags: "--sort <key>",
      description: "what is most: size or count",
      parse: parseSort,
      default: "size",
    },
    { flags: "--symbols-prefix <prefix>", description: "before the allocator's names, as je_" },
  ],
  arguments: [
    { name: "interval", description: "seconds between reports (5)", parse: parseSeconds },
    { name: "count", description: "reports, after which it ends", parse: parsePositive },
  ],
  hasStacks: true,
  create: (options, { pageSize }) =>
    // They were parsed as `options` above says.
    new Memleak(options as ToolOptions & Options, pageSize),
};

function parseSort(text: string): "size" | "count" {
  if (text !== "size" && text !== "count") throw new ToolOptionError(`${text}: size or count`);
  return text;
}

interface Allocation {
  readonly address: bigint;
  readonly size: bigint;
}

/** What a stack has allocated and not released. */
interface Outstanding {
  readonly stack: StackValue;
  size: bigint;
  count: bigint;
  readonly allocations: Allocation[];
}

class Memleak implements ToolRun {
  readonly program: string;
  readonly pid: number | undefined;
  readonly durationSeconds = undefined;
  readonly mapsPerTable: number;
  readonly #options: Options;
  /** The target's clock when the maps were printed. */
  #nsecs = 0n;

  constructor(options: Options, pageSize: number) {
    this.#options = options;
    this.pid = options.pid;
    this.mapsPerTable = options.combinedOnly === true ? 2 : 1;
    this.program = memleakProgram({
      pid: options.pid,
      object: options.obj,
      symbolsPrefix: options.symbolsPrefix ?? "",
      percpu: options.percpu === true,
      combinedOnly: options.combinedOnly === true,
      traces: options.trace === true,
      sampleRate: options.sampleRate,
      minSize: options.minSize,
      maxSize: options.maxSize,
      intervalSeconds: options.interval ?? 5,
      count: options.count,
      pageSize,
    });
  }

  header(): string {
    const { pid } = this.#options;
    return pid === undefined
      ? "Attaching to kernel allocators, Ctrl+C to quit."
      : `Attaching to pid ${pid}, Ctrl+C to quit.`;
  }

  row({ name, fields }: ToolEvent): ToolRow | undefined {
    if (name === "report" || name === "end") {
      this.#nsecs = integerField(fields, "nsecs");
      return undefined;
    }
    const comm = textField(fields, "comm").text;
    const pid = integerField(fields, "pid");
    const size = integerField(fields, "size");
    const address = integerField(fields, "address");
    const what =
      name === "alloc"
        ? `alloc exited, size = ${size}, result = ${address.toString(16)}`
        : `free entered, address = ${address.toString(16)}, size = ${size}`;
    return {
      text: () => `${escapeText(comm)}-${pid} ${what}`,
      json: () => ({ event: name, comm, pid, size, address: address.toString(16) }),
    };
  }

  table(maps: readonly MapEvent[], { now, isLast }: TableContext): readonly ToolRow[] {
    if (isLast) return [];
    const { top, showAllocs } = this.#options;
    const stacks = this.#outstanding(maps).slice(0, top);
    const time = clockText(now);
    const heading: ToolRow = {
      text: () => `[${time}] Top ${top} stacks with outstanding allocations:`,
      json: () => undefined,
    };
    return [heading, ...stacks.map((one) => rowOf(one, { showsAll: showAllocs === true, time }))];
  }

  picture(maps: readonly MapEvent[]): StackPicture {
    const samples = this.#outstanding(maps).map(({ stack, size }) => ({
      frames: pictureFrames(stack),
      weight: size,
    }));
    return { title: "Outstanding allocations", unit: "bytes", samples };
  }

  /** The largest first. */
  #outstanding(maps: readonly MapEvent[]): readonly Outstanding[] {
    const all =
      this.#options.combinedOnly === true ? readCombined(maps) : this.#readAllocations(maps);
    const { sort } = this.#options;
    return all
      .filter(({ count }) => count > 0n)
      .sort((left, right) => (left[sort] < right[sort] ? 1 : left[sort] > right[sort] ? -1 : 0));
  }

  #readAllocations(maps: readonly MapEvent[]): Outstanding[] {
    const newest = this.#nsecs - BigInt(this.#options.older) * 1_000_000n;
    const stacks = new Map<string, Outstanding>();
    for (const entry of mapNamed(maps, "@allocations").entries) {
      const { address, size, nsecs, stack } = readAllocation(entry);
      if (nsecs > newest) continue;
      const key = stackKey(stack);
      const known = stacks.get(key) ?? { stack, size: 0n, count: 0n, allocations: [] };
      known.size += size;
      known.count += 1n;
      known.allocations.push({ address, size });
      stacks.set(key, known);
    }
    return [...stacks.values()];
  }
}

function readCombined(maps: readonly MapEvent[]): Outstanding[] {
  const blocks = new Map(
    mapNamed(maps, "@blocks").entries.map((entry) => [
      stackKey(stackOf(entry.key[0])),
      numberOf(entry.value),
    ]),
  );
  return mapNamed(maps, "@bytes").entries.map((entry) => {
    const stack = stackOf(entry.key[0]);
    const count = blocks.get(stackKey(stack)) ?? 0n;
    return { stack, size: numberOf(entry.value), count, allocations: [] };
  });
}

function readAllocation({ key, value }: MapEntry): Allocation & {
  readonly nsecs: bigint;
  readonly stack: StackValue;
} {
  const parts =
    value.kind === "plain" && value.value.kind === "tuple" ? value.value.elements : undefined;
  if (parts === undefined) throw new InternalError("memleak: an allocation is no tuple");
  const [size, nsecs, stack] = parts;
  return {
    address: integerOf(key[0]),
    size: integerOf(size),
    nsecs: integerOf(nsecs),
    stack: stackOf(stack),
  };
}

function integerOf(value: Value | undefined): bigint {
  if (value?.kind !== "integer") throw new InternalError("memleak: a number was expected");
  return value.value;
}

function stackOf(value: Value | undefined): StackValue {
  if (value?.kind !== "stack") throw new InternalError("memleak: a stack was expected");
  return value;
}

function stackKey({ frames }: StackValue): string {
  return frames.map(({ address }) => address.toString(16)).join(" ");
}

function rowOf(
  { stack, size, count, allocations }: Outstanding,
  { showsAll, time }: { readonly showsAll: boolean; readonly time: string },
): ToolRow {
  const frames = stack.frames.map(({ address, symbol }) => {
    if (symbol === undefined) return `0x${address.toString(16)} [unknown]`;
    const module = symbol.file === undefined ? "" : ` [${symbol.file.split("/").at(-1) ?? ""}]`;
    const kernel = stack.space === "kernel" ? " [kernel]" : module;
    return `${symbol.name}+0x${symbol.offset.toString(16)}${kernel}`;
  });
  return {
    text: () =>
      [
        ...(showsAll
          ? allocations.map((one) => `\taddr = ${one.address.toString(16)} size = ${one.size}`)
          : []),
        `\t${size} bytes in ${count} allocations from stack`,
        ...frames.map((frame) => `\t\t${escapeText(frame)}`),
      ].join("\n"),
    json: () => ({
      time,
      bytes: size,
      allocations: count,
      stack: frames,
      ...(showsAll
        ? {
            addresses: allocations.map((one) => ({
              address: `0x${one.address.toString(16)}`,
              size: one.size,
            })),
          }
        : {}),
    }),
  };
}
