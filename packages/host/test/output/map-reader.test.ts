import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { DecodeError } from "../../src/output/decode-error.js";
import { formatMap } from "../../src/output/format-map.js";
import { type MapDump } from "../../src/output/map-dump.js";
import { createMapReader, type MapReadOptions } from "../../src/output/map-reader.js";
import { type MapLayout, type MapValueLayout } from "../../src/spec/trace-layout.js";
import { type ValueType } from "../../src/spec/value-type.js";
import { contextOf, i32, i64, layoutOf, pointer, text, u64, words } from "./support.js";

const cpus = 2;

function sizeOf(type: ValueType): number {
  if (type.kind === "string") return type.capacityBytes;
  return type.kind === "integer" ? type.sizeBytes : type.kind === "tuple" ? type.sizeBytes : 8;
}

function valueSize(value: MapValueLayout): number {
  if (value.kind === "plain") return sizeOf(value.type);
  if (value.kind === "hist" || value.kind === "lhist") {
    return value.storage === "key" ? 8 : 8 * value.bucketCount;
  }
  return value.kind === "count" || value.kind === "sum" ? 8 : 16;
}

/** A map whose keys are one after the other, with the bucket's number behind them where it has one. */
function mapOf(value: MapValueLayout, keys: readonly ValueType[] = []): MapLayout {
  let end = 0;
  const fields = keys.map((type) => {
    const offset = end;
    end += sizeOf(type);
    return { type, offset };
  });
  const hasBucket = (value.kind === "hist" || value.kind === "lhist") && value.storage === "key";
  return {
    name: "@m",
    map: "AT_m",
    isPerCpu: value.kind !== "plain",
    keys: fields,
    keySizeBytes: end + (hasBucket ? 8 : keys.length === 0 ? 4 : 0),
    valueSizeBytes: valueSize(value),
    value,
  };
}

function dumpOf(entries: readonly { key: Uint8Array; value: Uint8Array }[]): MapDump {
  return {
    count: entries.length,
    keys: Uint8Array.from(entries.flatMap(({ key }) => [...key])),
    values: Uint8Array.from(entries.flatMap(({ value }) => [...value])),
  };
}

const only = Uint8Array.of(0, 0, 0, 0);

function padded(value: string, capacity: number): Uint8Array {
  const bytes = new Uint8Array(capacity);
  bytes.set(new TextEncoder().encode(value));
  return bytes;
}

function print(layout: MapLayout, dump: MapDump, options: MapReadOptions = {}): string {
  const reader = createMapReader(layoutOf([], [layout]), contextOf({ possibleCpuCount: cpus }));
  return formatMap(reader.read(0, dump, options));
}

/** A map without keys: each CPU's words. */
function printOnly(value: MapValueLayout, ...perCpu: readonly bigint[][]): string {
  return print(mapOf(value), dumpOf([{ key: only, value: words(perCpu.flat()) }]));
}

describe("a map without keys, combined over CPUs", () => {
  test.each<[string, MapValueLayout, bigint[][], string]>([
    ["count", { kind: "count" }, [[2n], [3n]], "@m: 5\n"],
    ["count of nothing", { kind: "count" }, [[0n], [0n]], ""],
    ["sum", { kind: "sum", isSigned: true }, [[-5n], [2n]], "@m: -3\n"],
    [
      "unsigned sum",
      { kind: "sum", isSigned: false },
      [[1n << 63n], [5n]],
      "@m: 9223372036854775813\n",
    ],
    [
      "min",
      { kind: "min", isSigned: true },
      [
        [5n, 1n],
        [-7n, 1n],
      ],
      "@m: -7\n",
    ],
    [
      "min of one CPU",
      { kind: "min", isSigned: false },
      [
        [5n, 1n],
        [0n, 0n],
      ],
      "@m: 5\n",
    ],
    [
      "min of nothing",
      { kind: "min", isSigned: false },
      [
        [0n, 0n],
        [0n, 0n],
      ],
      "",
    ],
    [
      "max",
      { kind: "max", isSigned: true },
      [
        [5n, 1n],
        [-7n, 1n],
      ],
      "@m: 5\n",
    ],
    [
      "unsigned max",
      { kind: "max", isSigned: false },
      [
        [5n, 1n],
        [-7n, 1n],
      ],
      "@m: 18446744073709551609\n",
    ],
    [
      "avg",
      { kind: "avg", isSigned: true },
      [
        [-9n, 2n],
        [2n, 1n],
      ],
      "@m: -2\n",
    ],
    [
      "avg of nothing",
      { kind: "avg", isSigned: true },
      [
        [0n, 0n],
        [0n, 0n],
      ],
      "",
    ],
    [
      "stats",
      { kind: "stats", isSigned: false },
      [
        [20n, 1n],
        [11n, 1n],
      ],
      "@m: { .count = 2, .average = 15, .total = 31 }\n",
    ],
    ["plain", { kind: "plain", type: i64 }, [[-4n]], "@m: -4\n"],
    ["pointer", { kind: "plain", type: pointer }, [[255n]], "@m: 0xff\n"],
  ])("%s", (_, value, perCpu, expected) => {
    expect(printOnly(value, ...perCpu)).toBe(expected);
  });

  test("a big-endian target's", () => {
    const reader = createMapReader(
      layoutOf([], [mapOf({ kind: "count" })]),
      contextOf({ byteOrder: "big" }),
    );
    const dump = dumpOf([{ key: only, value: words([2n, 3n], "big") }]);
    expect(formatMap(reader.read(0, dump))).toBe("@m: 5\n");
  });

  test("a histogram of which each CPU has an array", () => {
    const value: MapValueLayout = { kind: "hist", bits: 0, storage: "array", bucketCount: 4 };
    expect(printOnly(value, [1n, 0n, 0n, 0n], [0n, 1n, 0n, 2n])).toBe(
      [
        "@m:",
        "(..., 0)               1 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |",
        "[0]                    1 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |",
        "[1]                    0 |                                                    |",
        "[2, 4)                 2 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|",
        "",
        "",
      ].join("\n"),
    );
  });

  test("a histogram without counts is not printed", () => {
    const value: MapValueLayout = { kind: "hist", bits: 0, storage: "array", bucketCount: 2 };
    expect(printOnly(value, [0n, 0n], [0n, 0n])).toBe("");
  });
});

