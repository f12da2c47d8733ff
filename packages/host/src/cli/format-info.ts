import { type Result, type TargetDescription, type TargetFeatures } from "@sonde/protocol";
import { type Inspection } from "../inspect/inspect-target.js";
import { type ProbeReport } from "../inspect/probe-kind.js";
import { type ClockReport } from "../session/target-clock.js";
import { formatClockDifference } from "../trace/trace-clock.js";
import { printable } from "./printable.js";
import { type Style } from "./style.js";
import { wrapText } from "./wrap-text.js";

/**
 * What a feature gives, and what is done without it: keys are the names that agents probe. Those that stand for a kind of
 * probe are not among them: the probes say it themselves.
 */
const meanings: Readonly<Record<string, readonly [what: string, without: string]>> = {
  btf: ["the kernel's types", "from a file of yours (--btf, --vmlinux), or none"],
  ringbuf: ["one ring buffer for all events", "perf buffers, one for each CPU (5.8)"],
  map_mmapable: ["losses counted without a system call", "counted with one (5.5)"],
  map_value_pointer: ["maps of one entry without a look-up", "a look-up each time (5.2)"],
  map_batch: ["maps read in batches", "read entry by entry (5.6)"],
  map_lookup_and_delete: [
    "maps read and cleared in one step",
    "read, then cleared: a count between is lost (5.14)",
  ],
  hash_without_preallocation: [
    "large maps that take memory as they fill",
    "memory for all entries at once (6.1)",
  ],
  perf_event_link: ["perf events attached by links", "by ioctl (5.15)"],
  probe_read: [
    "strings read by address, whose memory it is",
    "uptr() must say that one is a process's",
  ],
  probe_read_kernel: ["kernel and user memory told apart", "one helper for both (5.5)"],
  ktime_get_boot_ns: ["nsecs counts through suspend", "it stands still while suspended (5.8)"],
  get_current_task_btf: ["typed access to the current task", "through its address (5.11)"],
  get_stack: ["stacks within records", "through a stack map (4.18)"],
  bounded_loops: ["loops in programs", "unrolled (5.3)"],
  bpf_loop: ["long loops", "within the verifier's limit (5.17)"],
  trace_vprintk: ["debugf() with more than three values", "not available (5.16)"],
  map_lookup_percpu_elem: ["counts and sums read in programs", "not available (5.19)"],
  for_each_map_elem: ["loops over maps", "not available (5.13)"],
  atomic_fetch: ["atomic operations with a result", "not available (5.12)"],
  jump32: ["32-bit comparisons", "in 64 bits (5.1)"],
  large_program: ["programs of a million verified instructions", "of 4,096 (5.2)"],
};

export interface InfoParts {
  readonly hello: Result<"hello">;
  readonly target: TargetDescription;
  readonly clock: ClockReport;
  readonly inspection: Inspection;
}

/** The whole report on a target, as text of lines of at most so many characters where words allow it. */
export function formatInfo(parts: InfoParts, style: Style, width: number): string {
  const { inspection, target } = parts;
  const table = new Table(style, width);
  const lines = [
    ...machineLines(parts),
    "",
    style.heading("Probes"),
    ...Object.entries(inspection.probes).flatMap(([name, { state, mechanism, reason }]) =>
      table.row(name, state, mechanism ?? reason ?? ""),
    ),
    "",
    style.heading("Beside them"),
    ...symbolLines(inspection.symbols, table),
    ...featureLines(inspection.features, table),
  ];
  const advice = adviceLines(inspection, width);
  if (advice.length > 0) lines.push("", style.heading("What to do"), ...advice);
  const { lacking } = target.privileges;
  if (lacking.length > 0) {
    lines.push(
      "",
      style.heading("What the agent may not do"),
      ...lacking.map((one) => `  ${printable(one)}`),
    );
  }
  return `${lines.join("\n")}\n`;
}

