import { type Bucket, type MapValue } from "../output/value.js";

type Histogram = Extract<MapValue, { readonly kind: "histogram" }>;

const barWidth = 40;

/** A histogram by powers of two with BCC's rows: "         2 -> 3          : 12       |****        |", from 0 on. */
export function formatPowerHistogram({ buckets }: Histogram, unit: string): string {
  const rows = new Map<number, bigint>();
  for (const bucket of buckets) {
    const power = powerOf(bucket);
    rows.set(power, (rows.get(power) ?? 0n) + bucket.count);
  }
  const last = Math.max(...rows.keys());
  const counts = Array.from({ length: last }, (_, index) => rows.get(index + 1) ?? 0n);
  const most = counts.reduce((max, count) => (count > max ? count : max), 0n);
  const lines = counts.map((count, index) => {
    const low = index === 0 ? 0n : 1n << BigInt(index);
    const high = (1n << BigInt(index + 1)) - 1n;
    const bar = "*".repeat(most === 0n ? 0 : Number((count * BigInt(barWidth)) / most));
    return `${low.toString().padStart(10)} -> ${high.toString().padEnd(10)} : ${count.toString().padEnd(8)} |${bar.padEnd(barWidth)}|`;
  });
  return [`     ${unit.padEnd(19)} : count     distribution`, ...lines].join("\n");
}

/** 1 for 0 and 1, 2 for 2 and 3, 3 for 4 to 7. */
function powerOf({ low }: Bucket): number {
  return low === undefined || low < 2n ? 1 : low.toString(2).length;
}
