import { ObjectError } from "./object-error.js";
import { readSectionName, type SampledEvent, type SectionProgram } from "./section-names.js";

/** What people call probes in bpftrace's language, and the sections that mean the same. */
const sectionOf: Readonly<Record<string, string>> = {
  rawtracepoint: "raw_tp",
  k: "kprobe",
  kr: "kretprobe",
  u: "uprobe",
  ur: "uretprobe",
  t: "tracepoint",
  rt: "raw_tp",
  f: "fentry",
  fr: "fexit",
};

/** PERF_TYPE_HARDWARE and _SOFTWARE, and the numbers of their events (include/uapi/linux/perf_event.h). */
const events: Readonly<Record<string, readonly [type: number, config: bigint]>> = {
  "hardware:cycles": [0, 0n],
  "hardware:cpu-cycles": [0, 0n],
  "hardware:instructions": [0, 1n],
  "hardware:cache-references": [0, 2n],
  "hardware:cache-misses": [0, 3n],
  "hardware:branch-instructions": [0, 4n],
  "hardware:branch-misses": [0, 5n],
  "software:cpu-clock": [1, 0n],
  "software:task-clock": [1, 1n],
  "software:page-faults": [1, 2n],
  "software:context-switches": [1, 3n],
  "software:cpu-migrations": [1, 4n],
  "software:minor-faults": [1, 5n],
  "software:major-faults": [1, 6n],
};

const nanosecondsOf: Readonly<Record<string, bigint>> = {
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1_000n,
};

/**
 * Reads where a program is to be attached: as a section's name, "kprobe/vfs_read", or as a probe, "kprobe:vfs_read",
 * "uprobe:/bin/bash:readline", "profile:hz:99", "software:page-faults:100". Throws ObjectError.
 */
export function readAttachText(text: string): SectionProgram {
  const event = sampledEvent(text);
  if (event !== undefined) {
    const attach = { kind: "perfEvent", event } as const;
    return { type: "perf_event", attachType: undefined, isSleepable: false, attach };
  }
  const [, kind = "", separator = "", rest = ""] = /^([\w.]+)([:/])(.+)$/s.exec(text) ?? [];
  const prefix = Object.hasOwn(sectionOf, kind) ? (sectionOf[kind] ?? kind) : kind;
  const isTracepoint = prefix === "tracepoint" || prefix === "tp";
  const place = separator === ":" && isTracepoint ? rest.replace(":", "/") : rest;
  const read = readSectionName(`${prefix}/${place}`);
  if (kind === "" || read.type === undefined || read.attach.kind === "malformed") {
    const why = read.type === undefined ? read.reason : describeFault(read);
    throw new ObjectError(`nothing can be attached to ${text}: ${why}`, {
      hint: "as kprobe:vfs_read, tracepoint:sched:sched_switch, uprobe:/bin/bash:readline, profile:hz:99",
    });
  }
  return read;
}

function describeFault({ attach }: SectionProgram): string {
  return attach.kind === "malformed" ? attach.reason : "it is of no known form";
}

function sampledEvent(text: string): SampledEvent | undefined {
  const timed = /^(profile|interval):(hz|s|ms|us):(\d{1,15})$/.exec(text);
  if (timed !== null) {
    const [, kind, unit = "", count = "1"] = timed;
    const number = BigInt(count) === 0n ? 1n : BigInt(count);
    const sampling =
      unit === "hz" ? { frequency: number } : { period: number * (nanosecondsOf[unit] ?? 1n) };
    return { type: 1, config: 0n, sampling, cpus: kind === "profile" ? "each" : "one" };
  }
  const counted = /^((?:hardware|software):[a-z-]+):(\d{1,15})$/.exec(text);
  const [, name = "", period = "1"] = counted ?? [];
  const found = Object.hasOwn(events, name) ? events[name] : undefined;
  if (found === undefined) return undefined;
  const [type, config] = found;
  return { type, config, sampling: { period: BigInt(period) }, cpus: "each" };
}
