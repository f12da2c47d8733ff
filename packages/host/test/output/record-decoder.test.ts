import { decodeUtf8 } from "../../src/text/utf8.js";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { DecodeError } from "../../src/output/decode-error.js";
import { isControlRecord } from "../../src/output/decoded-record.js";
import { createRecordDecoder } from "../../src/output/record-decoder.js";
import { createTextRenderer } from "../../src/output/text-renderer.js";
import { type RecordLayout } from "../../src/spec/trace-layout.js";
import { type ValueType } from "../../src/spec/value-type.js";
import {
  absent,
  boolean,
  contextOf,
  encodeRecord,
  type FieldData,
  format,
  i16,
  i32,
  i64,
  ksym,
  layoutOf,
  name,
  place,
  pointer,
  string,
  text,
  u32,
  u64,
  u8,
  username,
  usym,
  words,
} from "./support.js";

function printf(
  formatText: string,
  ...types: ValueType[]
): Extract<RecordLayout, { kind: "printf" }> {
  return { kind: "printf", format: format(formatText), ...place(types, 4) };
}

const tuple: ValueType = {
  kind: "tuple",
  elements: [
    { type: i32, offset: 0 },
    { type: text(4), offset: 4 },
    { type: u64, offset: 8 },
  ],
  sizeBytes: 16,
};

function stack(space: "kernel" | "user"): ValueType {
  return { kind: "stack", space, mode: "bpftrace", limit: 3 };
}

const records: readonly RecordLayout[] = [
  printf("%d %s %llu\n", u32, text(16), u64),
  { kind: "printValue", ...place([tuple], 4) },
  { kind: "join", separator: " ", ...place([text(), text(), text()], 4) },
  { kind: "time", format: "%H:%M:%S\n" },
  { kind: "printMap", map: 1, top: 2, divisor: 3 },
  { kind: "clearMap", map: 1 },
  { kind: "zeroMap", map: 0 },
  { kind: "exit", ...place([u32], 4) },
  { kind: "event", name: "open", fieldNames: ["pid", "path"], ...place([u32, text()], 4) },
  printf("%s|%s|%s|%s|%s|%d\n", name, ksym, usym, username, boolean, boolean),
  printf(
    "%s %s\n",
    { kind: "timestamp", format: "%T.%f", clock: "boottime" },
    {
      kind: "timestamp",
      format: "%Y",
      clock: "realtime",
    },
  ),
  printf("%s|%s\n", stack("kernel"), stack("user")),
];

function fieldsOf(record: number): Extract<RecordLayout, { kind: "printf" }> {
  const layout = records[record];
  const { fields, fixedSizeBytes } =
    layout !== undefined && "fields" in layout ? layout : place([], 4);
  return { kind: "printf", format: [], fields, fixedSizeBytes };
}

function decodeAll(
  record: number,
  data: readonly FieldData[],
  byteOrder: "little" | "big" = "little",
): unknown {
  const bytes = encodeRecord(record, fieldsOf(record), data, byteOrder);
  const decoder = createRecordDecoder(layoutOf(records), contextOf({ byteOrder }));
  return decoder.decode(bytes, 0, bytes.length);
}

function renderAll(
  layouts: readonly RecordLayout[],
  bytes: Uint8Array,
  byteOrder: "little" | "big" = "little",
): string {
  const renderer = createTextRenderer(layoutOf(layouts), contextOf({ byteOrder }));
  expect(renderer.render(bytes, 0, bytes.length)).toBe(true);
  return decodeUtf8(renderer.take());
}

