import { describe, expect, test } from "@jest/globals";
import { createEventDecoder, type StructType } from "../../src/output/event-decoder.js";
import { CsvEventWriter, TextEventWriter } from "../../src/output/event-writers.js";
import { formatValue } from "../../src/output/format-value.js";
import { type FieldMeaning } from "../../src/output/field-meaning.js";
import { type ValueType } from "../../src/spec/value-type.js";
import { contextOf } from "./support.js";

const u32: ValueType = { kind: "integer", sizeBytes: 4, isSigned: false };
const u64: ValueType = { kind: "integer", sizeBytes: 8, isSigned: false };

function text(capacityBytes: number): ValueType {
  return { kind: "string", capacityBytes };
}

function decode(
  types: readonly StructType[],
  bytes: Uint8Array,
  meanings: ReadonlyMap<string, FieldMeaning> = new Map(),
): Readonly<Record<string, string>> {
  const decoder = createEventDecoder({ name: "events", types, meanings }, contextOf());
  // Not at the start of what holds it.
  const whole = new Uint8Array(bytes.length + 8);
  whole.set(bytes, 3);
  const fields = decoder(whole, 3, bytes.length);
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, formatValue(value)]),
  );
}

const exec: StructType = {
  kind: "struct",
  sizeBytes: 44,
  fields: [
    { name: "pid", type: u32, offset: 0 },
    { name: "args_size", type: u32, offset: 4 },
    { name: "comm", type: text(4), offset: 8 },
    { name: "args", type: text(32), offset: 12 },
  ],
};

describe("records of a C struct", () => {
  test("may be shorter than it: an array at the end holds as much as is said", () => {
    const bytes = new Uint8Array([
      7,
      0,
      0,
      0,
      5,
      0,
      0,
      0,
      0x6c,
      0x73,
      0,
      0,
      ...Buffer.from("ls\0-l\0??"),
    ]);
    expect(decode([exec], bytes)).toEqual({ pid: "7", args_size: "5", comm: "ls", args: "ls -l" });
    expect(decode([exec], bytes.subarray(0, 8))).toEqual({ pid: "7", args_size: "5" });
    expect(decode([exec], bytes.subarray(0, 3))).toEqual({});
  });

  test("have texts up to their NUL, and one that fills its place is whole", () => {
    const type: StructType = {
      kind: "struct",
      sizeBytes: 8,
      fields: [
        { name: "a", type: text(4), offset: 0 },
        { name: "b", type: text(4), offset: 4 },
      ],
    };
    expect(decode([type], Buffer.from("ab\0xcdef"))).toEqual({ a: "ab", b: "cdef" });
  });

  test("of several types are told apart by their size", () => {
    const small: StructType = {
      kind: "struct",
      sizeBytes: 4,
      fields: [{ name: "small", type: u32, offset: 0 }],
    };
    expect(decode([exec, small], new Uint8Array(8))).toEqual({ small: "0" });
    expect(decode([exec, small], new Uint8Array(48))).toHaveProperty("args");
  });

  test("show what their fields stand for", () => {
    const bytes16 = { kind: "integer", sizeBytes: 1, isSigned: false } as const;
    const type: StructType = {
      kind: "struct",
      sizeBytes: 48,
      fields: [
        { name: "ts", type: u64, offset: 0 },
        { name: "ip", type: u64, offset: 8 },
        { name: "saddr", type: u32, offset: 16 },
        {
          name: "daddr_v6",
          type: { kind: "array", element: bytes16, elementSizeBytes: 1, length: 16 },
          offset: 20,
        },
        { name: "count", type: u32, offset: 36 },
        { name: "ts_us", type: u64, offset: 40 },
      ],
    };
    const bytes = new Uint8Array(48);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, 1_500_000_000n, true);
    view.setBigUint64(8, 0x1004n, true);
    bytes.set([192, 0, 2, 1], 16);
    bytes.set([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 20);
    view.setUint32(36, 255, true);
    view.setBigUint64(40, 1_500_000n, true);
    // The monotonic clock's 0 was 07:26:40 in New York.
    expect(decode([type], bytes, new Map([["count", "hex"]]))).toEqual({
      ts: "07:26:41.500000",
      ip: "vfs_read",
      saddr: "192.0.2.1",
      daddr_v6: "2001:db8::1",
      count: "0xff",
      ts_us: "07:26:41.500000",
    });
  });

  test("of no known type are shown as they are", () => {
    expect(decode([], Uint8Array.of(1, 0xab))).toEqual({ size: "2", bytes: "01ab" });
  });
});

test("records are written as text and as a table, with what has to be quoted", () => {
  const lines: string[] = [];
  const sink = { output: (line: string) => lines.push(line), notices: () => undefined };
  const fields = {
    comm: { kind: "string", value: 'a "b", c', isCut: false },
    place: {
      kind: "record",
      fields: [{ name: "x", value: { kind: "boolean", value: true } }],
    },
  } as const;
  new TextEventWriter(sink, { namesStreams: true }).event("events", fields);
  const csv = new CsvEventWriter(sink, { namesStreams: false });
  csv.event("events", fields);
  csv.event("events", fields);
  expect(lines.join("")).toBe(
    'events: comm="a \\"b\\", c" place={ .x = true }\ncomm,place.x\n"a ""b"", c",true\n"a ""b"", c",true\n',
  );
});
