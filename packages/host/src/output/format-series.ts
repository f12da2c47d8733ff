import { type MapValue, type Point } from "./value.js";

type Series = Extract<MapValue, { readonly kind: "series" }>;

/** Places of a mark in a row, from edge to edge. */
const columns = 53;
const largestInteger = (1n << 64n) - 1n;
const smallestInteger = -(1n << 63n);

interface TimeFormat {
  readonly title: string;
  readonly width: number;
}

/** A time series as rows of marks between its least and its greatest value, with the empty line behind. */
export function formatSeries(series: Series): string {
  const { points } = series;
  const values = points.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const [first] = values;
  if (first === undefined) return "<no data>\n";
  const scale = scaleOf(
    values.reduce((a, b) => (b < a ? b : a), first),
    values.reduce((a, b) => (b > a ? b : a), first),
  );
  const { title, width } = timeFormat(series);
  const margin = " ".repeat(width + 1);
  const least = scale.low.toString();
  const bounds = `${margin}${least}${scale.high.toString().padStart(columns - least.length)}\n`;
  const line = "_".repeat(columns - 2);
  const rows = points.map((point) => formatRow(point, scale, width));
  return `${bounds}${title}|${line}|\n${rows.join("")}${margin}v${line}v\n${bounds}\n`;
}

interface Scale {
  readonly low: bigint;
  readonly high: bigint;
}

/** One value alone is in the middle. */
function scaleOf(low: bigint, high: bigint): Scale {
  if (low !== high) return { low, high };
  return {
    low: low === smallestInteger ? low : low - 1n,
    high: high === largestInteger ? high : high + 1n,
  };
}

/** Times are as fine as the intervals are long; of one interval alone they are shown whole. The title is padded as its bytes. */
function timeFormat({ points, intervalNanoseconds: interval }: Series): TimeFormat {
  if (points.length > 1) {
    if (interval >= 1_000_000_000n) return { title: "hh:mm:ss ", width: 8 };
    if (interval >= 1_000_000n) return { title: "hh:mm:ss.ms  ", width: 12 };
    if (interval >= 1000n) return { title: "hh:mm:ss.μs    ", width: 15 };
  }
  return { title: "hh:mm:ss.ns        ", width: 18 };
}

function formatRow({ start, value }: Point, scale: Scale, timeWidth: number): string {
  const row = ["|", ...Array<string>(columns - 2).fill(" "), "|"];
  // A line where zero is.
  const zero = Math.floor(shareOf(0n, scale) * columns);
  if (zero > 0 && zero < columns) row[zero] = ".";
  if (value !== undefined) row[Math.floor(shareOf(value, scale) * (columns - 1))] = "*";
  const time = start.slice("2026-11-30 ".length).slice(0, timeWidth);
  return `${time} ${row.join("")} ${value ?? "-"}\n`;
}

function shareOf(value: bigint, { low, high }: Scale): number {
  return Number(value - low) / Number(high - low);
}