describe("createRecordDecoder", () => {
  test.each(["little", "big"] as const)("decodes a %s-endian printf", (byteOrder) => {
    expect(decodeAll(0, [5n, "bash", 1n << 63n], byteOrder)).toEqual({
      kind: "printf",
      text: "5 bash 9223372036854775808\n",
      args: [
        { kind: "integer", value: 5n, sizeBytes: 4, isSigned: false },
        { kind: "string", value: "bash", isCut: false },
        { kind: "integer", value: 1n << 63n, sizeBytes: 8, isSigned: false },
      ],
    });
  });

  test("shows a string that was cut with two dots, and an absent one as nothing", () => {
    const cut = { bytes: new TextEncoder().encode("ba"), isCut: true };
    expect(decodeAll(0, [5n, cut, 0n])).toMatchObject({ text: "5 ba.. 0\n" });
    expect(decodeAll(0, [5n, absent, 0n])).toMatchObject({ text: "5  0\n" });
  });

  test("decodes a tuple, whose strings are padded with NUL", () => {
    const bytes = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x61, 0, 0x62, 0, ...words([9n]));
    expect(decodeAll(1, [bytes])).toEqual({
      kind: "value",
      value: {
        kind: "tuple",
        elements: [
          { kind: "integer", value: -1n, sizeBytes: 4, isSigned: true },
          string("a"),
          { kind: "integer", value: 9n, sizeBytes: 8, isSigned: false },
        ],
      },
    });
  });

  test("takes a padded string without NUL for one that was cut", () => {
    const bytes = Uint8Array.of(0, 0, 0, 0, 0x61, 0x62, 0x63, 0x64, ...words([0n]));
    expect(decodeAll(1, [bytes])).toMatchObject({
      value: { elements: [{}, string("abcd", true), {}] },
    });
  });

  test("joins strings up to the first absent one", () => {
    expect(decodeAll(2, ["ls", "", "-l"])).toEqual({ kind: "join", text: "ls  -l" });
    expect(decodeAll(2, ["ls", absent, "-l"])).toEqual({ kind: "join", text: "ls" });
  });

  test("formats time() when it decodes it, in the zone it was given", () => {
    expect(decodeAll(3, [])).toEqual({ kind: "time", text: "17:13:20\n" });
  });

  test("gives control records as they are", () => {
    expect(decodeAll(4, [])).toMatchObject({ kind: "printMap", map: 1, top: 2, divisor: 3 });
    expect(decodeAll(5, [])).toMatchObject({ kind: "clearMap", map: 1 });
    expect(decodeAll(6, [])).toMatchObject({ kind: "zeroMap", map: 0 });
    expect(decodeAll(7, [-1n])).toEqual({ kind: "exit", code: -1 });
  });

  test("gives a tool's record by its field names, without absent strings", () => {
    expect(decodeAll(8, [3n, "/etc"])).toEqual({
      kind: "event",
      name: "open",
      fields: {
        pid: { kind: "integer", value: 3n, sizeBytes: 4, isSigned: false },
        path: string("/etc"),
      },
    });
    expect(decodeAll(8, [3n, absent])).not.toHaveProperty("fields.path");
  });

  test("resolves names, symbols and users", () => {
    const user = Uint8Array.of(...words([0x20n]), 7, 0, 0, 0, 0, 0, 0, 0);
    expect(decodeAll(9, [1n, 0x1004n, user, 0n, 1n, 1n])).toMatchObject({
      text: "main|vfs_read|main|root|true|1\n",
    });
    const stranger = Uint8Array.of(...words([0x20n]), 8, 0, 0, 0, 0, 0, 0, 0);
    expect(decodeAll(9, [0n, 0x99n, stranger, 12n, 0n, 0n])).toMatchObject({
      text: "tracepoint:sched:sched_switch|0x99|0x20|12|false|0\n",
    });
  });

  test("resolves stacks by their numbers, and each frame by whose it is", () => {
    expect(decodeAll(11, [5n, 5n])).toMatchObject({
      text: [
        "",
        "        vfs_read+4",
        "        vfs_read+16",
        "        0x9999",
        "|",
        "        main+4100",
        "        main+4112",
        "        main+39321",
        "\n",
      ].join("\n"),
    });
    expect(decodeAll(11, [0n, 7n])).toMatchObject({ text: "|\n" });
  });

  test("turns clocks into the time of day", () => {
    expect(decodeAll(10, [123_456_789n, 0n])).toMatchObject({ text: "17:13:20.123456 1969\n" });
  });

  test("reads a record in the middle of a span", () => {
    const record = encodeRecord(0, fieldsOf(0), [1n, "x", 2n]);
    const span = Uint8Array.of(9, 9, 9, ...record, 9);
    const decoder = createRecordDecoder(layoutOf(records), contextOf());
    expect(decoder.decode(span, 3, record.length)).toMatchObject({ text: "1 x 2\n" });
  });

  test.each([
    { name: "no id", bytes: Uint8Array.of(0, 0) },
    { name: "no layout of number", bytes: Uint8Array.of(99, 0, 0, 0) },
    { name: "its fields take", bytes: Uint8Array.of(0, 0, 0, 0, 1, 2) },
    {
      name: "a string ends beyond",
      bytes: encodeRecord(0, fieldsOf(0), [1n, "abc", 2n]).subarray(0, 26),
    },
    {
      name: "there is none of number",
      bytes: encodeRecord(9, fieldsOf(9), [2n, 0n, 0n, 0n, 0n, 0n]),
    },
  ])("refuses a record: $name", ({ name: fault, bytes }) => {
    const decoder = createRecordDecoder(layoutOf(records), contextOf());
    const renderer = createTextRenderer(layoutOf(records), contextOf());
    expect(() => decoder.decode(bytes, 0, bytes.length)).toThrow(DecodeError);
    expect(() => decoder.decode(bytes, 0, bytes.length)).toThrow(fault);
    expect(() => renderer.render(bytes, 0, bytes.length)).toThrow(fault);
    expect(renderer.take()).toHaveLength(0);
  });

  test("refuses a layout whose fields lie outside the record", () => {
    const outside: RecordLayout = { ...printf("%d%s%d", u32, text(), u64), fixedSizeBytes: 12 };
    expect(() => createRecordDecoder(layoutOf([outside]), contextOf())).toThrow(DecodeError);
    expect(() => createTextRenderer(layoutOf([outside]), contextOf())).toThrow(DecodeError);
  });

  test("throws nothing but DecodeError on arbitrary bytes, and neither does the renderer", () => {
    const decoder = createRecordDecoder(layoutOf(records), contextOf());
    const renderer = createTextRenderer(layoutOf(records), contextOf());
    const arbitrary = fc.tuple(fc.nat({ max: records.length }), fc.uint8Array({ maxLength: 80 }));
    fc.assert(
      fc.property(arbitrary, ([id, tail]) => {
        const bytes = Uint8Array.of(id, 0, 0, 0, ...tail);
        // The renderer leaves control records unread.
        fc.pre(records[id]?.kind !== "exit");
        expectSameOutcome(
          () => isControlRecord(decoder.decode(bytes, 0, bytes.length)),
          () => !renderer.render(bytes, 0, bytes.length),
        );
        renderer.take();
      }),
      { numRuns: 3000 },
    );
  });
});

