import { type AttachPointContext } from "./attach-point-context.js";
import { type ConcreteProbe } from "./concrete-probe.js";
import { isNegative, perfEventTypes, perfProbe } from "./perf-probes.js";

/** perf_sw_ids (include/uapi/linux/perf_event.h). */
const PERF_COUNT_SW_CPU_CLOCK = 0n;

const nanosecondsOf: ReadonlyMap<string, bigint> = new Map([
  ["s", 1_000_000_000n],
  ["ms", 1_000_000n],
  ["us", 1_000n],
]);

type Sampling = { readonly frequency: bigint } | { readonly period: bigint };

interface Rate {
  readonly sampling: Sampling;
  /** As `probe` prints it: "hz:99". */
  readonly name: string;
}

/** `interval:s:1`, `interval:1s`, `interval:hz:10`: one program on one CPU; `profile:hz:99`: on each of them. */
export function expandTimedProbe(context: AttachPointContext): ConcreteProbe[] {
  const isProfile = context.type === "profile";
  const rate = readRate(context);
  if (rate === undefined) return [];
  return [
    {
      ...perfProbe(context, `${context.type}:${rate.name}`),
      attachment: {
        kind: "perfEvent",
        type: perfEventTypes.software,
        config: PERF_COUNT_SW_CPU_CLOCK,
        sampling: rate.sampling,
        cpus: isProfile ? "each" : "one",
        ...context.optional,
        ...(isProfile && context.pid !== undefined ? { pid: context.pid } : {}),
      },
    },
  ];
}

function readRate(context: AttachPointContext): Rate | undefined {
  const what = `Invalid rate of ${context.type} probe`;
  const notPositive = `${context.type} frequency should be a positive integer`;
  const ifEmpty = `${what}: invalid integer: `;
  if (!context.takes([1, 2], "hz:99, …:ms:100 or …:1s", { ifEmpty })) return undefined;
  const [first, second] = context.parts;
  if (first === undefined) return undefined;
  if (second !== undefined && isNegative(second.text)) return context.fault(notPositive);
  const count = context.requireInteger((second ?? first).text, what);
  if (count === undefined) return undefined;
  if (second === undefined) return readDuration(context, count, what);
  const unit = nanosecondsOf.get(first.text);
  if (first.text !== "hz" && unit === undefined) {
    return context.fault(`${first.text} is not an accepted unit of time`, context.span, [
      "Units are s, ms, us and hz.",
    ]);
  }
  if (count <= 0n) {
    return context.fault(notPositive);
  }
  const sampling = unit === undefined ? { frequency: count } : { period: count * unit };
  if (unit !== undefined && count * unit > longestPeriod) {
    return context.fault(`${what}: ${second.text} is too long`);
  }
  return { sampling, name: `${first.text}:${count}` };
}

/** 31 years. */
const longestPeriod = 1_000_000_000_000_000_000n;

/** "10ms", which the parser of constants has made nanoseconds. */
function readDuration(context: AttachPointContext, period: bigint, what: string): Rate | undefined {
  if (period < 1_000n) {
    return context.fault(
      `${what}. Minimum is 1000 or 1us. Found: ${period} nanoseconds`,
      context.span,
      ["A number alone is nanoseconds: 10ms, 1s."],
    );
  }
  if (period > longestPeriod) return context.fault(`${what}: ${period} nanoseconds is too long`);
  return { sampling: { period }, name: `us:${period / 1_000n}` };
}
