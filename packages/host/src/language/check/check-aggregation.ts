import { type ExpressionOf, type StatementOf } from "../syntax/ast.js";
import {
  requireArguments,
  requireConstant,
  requireGathered,
  requireText,
} from "./call-arguments.js";
import { checkKeys } from "./check-place.js";
import { checkUnstable } from "./check-unstable.js";
import { type CheckedExpression, type CheckedStatement } from "./checked-program.js";
import { linearBuckets } from "./map-layout.js";
import { type Aggregation } from "./map-table.js";
import { type SeriesKeeps } from "../../spec/trace-layout.js";
import { type ProbeState } from "./probe-state.js";
import { describeType } from "./type.js";

interface Gathered {
  readonly aggregation: Aggregation;
  readonly value: CheckedExpression | undefined;
}

/** `@[key] = count()`. */
export function checkAggregation(
  probe: ProbeState,
  statement: StatementOf<"assignment">,
  call: ExpressionOf<"call">,
): CheckedStatement | undefined {
  const { target, operator, span } = statement;
  if (target.kind !== "map") {
    return probe.error(
      "type-mismatch",
      call.span,
      `${call.name}() must be assigned directly to a map`,
      [`Write @ = ${call.name}(…) or @[key] = ${call.name}(…).`],
    );
  }
  if (operator !== undefined) {
    const message = `${call.name}() is assigned with =, not with ${operator}=`;
    return probe.error("type-mismatch", span, message);
  }
  const { maps } = probe.program;
  const gathered = gather(probe, call);
  const keys = checkKeys(probe, target.name, target.keys, target.span);
  if (gathered === undefined || keys === undefined) return undefined;
  const contents = { kind: "aggregation", aggregation: gathered.aggregation } as const;
  const conflict = maps.mergeContents(target.name, contents, span);
  if (conflict !== undefined) {
    return probe.error("type-mismatch", call.span, conflict.message, [], conflict.related);
  }
  if (gathered.aggregation.kind === "sum" && !isAboveZero(gathered.value)) {
    maps.noteMayBeZero(target.name);
  }
  const map = maps.idOf(target.name);
  return { kind: "aggregate", map, keys, value: gathered.value, span };
}

function isAboveZero(value: CheckedExpression | undefined): boolean {
  return value?.kind === "constant" && value.value > 0n;
}

function gather(probe: ProbeState, call: ExpressionOf<"call">): Gathered | undefined {
  switch (call.name) {
    case "count":
      return requireArguments(probe, call, 0)
        ? { aggregation: { kind: "count" }, value: undefined }
        : undefined;
    case "hist":
      return gatherHistogram(probe, call);
    case "lhist":
      return gatherLinearHistogram(probe, call);
    case "tseries":
      return gatherSeries(probe, call);
    default:
      return gatherNumber(probe, call);
  }
}

/** sum, min, max, avg, stats. */
function gatherNumber(probe: ProbeState, call: ExpressionOf<"call">): Gathered | undefined {
  if (!requireArguments(probe, call, 1)) return undefined;
  const value = requireGathered(probe, call);
  if (value === undefined) return undefined;
  if (value.type.kind !== "integer") {
    const message = `${call.name}() only supports integer arguments (${describeType(value.type)} provided)`;
    return probe.error("argument-type", call.span, message);
  }
  const { isSigned } = value.type;
  switch (call.name) {
    case "sum":
    case "min":
    case "max":
    case "avg":
    case "stats":
      return { aggregation: { kind: call.name, isSigned }, value };
    default:
      return undefined;
  }
}

function gatherHistogram(probe: ProbeState, call: ExpressionOf<"call">): Gathered | undefined {
  if (!requireArguments(probe, call, 1, 2)) return undefined;
  const value = requireGathered(probe, call);
  const range = { from: -(1n << 63n), to: (1n << 63n) - 1n };
  const bits = call.args.length === 1 ? 0n : requireConstant(probe, call, 1, range);
  if (value === undefined || bits === undefined) return undefined;
  if (bits < 0n || bits > 5n) {
    return probe.error("bad-value", call.span, `hist: bits ${bits} must be 0..5`);
  }
  return { aggregation: { kind: "hist", bits: Number(bits) }, value };
}