function machineLines({ hello, target, clock, inspection }: InfoParts): readonly string[] {
  const { settings } = inspection.facts;
  return [
    row("agent", `${hello.agent}, protocol ${hello.major}.${hello.minor}`),
    row("host name", target.hostname),
    row("kernel", `${target.release} ${target.version}`),
    row(
      "machine",
      `${target.machine}, ${target.pointerSize * 8}-bit kernel, ${target.byteOrder}-endian`,
    ),
    row("CPUs", `${target.onlineCpus.length} online of ${target.possibleCpus.length} possible`),
    row("page size", `${target.pageSize} bytes`),
    row("build id", target.buildId === "" ? "none" : target.buildId),
    row("BTF", target.btfSizeBytes === 0 ? "none" : `${target.btfSizeBytes} bytes`),
    row("settings", [...settings].map((setting) => setting.join(" = ")).join(", ")),
    row("clock", formatClock(clock)),
    row("tracefs", target.tracefs === "" ? "none" : target.tracefs),
    row("user id", String(target.privileges.uid)),
  ];
}

/** A clock's rate that is known less well says nothing. */
const usefulDriftBoundPpm = 100;

function formatClock(clock: ClockReport): string {
  if (clock.boundNanoseconds <= 1n) return "this machine's";
  const { drift } = clock;
  if (drift === undefined || drift.boundPpm > usefulDriftBoundPpm) {
    return formatClockDifference(clock);
  }
  const rate = `${drift.ppm.toFixed(0)} ppm fast (± ${drift.boundPpm.toFixed(0)})`;
  return `${formatClockDifference(clock)}, ${rate}`;
}

function row(name: string, value: string): string {
  return `${name.padEnd(11)}${printable(value)}`;
}

function symbolLines(report: ProbeReport | undefined, table: Table): readonly string[] {
  if (report === undefined) return [];
  const { state, reason } = report;
  return table.row("kernel_symbols", state, reason ?? "names of the kernel's functions");
}

function featureLines(features: TargetFeatures, table: Table): readonly string[] {
  return Object.entries(features).flatMap(([name, { state, reason }]) => {
    const meaning = meanings[name];
    if (meaning === undefined) return [];
    const [what, without] = meaning;
    switch (state) {
      case "supported":
        return table.row(name, state, what);
      case "unsupported":
        return table.row(name, state, `${what}: ${without} (${reason ?? "no reason given"})`);
      case "unknown":
        return table.row(name, state, `${what} (${reason ?? "no reason given"})`);
    }
  });
}

/** What helps, once for all that it helps. */
function adviceLines({ probes, symbols }: Inspection, width: number): readonly string[] {
  const reports = Object.entries(probes);
  if (symbols !== undefined) reports.push(["kernel_symbols", symbols]);
  const namesOf = new Map<string, string>();
  for (const [name, { advice }] of reports) {
    for (const one of advice) {
      const others = namesOf.get(one);
      namesOf.set(one, others === undefined ? name : `${others}, ${name}`);
    }
  }
  return [...new Set(namesOf.values())].flatMap((names) => [
    `  ${names}`,
    ...[...namesOf]
      .filter(([, whose]) => whose === names)
      .flatMap(([advice]) => wrapText(printable(advice), width - 6).map((line) => `      ${line}`)),
  ]);
}

/** Rows of a name, whether it works, and what there is to say about it. */
class Table {
  readonly #style: Style;
  readonly #width: number;

  constructor(style: Style, width: number) {
    this.#style = style;
    this.#width = width;
  }

  row(name: string, state: ProbeReport["state"], text: string): readonly string[] {
    const head = `  ${name.padEnd(26)}  `;
    const [first = "", ...others] = wrapText(printable(text), this.#width - head.length - 5);
    const indent = " ".repeat(head.length + 5);
    return [
      `${head}${this.#word(state)}  ${first}`.trimEnd(),
      ...others.map((line) => indent + line),
    ];
  }

  #word(state: ProbeReport["state"]): string {
    switch (state) {
      case "supported":
        return this.#style.good("yes");
      case "unsupported":
        return this.#style.bad("no ");
      case "unknown":
        return this.#style.unsure("?  ");
    }
  }
}
