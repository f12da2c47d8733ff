import { loopMeans, maximumUnrolledRounds } from "../loop-means.js";
import { type Span } from "../syntax/span.js";
import { type CheckedExpression, type CheckedStatement } from "./checked-program.js";
import { booleanConstant } from "./constant.js";
import { histogramBuckets, linearBuckets } from "./map-layout.js";
import { type Aggregation } from "./map-table.js";
import { type ProbeState } from "./probe-state.js";
import { boolean, int64, type Type } from "./type.js";

/** An entry of a histogram or a time series that is kept in several entries of a map: each key ends with a bucket's number. */
export interface BucketedEntry {
  readonly map: number;
  readonly keys: readonly CheckedExpression[];
  readonly buckets: number;
}

/** How many entries of the kernel's one of the language's is; `undefined` when it is one. */
export function bucketsOf(aggregation: Aggregation, isKeyed: boolean): number | undefined {
  if (aggregation.kind === "tseries") return aggregation.intervals;
  if (!isKeyed) return undefined;
  if (aggregation.kind === "hist") return histogramBuckets(aggregation.bits);
  return aggregation.kind === "lhist" ? linearBuckets(aggregation) : undefined;
}

/** Whether any of the entries is there; `deleted`: and there are none of them any more. */
export function acrossBuckets(
  probe: ProbeState,
  kind: "deleted" | "hasKey",
  { map, keys, buckets }: BucketedEntry,
  span: Span,
): CheckedExpression | undefined {
  const { target } = probe.program;
  if (loopMeans(target) === "unrolled" && buckets > maximumUnrolledRounds) {
    const message = `${kind === "deleted" ? "delete" : "has_key"}() of ${buckets} buckets needs Linux 5.3, the target has ${target.release}`;
    return probe.error("not-supported", span, message);
  }
  // What is evaluated for a key is evaluated once.
  const kept = keys.map((key, index) => keep(probe, key, `key ${index}`, span));
  const found = variable(probe, boolean, "found", span);
  const bucket = variable(probe, int64, "bucket", span);
  const isThere: CheckedExpression = {
    ...{ kind, map, type: boolean, span },
    keys: kept.map(({ value }) => value),
    bucket: bucket.value,
  };
  const then: readonly CheckedStatement[] = [
    assign(found.scratch, boolean, booleanConstant(true, span)),
    ...(kind === "hasKey" ? [{ kind: "jump", word: "break", span } as const] : []),
  ];
  const loop: CheckedStatement = {
    ...{ kind: "range", scratch: bucket.scratch, span },
    first: { kind: "constant", value: 0n, type: int64, span },
    last: { kind: "constant", value: BigInt(buckets), type: int64, span },
    body: [{ kind: "if", condition: isThere, then, otherwise: [], span }],
  };
  const statements = [
    ...kept.flatMap((one) => one.statements),
    assign(found.scratch, boolean, booleanConstant(false, span)),
    loop,
  ];
  return { kind: "block", statements, value: found.value, type: boolean, span };
}

function keep(
  probe: ProbeState,
  key: CheckedExpression,
  what: string,
  span: Span,
): { readonly value: CheckedExpression; readonly statements: readonly CheckedStatement[] } {
  if (key.kind === "constant" || key.kind === "stringConstant" || key.kind === "scratch") {
    return { value: key, statements: [] };
  }
  const { scratch, value } = variable(probe, key.type, what, span);
  return { value, statements: [assign(scratch, key.type, key)] };
}

function variable(
  probe: ProbeState,
  type: Type,
  what: string,
  span: Span,
): { readonly scratch: number; readonly value: CheckedExpression } {
  const scratch = probe.temporary(span, type, what).id;
  return { scratch, value: { kind: "scratch", scratch, type, span } };
}

function assign(scratch: number, type: Type, value: CheckedExpression): CheckedStatement {
  const { span } = value;
  const target = { kind: "scratch", scratch, type } as const;
  return { kind: "assign", target, operation: undefined, value, span };
}
