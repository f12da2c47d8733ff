import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { formatHistogram } from "../../src/output/format-histogram.js";
import { createHistogram, type HistogramLayout } from "../../src/output/histogram-buckets.js";
import { type MapValue } from "../../src/output/value.js";

type Histogram = Extract<MapValue, { kind: "histogram" }>;

const hist = (bits: number): HistogramLayout => ({
  kind: "hist",
  bits,
  storage: "key",
  bucketCount: (65 << bits) + 2,
});
const lhist = (min: bigint, max: bigint, step: bigint): HistogramLayout => ({
  kind: "lhist",
  min,
  max,
  step,
  storage: "key",
  bucketCount: Number((max - min) / step) + 2,
});

/** The bucket of hist(n, bits), as the compiled program finds it. */
function logarithmicBucket(value: bigint, bits: number): number {
  if (value < 0n) return 0;
  const division = 1n << BigInt(bits);
  if (value < division) return Number(1n + value);
  const level = BigInt(value.toString(2).length - 1 - bits);
  const bucket = ((level + 1n) << BigInt(bits)) + ((value >> level) & (division - 1n)) + 1n;
  return Number(bucket);
}

/** The bucket of lhist(n, min, max, step). */
function linearBucket(
  value: bigint,
  { min, max, step }: Extract<HistogramLayout, { kind: "lhist" }>,
): number {
  if (value < min) return 0;
  return Number(1n + ((value > max ? max : value) - min) / step);
}

function of(layout: HistogramLayout, counts: Record<number, bigint>): Histogram {
  const histogram = createHistogram(
    layout,
    new Map(Object.entries(counts).map(([bucket, count]) => [Number(bucket), count])),
  );
  if (histogram === undefined) throw new TypeError("no histogram");
  return histogram;
}

function labels(histogram: Histogram): string[] {
  return formatHistogram(histogram)
    .split("\n")
    .slice(0, -1)
    .map((row) => row.slice(0, 16).trimEnd());
}

describe("hist()", () => {
  test.each([0, 1, 2, 5])("a value lies within its bucket's bounds, with %d bits", (bits) => {
    const arbitrary = fc.oneof(
      fc.bigInt({ min: -5n, max: 70n }),
      fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      fc.nat({ max: 63 }).map((power) => 1n << BigInt(power)),
      fc.nat({ max: 63 }).map((power) => (1n << BigInt(power)) - 1n),
    );
    fc.assert(
      fc.property(arbitrary, (value) => {
        const [bucket] = of(hist(bits), { [logarithmicBucket(value, bits)]: 1n }).buckets;
        expect(bucket?.low ?? -(1n << 63n)).toBeLessThanOrEqual(value);
        expect(bucket?.high).toBeGreaterThanOrEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  test("buckets follow one another without a gap", () => {
    for (const bits of [0, 3]) {
      const { buckets } = of(hist(bits), { 1: 1n, [64 << bits]: 1n });
      for (const [at, bucket] of buckets.slice(1).entries()) {
        expect(bucket.low).toBe((buckets[at]?.high ?? 0n) + 1n);
      }
    }
  });

  test("labels are powers of two, in units of 1,024", () => {
    expect(labels(of(hist(0), { 0: 1n, 4: 1n }))).toEqual([
      "(..., 0)",
      "[0]",
      "[1]",
      "[2, 4)",
      "[4, 8)",
    ]);
    expect(labels(of(hist(0), { 11: 1n, 13: 1n }))).toEqual(["[512, 1K)", "[1K, 2K)", "[2K, 4K)"]);
    expect(labels(of(hist(0), { 18: 1n }))).toEqual(["[64K, 128K)"]);
    expect(labels(of(hist(0), { 21: 1n, 22: 1n }))).toEqual(["[512K, 1M)", "[1M, 2M)"]);
    expect(labels(of(hist(0), { 65: 1n }))).toEqual(["[8E, 16E)"]);
  });

  test("finer ones label their steps", () => {
    expect(labels(of(hist(2), { 1: 1n, 10: 1n }))).toEqual([
      ...["[0]", "[1]", "[2]", "[3]", "[4]", "[5]", "[6]", "[7]"],
      ...["[8, 10)", "[10, 12)"],
    ]);
    expect(labels(of(hist(2), { [logarithmicBucket(1024n, 2)]: 1n }))).toEqual(["[1024, 1280)"]);
    expect(labels(of(hist(2), { [logarithmicBucket(1n << 14n, 2)]: 1n }))).toEqual(["[16K, 20K)"]);
    expect(labels(of(hist(2), { [logarithmicBucket(7n << 9n, 2)]: 1n }))).toEqual(["[3584, 4K)"]);
  });
});

describe("lhist()", () => {
  test("a value lies within its bucket's bounds", () => {
    const layout = lhist(-10n, 101n, 7n) as Extract<HistogramLayout, { kind: "lhist" }>;
    for (let value = -20n; value < 120n; value++) {
      const [bucket] = of(layout, { [linearBucket(value, layout)]: 1n }).buckets;
      expect(bucket?.low ?? value).toBeLessThanOrEqual(value);
      expect(bucket?.high ?? value).toBeGreaterThanOrEqual(value);
    }
  });

  test("its first and last buckets are open", () => {
    expect(labels(of(lhist(0n, 10n, 2n), { 0: 1n, 6: 1n }))).toEqual([
      ...["(..., 0)", "[0, 2)", "[2, 4)", "[4, 6)", "[6, 8)", "[8, 10)", "[10, ...)"],
    ]);
    expect(labels(of(lhist(0n, 2n, 1n), { 1: 1n, 3: 1n }))).toEqual(["[0]", "[1]", "[2, ...)"]);
  });

  test("labels are in units of 1,024 only when the steps are", () => {
    expect(labels(of(lhist(0n, 1n << 21n, 1n << 20n), { 0: 1n, 3: 1n }))).toEqual([
      ...["(..., 0)", "[0, 1M)", "[1M, 2M)", "[2M, ...)"],
    ]);
    expect(labels(of(lhist(1024n, 4096n, 1024n), { 0: 1n, 2: 1n }))).toEqual([
      ...["(..., 1K)", "[1K, 2K)", "[2K, 3K)"],
    ]);
    expect(labels(of(lhist(0n, 4096n, 512n), { 3: 1n }))).toEqual(["[1024, 1536)"]);
  });
});

test("bars are as long as their share of the highest", () => {
  const rows = formatHistogram(of(hist(0), { 1: 1n, 2: 3n, 3: 1_000_000_000n, 4: 500_000_000n }));
  expect(rows.split("\n")).toEqual([
    "[0]                    1 |                                                    |",
    "[1]                    3 |                                                    |",
    "[2, 4)          1000000000 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|",
    "[4, 8)          500000000 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |",
    "",
  ]);
});