describe("a map with keys", () => {
  const counts = mapOf({ kind: "count" }, [i32, text(8)]);
  const entry = (number: number, name: string, ...perCpu: bigint[]) => ({
    key: Uint8Array.of(...new Uint8Array(Int32Array.of(number).buffer), ...padded(name, 8)),
    value: words(perCpu),
  });
  const dump = dumpOf([
    entry(2, "b", 4n, 5n),
    entry(-1, "b", 1n, 0n),
    entry(2, "a", 9n, 0n),
    entry(3, "full-key", 2n, 0n),
  ]);

  test("is in the order of its values, then of its keys", () => {
    expect(print(counts, dump)).toBe(
      "@m[-1, b]: 1\n@m[3, full-key..]: 2\n@m[2, a]: 9\n@m[2, b]: 9\n",
    );
  });

  test("shows the greatest ones when so many are asked for, and divides them", () => {
    expect(print(counts, dump, { top: 2, divisor: 2 })).toBe("@m[2, a]: 4\n@m[2, b]: 4\n");
    expect(print(counts, dump, { top: 9 })).toBe(print(counts, dump));
  });

  test("of strings is in the order of its keys, numbers as numbers", () => {
    const layout = mapOf({ kind: "plain", type: text(4) }, [i64]);
    const entries = [10n, -2n, 9n].map((key) => ({ key: words([key]), value: padded("x", 4) }));
    expect(print(layout, dumpOf(entries))).toBe("@m[-2]: x\n@m[9]: x\n@m[10]: x\n");
  });

  test("orders strings by their bytes", () => {
    const layout = mapOf({ kind: "plain", type: text(4) }, [text(8)]);
    const entries = ["b", "a", "\u{1f600}", "\u{ff5e}", "B", "aa", ""].map((key) => ({
      key: padded(key, 8),
      value: padded("", 4),
    }));
    expect(print(layout, dumpOf(entries))).toBe(
      ["", "B", "a", "aa", "b", "\u{ff5e}", "\u{1f600}"].map((key) => `@m[${key}]: \n`).join(""),
    );
  });

  test("whose key is a tuple shows its parts", () => {
    const pair: ValueType = {
      kind: "tuple",
      elements: [
        { type: i32, offset: 0 },
        { type: i32, offset: 4 },
      ],
      sizeBytes: 8,
    };
    const layout = mapOf({ kind: "plain", type: pair }, [pair]);
    const bytes = Uint8Array.of(1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff);
    expect(print(layout, dumpOf([{ key: bytes, value: bytes }]))).toBe("@m[1, -2]: (1, -2)\n");
  });

  test("of signed values goes from the negative to the positive", () => {
    const layout = mapOf({ kind: "plain", type: i64 }, [u64]);
    const entries = [7n, -5n, 0n].map((value, at) => ({
      key: words([BigInt(at)]),
      value: words([value]),
    }));
    expect(print(layout, dumpOf(entries))).toBe("@m[1]: -5\n@m[2]: 0\n@m[0]: 7\n");
    expect(print(layout, dumpOf(entries), { divisor: 2 })).toBe("@m[1]: -2\n@m[2]: 0\n@m[0]: 3\n");
  });

  test("keeps entries that were set to zero", () => {
    const entries = [{ key: words([1n]), value: words([0n, 0n, 0n, 0n]) }];
    expect(print(mapOf({ kind: "avg", isSigned: true }, [u64]), dumpOf(entries))).toBe(
      "@m[1]: 0\n",
    );
    expect(print(mapOf({ kind: "min", isSigned: true }, [u64]), dumpOf(entries))).toBe(
      "@m[1]: 0\n",
    );
  });

  test("gathers a histogram's buckets, of which each is an entry", () => {
    const layout = mapOf(
      { kind: "lhist", min: 0n, max: 10n, step: 5n, storage: "key", bucketCount: 4 },
      [u64],
    );
    const bucket = (key: bigint, number: bigint, count: bigint) => ({
      key: words([key, number]),
      value: words([count, 1n]),
    });
    const printed = print(
      layout,
      dumpOf([bucket(7n, 3n, 1n), bucket(8n, 1n, 0n), bucket(7n, 0n, 0n), bucket(7n, 2n, 3n)]),
    );
    expect(printed).toBe(
      [
        "@m[8]:",
        "[0, 5)                 1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|",
        "",
        "@m[7]:",
        "(..., 0)               1 |@@@@@@@@@@@@@                                       |",
        "[0, 5)                 0 |                                                    |",
        "[5, 10)                4 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|",
        "[10, ...)              2 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |",
        "",
        "",
      ].join("\n"),
    );
  });
});

