import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { DecodeError } from "../../src/output/decode-error.js";
import { PerfCursor } from "../../src/output/perf-span.js";
import { type RecordCursor } from "../../src/output/record-cursor.js";
import { RingCursor } from "../../src/output/ring-span.js";

const busy = 0x8000_0000;
const discarded = 0x4000_0000;

function ringSpan(
  records: readonly { data: readonly number[]; flags?: number }[],
  byteOrder: "little" | "big" = "little",
): Uint8Array {
  return Uint8Array.from(
    records.flatMap(({ data, flags = 0 }) => {
      const record = new Uint8Array(8 + Math.ceil(data.length / 8) * 8);
      new DataView(record.buffer).setUint32(0, (data.length | flags) >>> 0, byteOrder === "little");
      record.set(data, 8);
      return [...record];
    }),
  );
}

function perfRecord(type: number, body: readonly number[], little = true): number[] {
  const bytes = new Uint8Array(8 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, little);
  view.setUint16(6, bytes.length, little);
  bytes.set(body, 8);
  return [...bytes];
}

function collect(cursor: RecordCursor, span: Uint8Array): number[][] {
  cursor.reset(span);
  const records: number[][] = [];
  while (cursor.next()) {
    records.push([...cursor.bytes.subarray(cursor.offset, cursor.offset + cursor.length)]);
  }
  return records;
}

describe("RingCursor", () => {
  test.each(["little", "big"] as const)("walks the records of a %s-endian span", (byteOrder) => {
    const span = ringSpan(
      [{ data: [1, 2, 3] }, { data: [] }, { data: [4, 5, 6, 7, 8, 9, 10, 11] }],
      byteOrder,
    );
    expect(collect(new RingCursor(byteOrder), span)).toEqual([
      [1, 2, 3],
      [],
      [4, 5, 6, 7, 8, 9, 10, 11],
    ]);
  });

  test("passes over discarded records", () => {
    const span = ringSpan([
      { data: [1], flags: discarded },
      { data: [2] },
      { data: [3], flags: discarded },
    ]);
    expect(collect(new RingCursor("little"), span)).toEqual([[2]]);
  });

  test("is used again for the next span", () => {
    const cursor = new RingCursor("little");
    expect(collect(cursor, ringSpan([{ data: [1] }]))).toEqual([[1]]);
    expect(collect(cursor, ringSpan([{ data: [2] }]))).toEqual([[2]]);
    expect(collect(cursor, new Uint8Array(0))).toEqual([]);
  });

  test("takes a span that is a part of a larger message", () => {
    const message = Uint8Array.of(9, 9, 9, ...ringSpan([{ data: [5] }]), 9);
    expect(collect(new RingCursor("little"), message.subarray(3, 19))).toEqual([[5]]);
  });

  test.each([
    { name: "within a header", span: ringSpan([{ data: [1] }]).subarray(0, 4) },
    { name: "within a record", span: ringSpan([{ data: [1, 2, 3] }]).subarray(0, 10) },
    { name: "still being written", span: ringSpan([{ data: [1], flags: busy }]) },
  ])("refuses a span that is malformed: $name", ({ name, span }) => {
    expect(() => collect(new RingCursor("little"), span)).toThrow(DecodeError);
    expect(() => collect(new RingCursor("little"), span)).toThrow(name);
  });
});

describe("PerfCursor", () => {
  const sample = (data: readonly number[]): number[] =>
    perfRecord(9, [data.length, 0, 0, 0, ...data]);

  test("walks samples and adds up what the kernel lost", () => {
    const lost = perfRecord(2, [1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
    const lostSamples = perfRecord(13, [2, 1, 0, 0, 0, 0, 0, 0]);
    const throttle = perfRecord(5, new Array<number>(24).fill(0));
    const cursor = new PerfCursor("little");
    const span = Uint8Array.from([
      ...sample([1, 2, 3, 4]),
      ...lost,
      ...throttle,
      ...sample([5]),
      ...lostSamples,
    ]);
    expect(collect(cursor, span)).toEqual([[1, 2, 3, 4], [5]]);
    expect(cursor.lost).toBe(5n + 258n);
    expect(cursor.throttled).toBe(1);
    collect(cursor, Uint8Array.from(lost));
    expect(cursor.lost).toBe(268n);
  });

  test("reads big-endian headers", () => {
    const span = Uint8Array.from(perfRecord(9, [0, 0, 0, 2, 7, 8], false));
    expect(collect(new PerfCursor("big"), span)).toEqual([[7, 8]]);
  });

  test.each([
    { name: "within a header", bytes: [9, 0, 0] },
    { name: "without a header", bytes: [9, 0, 0, 0, 0, 0, 4, 0] },
    { name: "within a record", bytes: [9, 0, 0, 0, 0, 0, 200, 0] },
    { name: "without a size", bytes: perfRecord(9, [1, 2]) },
    { name: "longer than its record", bytes: perfRecord(9, [9, 0, 0, 0, 1]) },
    { name: "cut short", bytes: perfRecord(2, [1, 2, 3]) },
  ])("refuses a span that is malformed: $name", ({ name, bytes }) => {
    expect(() => collect(new PerfCursor("little"), Uint8Array.from(bytes))).toThrow(name);
  });
});

describe("both cursors on arbitrary bytes", () => {
  test.each([
    { name: "ring", create: () => new RingCursor("little") },
    { name: "perf", create: () => new PerfCursor("big") },
  ])("$name: records lie within the span, and only DecodeError is thrown", ({ create }) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 96 }), (span) => {
        const cursor = create();
        cursor.reset(span);
        try {
          while (cursor.next()) {
            expect(cursor.offset + cursor.length).toBeLessThanOrEqual(span.length);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