/** As bpftrace has it; each takes 8 bytes for each CPU. */
const maximumBuckets = 1000;

function gatherLinearHistogram(
  probe: ProbeState,
  call: ExpressionOf<"call">,
): Gathered | undefined {
  if (!requireArguments(probe, call, 4)) return undefined;
  const value = requireGathered(probe, call);
  const [min, max, step] = ["min", "max", "step"].map((what, index) =>
    requireLiteral(probe, call, index + 1, what),
  );
  if (value === undefined || min === undefined || max === undefined || step === undefined) {
    return undefined;
  }
  if (step <= 0n) {
    return probe.error("bad-value", call.span, `lhist() step must be >= 1 (${step} provided)`);
  }
  if (min >= max) {
    const message = `lhist() min must be less than max (provided min ${min} and max ${max})`;
    return probe.error("bad-value", call.span, message);
  }
  const buckets = linearBuckets({ min, max, step }) - 2;
  if (buckets > maximumBuckets) {
    const message = `lhist() too many buckets, must be <= ${maximumBuckets} (would need ${buckets})`;
    return probe.error("bad-value", call.span, message, ["Choose a larger step."]);
  }
  return { aggregation: { kind: "lhist", min, max, step }, value };
}

/** A number that is written out; those of a linear histogram may have a sign, which bpftrace refuses. */
function requireLiteral(
  probe: ProbeState,
  call: ExpressionOf<"call">,
  index: number,
  what: string,
): bigint | undefined {
  const argument = call.args[index];
  const value = argument === undefined ? undefined : probe.check(argument);
  if (value === undefined) return undefined;
  const isNumber = value.kind === "constant" && value.type.kind === "integer";
  if (isNumber && (value.value >= 0n || call.name === "lhist")) return value.value;
  const bound = what === "step" ? "" : " (must be non-negative literal)";
  return probe.error("bad-value", call.span, `${call.name}: invalid ${what} value${bound}`);
}

/** As bpftrace has it. */
const maximumIntervals = 1_000_000n;

const seriesKeeps: readonly SeriesKeeps[] = ["avg", "max", "min", "sum"];

/** `tseries(n, interval, intervals)`: the last value of each interval, or what a fourth argument says. */
function gatherSeries(probe: ProbeState, call: ExpressionOf<"call">): Gathered | undefined {
  if (!requireArguments(probe, call, 3, 4)) return undefined;
  const value = requireGathered(probe, call);
  const interval = requireLiteral(probe, call, 1, "interval_ns");
  const intervals = requireLiteral(probe, call, 2, "num_intervals");
  const name = call.args.length === 4 ? requireText(probe, call, 3) : "last";
  if (value === undefined || interval === undefined || intervals === undefined) return undefined;
  if (name === undefined) return undefined;
  const keeps =
    name === "last" && call.args.length === 3 ? name : seriesKeeps.find((one) => one === name);
  if (keeps === undefined) {
    const message = `tseries() expects one of the following aggregation functions: ${seriesKeeps.join(", ")} ("${name}" provided)`;
    return probe.error("bad-value", call.span, message);
  }
  if (interval < 1n) {
    const message = `tseries() interval_ns must be >= 1 (${interval} provided)`;
    return probe.error("bad-value", call.span, message);
  }
  if (intervals < 1n || intervals > maximumIntervals) {
    const bound = intervals < 1n ? ">= 1" : `< ${maximumIntervals}`;
    const message = `tseries() num_intervals must be ${bound} (${intervals} provided)`;
    return probe.error("bad-value", call.span, message);
  }
  if (!checkUnstable(probe, "tseries", call.span)) return undefined;
  const isSigned = value.type.kind === "integer" && value.type.isSigned;
  const form = { intervalNanoseconds: interval, intervals: Number(intervals) };
  return { aggregation: { kind: "tseries", keeps, isSigned, ...form }, value };
}
