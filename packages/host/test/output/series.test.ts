import { describe, expect, test } from "@jest/globals";
import { formatMap } from "../../src/output/format-map.js";
import { createMapReader } from "../../src/output/map-reader.js";
import { type MapEntry, type Point } from "../../src/output/value.js";
import { type MapLayout, type SeriesKeeps } from "../../src/spec/trace-layout.js";
import { contextOf, layoutOf, u64, words } from "./support.js";

const second = 1_000_000_000n;

function seriesMap(keeps: SeriesKeeps): MapLayout {
  return {
    name: "@m",
    map: "AT_m",
    isPerCpu: true,
    keys: [{ type: u64, offset: 0 }],
    keySizeBytes: 16,
    valueSizeBytes: 24,
    value: {
      kind: "tseries",
      storage: "key",
      keeps,
      isSigned: true,
      intervalNanoseconds: second,
      intervals: 4,
      alignmentNanoseconds: 300_000_000n,
      clock: "boottime",
    },
  };
}

/** An entry: its key, its interval's number, and value and mark on each of two CPUs. */
type Slot = readonly [bigint, bigint, readonly bigint[], (readonly bigint[])?];

function read(keeps: SeriesKeeps, slots: readonly Slot[]): readonly MapEntry[] {
  const valueOf = (number: bigint, [value = 0n, mark = 0n]: readonly bigint[] = []): bigint[] => [
    value,
    mark,
    mark === 0n ? 0n : number,
  ];
  const dump = {
    count: slots.length,
    keys: words(slots.flatMap(([key, number]) => [key, number % 4n])),
    values: words(
      slots.flatMap(([, number, one, other]) => [
        ...valueOf(number, one),
        ...valueOf(number, other),
      ]),
    ),
  };
  // The clocks have moved by 20 ms since the program was made.
  const realtimeMinusBoottime = 1_700_000_000_320_000_000n;
  const reader = createMapReader(
    layoutOf([], [seriesMap(keeps)]),
    contextOf({ realtimeMinusBoottime }),
  );
  return reader.read(0, dump).entries;
}

function pointsOf(entry: MapEntry | undefined): readonly Point[] {
  return entry?.value.kind === "series" ? entry.value.points : [];
}

describe("time series", () => {
  test.each<[SeriesKeeps, bigint]>([
    ["last", -7n],
    ["sum", 2n],
    ["min", -7n],
    ["max", 9n],
    ["avg", 0n],
  ])("%s of two CPUs", (keeps, value) => {
    const [entry] = read(keeps, [[1n, 5n, [9n, 3n], [-7n, 4n]]]);
    expect(pointsOf(entry)).toEqual([{ start: "2023-11-14 17:13:25.000000000", value }]);
  });

  test("all keys have the intervals from the first to the last, but no more than are kept", () => {
    const entries = read("last", [
      [1n, 10n, [1n, 1n]],
      [1n, 12n, [3n, 1n]],
      [2n, 13n, [4n, 1n]],
      [2n, 3n, [5n, 1n]],
    ]);
    expect(entries.map((entry) => pointsOf(entry).map(({ value }) => value))).toEqual([
      [1n, undefined, 3n, undefined],
      [undefined, undefined, undefined, 4n],
    ]);
  });

  test("as text: a line where zero is, a row for each interval", () => {
    const entries = read("last", [
      [1n, 10n, [-10n, 1n]],
      [1n, 12n, [2n, 1n]],
    ]);
    const line = "_".repeat(51);
    const bounds = `         -10${"2".padStart(50)}\n`;
    expect(formatMap({ kind: "map", name: "@m", entries, isAggregation: true })).toBe(
      `@m[1]:\n${bounds}hh:mm:ss |${line}|\n` +
        `17:13:30 *${" ".repeat(43)}.${" ".repeat(7)}| -10\n` +
        `17:13:31 |${" ".repeat(43)}.${" ".repeat(7)}| -\n` +
        `17:13:32 |${" ".repeat(43)}.${" ".repeat(7)}* 2\n` +
        `         v${line}v\n${bounds}\n`,
    );
  });
});
