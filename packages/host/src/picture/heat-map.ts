import { formatValue } from "../output/format-value.js";
import { type MapEvent } from "../output/trace-writer.js";
import { type Bucket, type MapEntry } from "../output/value.js";

/** What the buckets of a histogram are measured in. */
export type HeatUnit = "nanoseconds" | "microseconds" | "milliseconds" | "count";

/** How histograms over time are called, and what they are measured in. */
export interface HeatMapStyle {
  readonly title: string;
  readonly unit: HeatUnit;
  /** Of the histogram with a key, in a map. */
  readonly nameOf?: (map: string, key: MapEntry["key"]) => string;
}

/** What a histogram counts in one place; a bound is null where it is open. */
interface HeatRow {
  readonly low: number | null;
  readonly high: number | null;
}

/** The form in which a page has its data. */
export interface HeatMapData {
  readonly title: string;
  readonly unit: HeatUnit;
  readonly maps: readonly {
    readonly name: string;
    /** From the lowest. */
    readonly rows: readonly HeatRow[];
    readonly columns: readonly {
      /** Milliseconds since 1970. */
      readonly at: number;
      /** How often, by the row. */
      readonly counts: readonly (readonly [row: number, count: number])[];
    }[];
  }[];
}

interface Moment {
  readonly at: number;
  readonly buckets: readonly Bucket[];
}

/** Histograms that came one after the other, by their names: over time, how often what. */
export class HeatMap {
  readonly #moments = new Map<string, Moment[]>();

  /** The histograms in a map. `now`: nanoseconds since 1970. */
  add({ name, entries }: MapEvent, now: bigint, nameOf = entryName): void {
    for (const { key, value } of entries) {
      if (value.kind !== "histogram") continue;
      const called = nameOf(name, key);
      const moments = this.#moments.get(called) ?? [];
      this.#moments.set(called, moments);
      moments.push({ at: Number(now / 1_000_000n), buckets: value.buckets });
    }
  }

  /** Moments of which there is something to be seen. */
  get momentCount(): number {
    return new Set([...this.#moments.values()].flat().map(({ at }) => at)).size;
  }

  data(title: string, unit: HeatUnit): HeatMapData {
    const maps = [...this.#moments].map(([name, moments]) => {
      const rows = rowsOf(moments);
      const places = new Map(rows.map((row, at) => [rowKey(row), at]));
      const columns = moments.map(({ at, buckets }) => ({
        at,
        counts: buckets
          .filter(({ count }) => count > 0n)
          .map((one) => [places.get(rowKey(plainRow(one))) ?? 0, Number(one.count)] as const),
      }));
      return { name, rows, columns };
    });
    return { title, unit, maps };
  }
}

/** All that any of them has, also what is empty everywhere. */
function rowsOf(moments: readonly Moment[]): readonly HeatRow[] {
  const rows = moments.flatMap(({ buckets }) => buckets.map(plainRow));
  const different = new Map(rows.map((row) => [rowKey(row), row]));
  return [...different.values()].sort(
    (one, other) => (one.low ?? -Infinity) - (other.low ?? -Infinity),
  );
}

function plainRow({ low, high }: Bucket): HeatRow {
  return {
    low: low === undefined ? null : Number(low),
    high: high === undefined ? null : Number(high),
  };
}

function rowKey({ low, high }: HeatRow): string {
  return `${low} ${high}`;
}

/** "@latency[sda]". */
function entryName(map: string, key: MapEntry["key"]): string {
  if (key.length === 0) return map;
  return `${map}[${key.map((part) => formatValue(part, "name")).join(", ")}]`;
}
