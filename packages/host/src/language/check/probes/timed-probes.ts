import { parseIntegerLiteral } from "../../syntax/integer-literal.js";
import { meantHints, nearNames } from "../../near-names.js";
import { type AttachPointContext, type ProbePart } from "./attach-point-context.js";
import { type ConcreteProbe } from "./concrete-probe.js";

/** enum perf_type_id and perf_sw_ids (include/uapi/linux/perf_event.h). */
const PERF_TYPE_SOFTWARE = 1;
const PERF_COUNT_SW_CPU_CLOCK = 0n;

const nanosecondsOf: ReadonlyMap<string, bigint> = new Map([
  ["s", 1_000_000_000n],
  ["ms", 1_000_000n],
  ["us", 1_000n],
]);

type Sampling = { readonly frequency: bigint } | { readonly period: bigint };

/** `interval:s:1`, `interval:1s`, `interval:hz:10`: one program on one CPU; `profile:hz:99`: on each of them. */
export function expandTimedProbe(context: AttachPointContext): ConcreteProbe | undefined {
  const isProfile = context.type === "profile";
  const sampling = readSampling(context);
  if (sampling === undefined) return undefined;
  return {
    ...perfProbe(context),
    attachment: {
      kind: "perfEvent",
      type: PERF_TYPE_SOFTWARE,
      config: PERF_COUNT_SW_CPU_CLOCK,
      sampling,
      cpus: isProfile ? "each" : "one",
      ...(isProfile && context.pid !== undefined ? { pid: context.pid } : {}),
    },
  };
}

function readSampling(context: AttachPointContext): Sampling | undefined {
  const [first, second] = context.parts;
  const form = `${context.type} probes are written ${context.type}:hz:99, ${context.type}:ms:100 or ${context.type}:1s`;
  if (first === undefined || context.parts.length > 2) return context.fault(form);
  if (second === undefined) {
    const period = parseIntegerLiteral(first.text);
    if (period.kind === "invalid") return context.fault(period.message, first.span, [form]);
    if (!/[a-z]$/.test(first.text)) return context.fault(form, first.span);
    return positive(context, period.value, first) ? { period: period.value } : undefined;
  }
  const count = parseIntegerLiteral(second.text);
  if (count.kind === "invalid") return context.fault(count.message, second.span, [form]);
  if (!positive(context, count.value, second)) return undefined;
  if (first.text === "hz") return { frequency: count.value };
  const unit = nanosecondsOf.get(first.text);
  if (unit === undefined) {
    const message = `${JSON.stringify(first.text)} is no unit of time`;
    return context.fault(message, first.span, ["Units are s, ms, us and hz."]);
  }
  return { period: count.value * unit };
}

function positive(context: AttachPointContext, value: bigint, part: ProbePart): boolean {
  if (value > 0n && value <= 1_000_000_000_000_000_000n) return true;
  context.fault(`${part.text} is out of range`, part.span);
  return false;
}

/** Events that the kernel counts itself: perf's name, other names, perf_sw_ids, how many make a sample by default. */
const softwareEvents: readonly {
  readonly names: readonly string[];
  readonly config: bigint;
  readonly period: bigint;
}[] = [
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

/** `software:page-faults:100`. */
export function expandSoftwareProbe(context: AttachPointContext): ConcreteProbe | undefined {
  const [name, count] = context.parts;
  if (name === undefined || context.parts.length > 2) {
    return context.fault("software probes are written software:event or software:event:count");
  }
  const event = softwareEvents.find(({ names }) => names.includes(name.text));
  if (event === undefined) {
    const near = nearNames(
      name.text,
      softwareEvents.flatMap(({ names }) => names),
    );
    const hints = meantHints(near);
    return context.fault(
      `there is no software event ${JSON.stringify(name.text)}`,
      name.span,
      hints,
    );
  }
  let { period } = event;
  if (count !== undefined && count.text !== "") {
    const given = parseIntegerLiteral(count.text);
    if (given.kind === "invalid") return context.fault(given.message, count.span);
    if (!positive(context, given.value, count)) return undefined;
    period = given.value;
  }
  return {
    ...perfProbe(context),
    attachment: {
      kind: "perfEvent",
      type: PERF_TYPE_SOFTWARE,
      config: event.config,
      sampling: { period },
      cpus: "each",
      ...(context.pid === undefined ? {} : { pid: context.pid }),
    },
  };
}

function perfProbe(context: AttachPointContext): Omit<ConcreteProbe, "attachment"> {
  return {
    name: [context.type, ...context.parts.map(({ text }) => text)].join(":"),
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
