import { type MapEvent } from "../output/trace-writer.js";
import { type MapEntry } from "../output/value.js";
import { type HeatMapStyle } from "../picture/heat-map.js";
import { clockText } from "./clock-line.js";
import { parsePositive } from "./stack-options.js";
import { formatPowerHistogram } from "./power-histogram.js";
import { type TableContext, type ToolArgument, type ToolRow } from "./tool.js";

/** BCC's interval and count. */
export const intervalAndCount: readonly ToolArgument[] = [
  {
    name: "interval",
    description: "seconds between tables (default: one table, at the end)",
    parse: parsePositive,
  },
  { name: "count", description: "tables, after which it ends", parse: parsePositive },
];

export interface HistogramStyle {
  readonly unit: "nsecs" | "usecs" | "msecs";
  readonly hasTime: boolean;
  /** What stands before a histogram: of one of several. */
  readonly nameOf: (key: MapEntry["key"]) => string | undefined;
}

const heatUnits = {
  nsecs: "nanoseconds",
  usecs: "microseconds",
  msecs: "milliseconds",
} as const;

/** The same histograms over time. */
export function heatMapOf(title: string, { unit, nameOf }: HistogramStyle): HeatMapStyle {
  return { title, unit: heatUnits[unit], nameOf: (_map, key) => nameOf(key) ?? title };
}

/** A row for each histogram in a map. */
export function histogramRows(
  { entries }: MapEvent,
  style: HistogramStyle,
  { now }: TableContext,
): readonly ToolRow[] {
  const heading: ToolRow = {
    text: () => (style.hasTime ? `\n${clockText(now)}` : ""),
    json: () => undefined,
  };
  const rows = entries.flatMap(({ key, value }): readonly ToolRow[] => {
    if (value.kind !== "histogram") return [];
    const name = style.nameOf(key);
    return [
      {
        text: () =>
          `${name === undefined ? "" : `\n${name}\n`}${formatPowerHistogram(value, style.unit)}`,
        json: () => ({
          time: Number(now / 1_000_000n) / 1000,
          ...(name === undefined ? {} : { name }),
          unit: style.unit,
          histogram: value.buckets.map(({ low, high, count }) => ({
            low: low ?? null,
            high: high ?? null,
            count,
          })),
        }),
      },
    ];
  });
  return [heading, ...rows];
}
