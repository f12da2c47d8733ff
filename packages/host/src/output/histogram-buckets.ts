import { type MapValueLayout } from "../spec/trace-layout.js";
import { DecodeError } from "./decode-error.js";
import { type Bucket, type MapValue } from "./value.js";

export type HistogramLayout = Extract<MapValueLayout, { readonly kind: "hist" | "lhist" }>;

/** hist()'s second argument: as many binary digits below the first are told apart. */
const mostBits = 8;
/** More buckets than hist() has with the finest division: an index beyond is not one. */
const largestBucketCount = 1 << 20;

/** Makes a histogram of counts by bucket number; undefined when all are zero. Throws DecodeError for a number too large. */
export function createHistogram(
  layout: HistogramLayout,
  counts: ReadonlyMap<number, bigint>,
): Extract<MapValue, { readonly kind: "histogram" }> | undefined {
  let first = Infinity;
  let last = -1;
  for (const [index, count] of counts) {
    if (count === 0n) continue;
    first = Math.min(first, index);
    last = Math.max(last, index);
  }
  if (last < 0) return undefined;
  if (last >= bucketCount(layout)) {
    throw new DecodeError(`decode a histogram: it has no bucket of number ${last}`);
  }
  const buckets: Bucket[] = [];
  for (let index = first; index <= last; index++) {
    buckets.push({ ...bucketBounds(layout, index), count: counts.get(index) ?? 0n });
  }
  return layout.kind === "lhist"
    ? { kind: "histogram", isLinear: true, step: layout.step, buckets }
    : { kind: "histogram", isLinear: false, buckets };
}

/** One without a row. */
export function emptyHistogram({
  kind,
}: HistogramLayout): Extract<MapValue, { readonly kind: "histogram" }> {
  return { kind: "histogram", isLinear: kind === "lhist", buckets: [] };
}

function bucketCount(layout: HistogramLayout): number {
  if (layout.kind === "hist") {
    if (!Number.isInteger(layout.bits) || layout.bits < 0 || layout.bits > mostBits) {
      throw new DecodeError(`layout: a histogram of ${layout.bits} bits`);
    }
    return (65 << layout.bits) + 2;
  }
  return Math.min(Number(lastLinearBucket(layout)) + 1, largestBucketCount);
}

interface Bounds {
  readonly low: bigint | undefined;
  readonly high: bigint | undefined;
}

function bucketBounds(layout: HistogramLayout, index: number): Bounds {
  return layout.kind === "hist"
    ? logarithmicBounds(index, layout.bits)
    : linearBounds(index, layout);
}

/** hist(): bucket 0 holds what is negative, bucket i + 1 what is from boundary i to the next. */
function logarithmicBounds(index: number, bits: number): Bounds {
  if (index === 0) return { low: undefined, high: -1n };
  return {
    low: logarithmicBoundary(index - 1, bits),
    high: logarithmicBoundary(index, bits) - 1n,
  };
}

/** Each power of two is divided in 2^bits steps; below 2^bits each number is a boundary. */
function logarithmicBoundary(index: number, bits: number): bigint {
  const division = 1 << bits;
  if (index < division) return BigInt(index);
  const power = (index >> bits) - 1;
  return BigInt(division + (index & (division - 1))) << BigInt(power);
}

type LinearLayout = Extract<HistogramLayout, { readonly kind: "lhist" }>;

/** lhist(): bucket 0 is below min, the last from the last whole step on, which is max when steps fit. */
function linearBounds(index: number, layout: LinearLayout): Bounds {
  const { min, step } = layout;
  if (index === 0) return { low: undefined, high: min - 1n };
  const low = min + BigInt(index - 1) * step;
  const isLast = BigInt(index) === lastLinearBucket(layout);
  return { low, high: isLast ? undefined : low + step - 1n };
}

function lastLinearBucket({ min, max, step }: LinearLayout): bigint {
  if (step <= 0n || max < min) {
    throw new DecodeError(`layout: a linear histogram from ${min} to ${max} in steps of ${step}`);
  }
  return 1n + (max - min) / step;
}
