import { type Result, type TargetDescription, type TargetFeatures } from "@sonde/protocol";
import { type ClockReport } from "../session/target-clock.js";
import { formatClockDifference } from "../trace/trace-clock.js";

/** What a feature lets a person do, and what happens without it: keys are the names that agents probe. */
const meanings: Readonly<Record<string, readonly [what: string, without: string]>> = {
  tracepoint: ["tracepoint: probes", "none of them can be attached"],
  raw_tracepoint: ["rawtracepoint: probes, BEGIN and END", "not available (4.17)"],
  perf_event: ["interval:, profile: and software: probes", "none of them can be attached"],
  kprobe: [
    "kprobe: and kretprobe: probes",
    "kernel functions cannot be traced (CONFIG_KPROBE_EVENTS)",
  ],
  uprobe: [
    "uprobe: and uretprobe: probes",
    "user functions cannot be traced (CONFIG_UPROBE_EVENTS)",
  ],
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
  program_run: ["BEGIN and END", "not available (5.10)"],
  probe_read_kernel: ["kernel and user memory told apart", "one helper for both (5.5)"],
  ktime_get_boot_ns: ["nsecs counts through suspend", "it stands still while suspended (5.8)"],
  get_current_task_btf: ["typed access to the current task", "through its address (5.11)"],
  get_stack: ["stacks within records", "through a stack map (4.18)"],
  bounded_loops: ["loops in programs", "unrolled (5.3)"],
  bpf_loop: ["long loops", "within the verifier's limit (5.17)"],
  for_each_map_elem: ["loops over maps", "not available (5.13)"],
  atomic_fetch: ["atomic operations with a result", "not available (5.12)"],
  jump32: ["32-bit comparisons", "in 64 bits (5.1)"],
  large_program: ["programs of a million verified instructions", "of 4,096 (5.2)"],
  tp_btf: ["raw tracepoints with typed arguments attached by BTF", "as raw tracepoints (5.5)"],
  fentry: ["kernel functions at entry, by BTF", "kprobes, where there are any (5.5)"],
  fexit: ["kernel functions at return, by BTF", "kretprobes, where there are any (5.5)"],
  btf: ["kernel types from the target", "from a file of yours, or none"],
};

/** The whole report on a target, as text. */
export function formatInfo(
  hello: Result<"hello">,
  target: TargetDescription,
  features: TargetFeatures,
  clock: ClockReport,
): string {
  const lines = [
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
    row("clock", formatClock(clock)),
    row("tracefs", target.tracefs === "" ? "none" : target.tracefs),
    row("user id", String(target.privileges.uid)),
    "",
    "What works:",
    ...featureLines(features, "supported"),
  ];
  const lacking = featureLines(features, "unsupported");
  if (lacking.length > 0) lines.push("", "What this kernel lacks, and what then:", ...lacking);
  const unknown = featureLines(features, "unknown");
  if (unknown.length > 0) lines.push("", "What could not be asked:", ...unknown);
  if (target.privileges.lacking.length > 0) {
    lines.push(
      "",
      "What the agent may not do:",
      ...target.privileges.lacking.map((one) => `  ${one}`),
    );
  }
  return `${lines.join("\n")}\n`;
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
  return `${name.padEnd(11)}${value}`;
}

function featureLines(
  features: TargetFeatures,
  state: "supported" | "unsupported" | "unknown",
): readonly string[] {
  return Object.entries(features)
    .filter(([, result]) => result.state === state)
    .map(([name, result]) => {
      const [what, without] = meanings[name] ?? [name, "not available"];
      const reason = result.reason === undefined ? "" : ` (${result.reason})`;
      if (state === "supported") return `  ${name.padEnd(28)}${what}`;
      return `  ${name.padEnd(28)}${what}: ${state === "unsupported" ? without : "unknown"}${reason}`;
    });
}
