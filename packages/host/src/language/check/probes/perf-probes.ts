import { meantHints, nearNames } from "../../near-names.js";
import { type AttachPointContext } from "./attach-point-context.js";
import { type ConcreteProbe } from "./concrete-probe.js";

/** enum perf_type_id (include/uapi/linux/perf_event.h). */
export const perfEventTypes = { hardware: 0, software: 1, breakpoint: 5 } as const;

/** What the kernel or the processor counts: perf's name, other names, its number, how many make a sample by default. */
interface CountedEvent {
  readonly names: readonly string[];
  readonly config: bigint;
  readonly period: bigint;
}

/** enum perf_sw_ids. */
const softwareEvents: readonly CountedEvent[] = [
  { names: ["cpu-clock", "cpu"], config: 0n, period: 1_000_000n },
  { names: ["task-clock"], config: 1n, period: 1_000_000n },
  { names: ["page-faults", "faults"], config: 2n, period: 100n },
  { names: ["context-switches", "cs"], config: 3n, period: 1000n },
  { names: ["cpu-migrations"], config: 4n, period: 1n },
  { names: ["minor-faults"], config: 5n, period: 100n },
  { names: ["major-faults"], config: 6n, period: 1n },
  { names: ["alignment-faults"], config: 7n, period: 1n },
  { names: ["emulation-faults"], config: 8n, period: 1n },
  { names: ["dummy"], config: 9n, period: 1n },
  { names: ["bpf-output"], config: 10n, period: 1n },
];

/** enum perf_hw_id. */
const hardwareEvents: readonly CountedEvent[] = [
  { names: ["cpu-cycles", "cycles"], config: 0n, period: 1_000_000n },
  { names: ["instructions"], config: 1n, period: 1_000_000n },
  { names: ["cache-references"], config: 2n, period: 1_000_000n },
  { names: ["cache-misses"], config: 3n, period: 1_000_000n },
  { names: ["branch-instructions", "branches"], config: 4n, period: 100_000n },
  { names: ["branch-misses"], config: 5n, period: 100_000n },
  { names: ["bus-cycles"], config: 6n, period: 100_000n },
  { names: ["frontend-stalls"], config: 7n, period: 1_000_000n },
  { names: ["backend-stalls"], config: 8n, period: 1_000_000n },
  { names: ["ref-cycles"], config: 9n, period: 1_000_000n },
];

const eventsOf = { software: softwareEvents, hardware: hardwareEvents } as const;

/** Names of all events of a kind, as a list of probes has them. */
export function eventNames(kind: keyof typeof eventsOf): readonly string[] {
  return eventsOf[kind].flatMap(({ names }) => names);
}

/** `software:page-faults:100`, `hardware:cycles:1000000`, with or without the count. */
export function expandCountedProbe(
  context: AttachPointContext,
  kind: keyof typeof eventsOf,
): ConcreteProbe[] {
  const ifEmpty = `${kind} probe must have a ${kind} event name`;
  if (!(context.parts.length === 2 || context.takes([1, 2], "event or …:event:count", { ifEmpty })))
    return [];
  const [event, count] = context.parts;
  if (event === undefined) return [];
  if (event.text.includes("*")) {
    context.fault(`wildcards are not allowed for ${kind} probe type`);
    return [];
  }
  const known = eventsOf[kind].find(({ names }) => names.includes(event.text));
  if (known === undefined) {
    const near = meantHints(nearNames(event.text, eventNames(kind)));
    context.fault(`${event.text} is not a ${kind} probe`, context.span, near);
    return [];
  }
  const what = `Invalid count for ${kind} probe`;
  if (count !== undefined && isNegative(count.text)) {
    const counted = kind === "software" ? "count" : "frequency";
    context.fault(`${kind} ${counted} should be a positive integer`);
    return [];
  }
  const given = count === undefined ? 0n : context.requireInteger(count.text, what);
  if (given === undefined) return [];
  const attachment = {
    kind: "perfEvent",
    type: perfEventTypes[kind],
    config: known.config,
    sampling: { period: given === 0n ? known.period : given },
    cpus: "each",
    ...context.optional,
    ...(context.pid === undefined ? {} : { pid: context.pid }),
  } as const;
  // A count of 0 is none.
  const counted = given === 0n ? [event] : context.parts;
  const name = [kind, ...counted.map(({ text }) => text)].join(":");
  return [{ ...perfProbe(context, name), attachment }];
}

/** A number that nothing is counted by. */
export function isNegative(text: string): boolean {
  return /^-[0-9]+$/.test(text);
}

/** A probe whose program runs on samples of a perf event. */
export function perfProbe(
  context: AttachPointContext,
  name: string,
): Omit<ConcreteProbe, "attachment"> {
  return {
    name,
    type: context.type,
    programType: "perf_event",
    place: undefined,
    context: "perfEvent",
    functionName: undefined,
    fields: [],
    parameters: undefined,
    result: undefined,
    pointerSpace: "kernel",
    span: context.span,
  };
}