describe("what was added since a baseline", () => {
  test("is printed in place of what a map holds", () => {
    const layout = mapOf({ kind: "stats", isSigned: true });
    const before = dumpOf([{ key: only, value: words([10n, 2n, 0n, 0n]) }]);
    const now = dumpOf([{ key: only, value: words([4n, 3n, 5n, 1n]) }]);
    expect(print(layout, now, { baseline: before })).toBe(
      "@m: { .count = 2, .average = 0, .total = -1 }\n",
    );
    expect(print(layout, before, { baseline: before })).toBe("");
  });

  test("of a key that is new is all of it", () => {
    const layout = mapOf({ kind: "count" }, [u64]);
    const before = dumpOf([{ key: words([1n]), value: words([10n, 2n]) }]);
    const now = dumpOf([
      { key: words([2n]), value: words([1n, 1n]) },
      { key: words([1n]), value: words([10n, 7n]) },
    ]);
    expect(print(layout, now, { baseline: before })).toBe("@m[2]: 2\n@m[1]: 5\n");
  });

  test("is no question for a greatest value", () => {
    const layout = mapOf({ kind: "max", isSigned: true });
    const dump = dumpOf([{ key: only, value: words([5n, 1n, 3n, 1n]) }]);
    expect(print(layout, dump, { baseline: dump })).toBe("@m: 5\n");
  });
});

describe("hostile dumps and layouts", () => {
  const histogram = mapOf({ kind: "hist", bits: 5, storage: "key", bucketCount: 2082 }, [u64]);

  test("a dump of another size is refused", () => {
    const dump: MapDump = { count: 3, keys: new Uint8Array(8), values: new Uint8Array(32) };
    expect(() => print(mapOf({ kind: "count" }), dump)).toThrow(DecodeError);
  });

  test("a bucket that does not exist is refused", () => {
    const dump = dumpOf([{ key: words([1n, 1n << 40n]), value: words([1n, 0n]) }]);
    expect(() => print(histogram, dump)).toThrow("no bucket of number 1099511627776");
  });

  test.each<[string, MapLayout]>([
    ["values too small", { ...mapOf({ kind: "avg", isSigned: true }), valueSizeBytes: 8 }],
    ["a key outside", { ...mapOf({ kind: "count" }, [u64]), keySizeBytes: 4 }],
    ["no room for a bucket", { ...histogram, keys: [], keySizeBytes: 4 }],
  ])("a layout with %s is refused", (_, layout) => {
    expect(() => createMapReader(layoutOf([], [layout]), contextOf())).toThrow(DecodeError);
  });

  test("a linear histogram without steps is refused", () => {
    const value: MapValueLayout = {
      kind: "lhist",
      min: 0n,
      max: 10n,
      step: 0n,
      storage: "array",
      bucketCount: 2,
    };
    expect(() => printOnly(value, [1n, 0n], [0n, 0n])).toThrow(DecodeError);
  });

  test("arbitrary bytes raise DecodeError at most", () => {
    const layouts = [
      mapOf({ kind: "count" }, [u64]),
      mapOf({ kind: "stats", isSigned: true }, [u64]),
      mapOf({ kind: "plain", type: text(5) }, [{ kind: "name" }, text(4)]),
      histogram,
    ];
    const arbitrary = fc.record({
      count: fc.nat({ max: 3 }),
      keys: fc.uint8Array({ maxLength: 48, size: "max" }),
      values: fc.uint8Array({ maxLength: 96, size: "max" }),
    });
    fc.assert(
      fc.property(fc.constantFrom(...layouts), arbitrary, fc.boolean(), (layout, dump, isExact) => {
        const exact: MapDump = {
          count: dump.count,
          keys: fill(dump.keys, dump.count * layout.keySizeBytes),
          values: fill(
            dump.values,
            dump.count * (layout.isPerCpu ? layout.valueSizeBytes * cpus : layout.valueSizeBytes),
          ),
        };
        try {
          print(layout, isExact ? exact : dump);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

function fill(bytes: Uint8Array, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => bytes[at % Math.max(bytes.length, 1)] ?? 0);
}