function expectSameOutcome(left: () => boolean, right: () => boolean): void {
  const outcomes = [left, right].map((run) => {
    try {
      return run();
    } catch (error) {
      expect(error).toBeInstanceOf(DecodeError);
      return (error as DecodeError).message;
    }
  });
  expect(outcomes[0]).toEqual(outcomes[1]);
}

describe("createTextRenderer", () => {
  test("leaves control records to their reader", () => {
    const renderer = createTextRenderer(layoutOf(records), contextOf());
    for (const id of [4, 5, 6]) {
      expect(renderer.render(Uint8Array.of(id, 0, 0, 0), 0, 4)).toBe(false);
    }
    expect(renderer.pendingSizeBytes).toBe(0);
  });

  test("renders the records that are not printf's", () => {
    expect(renderAll(records, encodeRecord(2, fieldsOf(2), ["a", "b", absent]))).toBe("a b\n");
    expect(renderAll(records, Uint8Array.of(3, 0, 0, 0))).toBe("17:13:20\n");
    expect(renderAll(records, encodeRecord(8, fieldsOf(8), [3n, "/etc"]))).toBe(
      "open pid=3 path=/etc\n",
    );
  });

  test("gives a string's bytes as they were traced", () => {
    const layout = [printf("%s\n", text())];
    const renderer = createTextRenderer(layoutOf(layout), contextOf());
    const bytes = encodeRecord(0, printf("%s\n", text()), [{ bytes: Uint8Array.of(0xff, 0x41) }]);
    renderer.render(bytes, 0, bytes.length);
    expect([...renderer.take()]).toEqual([0xff, 0x41, 0x0a]);
  });

  test("finds strings after one that no conversion shows", () => {
    const layout: RecordLayout = { ...printf("", text(), text()), format: format("%s\n") };
    expect(renderAll([layout], encodeRecord(0, layout, ["shown", "not"]))).toBe("shown\n");
  });

  test("what was taken is not written to again", () => {
    const layout = printf("%s", text());
    const renderer = createTextRenderer(layoutOf([layout]), contextOf());
    const long = encodeRecord(0, layout, ["x".repeat(30_000)]);
    for (let count = 0; count < 3; count++) renderer.render(long, 0, long.length);
    const first = renderer.take();
    expect(first).toHaveLength(90_000);
    const other = encodeRecord(0, layout, ["y".repeat(30_000)]);
    for (let count = 0; count < 3; count++) renderer.render(other, 0, other.length);
    expect(first.every((byte) => byte === 0x78)).toBe(true);
    expect(renderer.take().every((byte) => byte === 0x79)).toBe(true);
  });

  const interesting = [
    0n,
    1n,
    9n,
    10n,
    99n,
    100n,
    0x7fn,
    0x80n,
    0xffffn,
    0x7fff_ffffn,
    0x8000_0000n,
    0xffff_ffffn,
    0x1_0000_0000n,
    10n ** 15n,
    10n ** 16n,
    (1n << 53n) - 1n,
    1n << 53n,
    (1n << 53n) + 1n,
    10n ** 18n,
    (1n << 63n) - 1n,
    1n << 63n,
    (1n << 64n) - 1n,
    (1n << 64n) - 10n ** 16n,
    1_000_000_000_000_000_000n,
    10_000_000_000_000_000_000n,
    10_000n ** 4n,
    100_000_000n,
  ];

  test("agrees with the decoder on every conversion, type and value", () => {
    const types = [u8, i16, u32, i32, u64, i64, pointer, boolean, ksym];
    const letters = ["d", "i", "u", "x", "X", "o", "p", "c", "s"];
    const lengths = ["", "hh", "h", "l", "ll"];
    const arbitrary = fc.record({
      type: fc.constantFrom(...types),
      conversion: fc.record({
        flags: fc.constantFrom("", "", "-", "0", "+", "#"),
        width: fc.option(fc.nat({ max: 24 }), { nil: undefined }),
        precision: fc.option(fc.nat({ max: 4 }), { nil: undefined, freq: 1 }),
        length: fc.constantFrom(...lengths),
        conversion: fc.constantFrom(...letters),
      }),
      value: fc.oneof(
        fc.constantFrom(...interesting),
        fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      ),
      byteOrder: fc.constantFrom("little" as const, "big" as const),
    });
    fc.assert(
      fc.property(arbitrary, ({ type, conversion, value, byteOrder }) => {
        // A byte above 127 is not text: %c prints it as it is.
        fc.pre(conversion.conversion !== "c" || BigInt.asUintN(8, value) < 128n);
        const layout: RecordLayout = {
          kind: "printf",
          format: ["<", conversion, ">\n"],
          ...place([type], 4),
        };
        const bytes = encodeRecord(0, layout, [value], byteOrder);
        const decoder = createRecordDecoder(layoutOf([layout]), contextOf({ byteOrder }));
        expect(decoder.decode(bytes, 0, bytes.length)).toMatchObject({
          text: renderAll([layout], bytes, byteOrder),
        });
      }),
      { numRuns: 4000 },
    );
  });

  test("agrees with the decoder on strings", () => {
    const arbitrary = fc.tuple(
      fc.string({ unit: "grapheme", maxLength: 90 }),
      fc.boolean(),
      fc.constantFrom("%s|%s", "%-16s|%s", "%40s|%s", "%.3s|%s", "%r|%s"),
    );
    fc.assert(
      fc.property(arbitrary, ([value, isCut, formatText]) => {
        const layout = printf(formatText, text(), text());
        const data = { bytes: new TextEncoder().encode(value), isCut };
        const bytes = encodeRecord(0, layout, [data, "second"]);
        const decoder = createRecordDecoder(layoutOf([layout]), contextOf());
        expect(decoder.decode(bytes, 0, bytes.length)).toMatchObject({
          text: renderAll([layout], bytes),
        });
      }),
    );
  });
});

describe("strings and lists", () => {
  test.each(["node\0\0\0\0", "node\0old name"])("end at their first NUL: %j", (name) => {
    const layout = printf("%s|%s", text(), text());
    const bytes = encodeRecord(0, layout, [name, "end"]);
    const decoder = createRecordDecoder(layoutOf([layout]), contextOf());
    expect(decoder.decode(bytes, 0, bytes.length)).toMatchObject({ text: "node|end" });
    expect(renderAll([layout], bytes)).toBe("node|end");
  });

  test("fields of one name are a list, which an absent string ends", () => {
    const layout: RecordLayout = {
      kind: "event",
      name: "exec",
      fieldNames: ["pid", "args", "args", "args"],
      ...place([u32, text(), text(), text()], 4),
    };
    const decoder = createRecordDecoder(layoutOf([layout]), contextOf());
    const bytes = encodeRecord(0, layout, [7n, "ls", "", absent]);
    expect(decoder.decode(bytes, 0, bytes.length)).toMatchObject({
      fields: {
        pid: { value: 7n },
        args: { kind: "tuple", elements: [{ value: "ls" }, { value: "" }] },
      },
    });
  });
});
