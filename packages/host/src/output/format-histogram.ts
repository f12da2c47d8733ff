import { type Bucket, type MapValue } from "./value.js";

const labelWidth = 16;
const countWidth = 8;
const barWidth = 52;
const suffixes = ["", "K", "M", "G", "T", "P", "E"];

type Histogram = Extract<MapValue, { readonly kind: "histogram" }>;

/** A histogram's rows, each with its newline: label, count and bar. */
export function formatHistogram(histogram: Histogram): string {
  const most = histogram.buckets.reduce((max, { count }) => (count > max ? count : max), 0n);
  const labelOf = histogram.isLinear
    ? (bucket: Bucket) => linearLabel(bucket, histogram.step ?? 0n)
    : logarithmicLabel;
  return histogram.buckets
    .map((bucket) => {
      const label = labelOf(bucket).padEnd(labelWidth);
      const count = bucket.count.toString().padStart(countWidth);
      const bar = "@".repeat(barLength(bucket.count, most)).padEnd(barWidth);
      return `${label}${count} |${bar}|\n`;
    })
    .join("");
}

/** In single precision, as bpftrace reckons it. */
function barLength(count: bigint, most: bigint): number {
  if (most === 0n) return 0;
  const share = Math.fround(Math.fround(Number(count)) / Math.fround(Number(most)));
  return Math.trunc(Math.fround(share * barWidth));
}

function logarithmicLabel({ low, high }: Bucket): string {
  if (low === undefined || high === undefined) return "(..., 0)";
  if (low === high) return `[${low}]`;
  // A bucket is 2^power wide; the next one twice as wide when it begins at a power of two.
  const power = (high - low + 1n).toString(2).length - 1;
  const isNextWider = ((high + 1n) & high) === 0n;
  return `[${binaryLabel(low, power)}, ${binaryLabel(high + 1n, isNextWider ? power + 1 : power)})`;
}

/** A multiple of 2^power, in the largest unit of 2^10 that divides 2^power. */
function binaryLabel(value: bigint, power: number): string {
  const unit = Math.floor(power / 10);
  return `${value >> BigInt(10 * unit)}${suffixes[unit] ?? ""}`;
}

function linearLabel({ low, high }: Bucket, step: bigint): string {
  if (low === undefined) return `(..., ${stepLabel((high ?? 0n) + 1n, step)})`;
  if (high === undefined) return `[${stepLabel(low, step)}, ...)`;
  if (low === high) return `[${low}]`;
  return `[${stepLabel(low, step)}, ${stepLabel(high + 1n, step)})`;
}

/** Units only when each step is a multiple of 1,024. */
function stepLabel(value: bigint, step: bigint): string {
  if (value === 0n || step === 0n || step % 1024n !== 0n) return value.toString();
  if (value % 1_048_576n === 0n) return `${value / 1_048_576n}M`;
  return value % 1024n === 0n ? `${value / 1024n}K` : value.toString();
}
