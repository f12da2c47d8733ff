import { describe, expect, test } from "@jest/globals";
import { type MapEvent } from "../../src/output/trace-writer.js";
import { type Bucket, type MapEntry } from "../../src/output/value.js";
import { HeatMap } from "../../src/picture/heat-map.js";

function bucket(low: bigint | undefined, high: bigint | undefined, count: bigint): Bucket {
  return { low, high, count };
}

function map(...entries: readonly MapEntry[]): MapEvent {
  return { kind: "map", name: "@latency", entries, isAggregation: true };
}

function entry(buckets: readonly Bucket[], key: MapEntry["key"] = []): MapEntry {
  return { key, value: { kind: "histogram", isLinear: false, buckets } };
}

describe("a heat map", () => {
  test("has a row for all that any histogram has, and a column for each", () => {
    const heat = new HeatMap();
    heat.add(map(entry([bucket(2n, 3n, 5n), bucket(4n, 7n, 0n), bucket(8n, 15n, 1n)])), 10n ** 15n);
    heat.add(map(entry([bucket(undefined, -1n, 2n), bucket(0n, 0n, 3n)])), 10n ** 15n + 10n ** 9n);
    expect(heat.momentCount).toBe(2);
    expect(heat.data("title", "microseconds")).toEqual({
      title: "title",
      unit: "microseconds",
      maps: [
        {
          name: "@latency",
          rows: [
            { low: null, high: -1 },
            { low: 0, high: 0 },
            { low: 2, high: 3 },
            { low: 4, high: 7 },
            { low: 8, high: 15 },
          ],
          columns: [
            {
              at: 1_000_000_000,
              counts: [
                [2, 5],
                [4, 1],
              ],
            },
            {
              at: 1_000_001_000,
              counts: [
                [0, 2],
                [1, 3],
              ],
            },
          ],
        },
      ],
    });
  });

  test("is one for each key, by the name that it is given, and leaves out what is no histogram", () => {
    const heat = new HeatMap();
    const key = (text: string): MapEntry["key"] => [{ kind: "string", value: text, isCut: false }];
    const number: MapEntry = { key: key("none"), value: { kind: "number", value: 1n } };
    heat.add(map(entry([bucket(1n, 1n, 1n)], key("sda")), number), 1n);
    heat.add(map(entry([bucket(1n, 1n, 1n)], key("sda"))), 1n, () => "disk");
    const names = heat.data("", "count").maps.map(({ name }) => name);
    expect(names).toEqual(["@latency[sda]", "disk"]);
    expect(heat.momentCount).toBe(1);
  });
});
