import { type DecodeContext } from "../../src/output/decode-context.js";
import { type TimeZone } from "../../src/output/strftime.js";
import { type TraceSink, type TraceWriter } from "../../src/output/trace-writer.js";
import { type Value } from "../../src/output/value.js";
import {
  type FormatConversion,
  type MapLayout,
  type RecordLayout,
  type TraceLayout,
} from "../../src/spec/trace-layout.js";
import { type FieldLayout, type ValueType } from "../../src/spec/value-type.js";

export const newYork: TimeZone = () => ({ offsetSeconds: -5 * 3600, abbreviation: "EST" });

export function contextOf(changes: Partial<DecodeContext> = {}): DecodeContext {
  return {
    byteOrder: "little",
    architecture: "x64",
    possibleCpuCount: 2,
    realtimeMinusBoottime: 1_700_000_000_000_000_000n,
    realtimeMinusMonotonic: 1_600_000_000_000_000_000n,
    timeZone: newYork,
    now: () => 1_700_000_000_123_456_789n,
    resolveKernelSymbol: (address) =>
      address >= 0x1000n && address < 0x2000n
        ? { name: "vfs_read", offset: address - 0x1000n }
        : undefined,
    resolveUserSymbol: (address, pid) =>
      pid === 7 ? { name: "main", offset: address } : undefined,
    resolveStack: (stack) =>
      stack === 5n ? { frames: [0x1004n, 0x1010n, 0x9999n], pid: 7 } : undefined,
    resolveControlGroup: (id) => (id === 9n ? [{ hierarchy: "unified", path: "/a" }] : []),
    resolveUserName: (uid) => (uid === 0 ? "root" : undefined),
    ...changes,
  };
}

export function layoutOf(
  records: readonly RecordLayout[],
  maps: readonly MapLayout[] = [],
): TraceLayout {
  return {
    records,
    maps,
    names: ["tracepoint:sched:sched_switch", "main"],
    probeCount: 1,
    printsMapsAtExit: true,
  };
}

export function conversion(text: string): FormatConversion {
  const match = /^%([-+ #0]*)(\d+)?(?:\.(\d+))?(hh|h|ll|l|j|z|t)?(rx|rh|[a-zA-Z])$/.exec(text);
  if (match === null) throw new TypeError(`${text} is no conversion`);
  const [, flags = "", width, precision, length = "", letter = ""] = match;
  return {
    flags,
    width: width === undefined ? undefined : Number(width),
    precision: precision === undefined ? undefined : Number(precision),
    length,
    conversion: letter,
  };
}

/** The pieces of a format: "%d %s\n". */
export function format(text: string): (string | FormatConversion)[] {
  return text
    .split(/(%[-+ #0]*\d*(?:\.\d+)?(?:hh|h|ll|l|j|z|t)?(?:rx|rh|[a-zA-Z]))/)
    .filter((piece) => piece !== "")
    .map((piece) => (piece.startsWith("%") ? conversion(piece) : piece));
}

export const u8: ValueType = { kind: "integer", sizeBytes: 1, isSigned: false };
export const i16: ValueType = { kind: "integer", sizeBytes: 2, isSigned: true };
export const u32: ValueType = { kind: "integer", sizeBytes: 4, isSigned: false };
export const i32: ValueType = { kind: "integer", sizeBytes: 4, isSigned: true };
export const u64: ValueType = { kind: "integer", sizeBytes: 8, isSigned: false };
export const i64: ValueType = { kind: "integer", sizeBytes: 8, isSigned: true };
export const pointer: ValueType = { kind: "pointer" };
export const boolean: ValueType = { kind: "boolean" };
export const name: ValueType = { kind: "name" };
export const ksym: ValueType = { kind: "ksym" };
export const usym: ValueType = { kind: "usym" };
export const username: ValueType = { kind: "username" };
export const text = (capacityBytes = 64): ValueType => ({ kind: "string", capacityBytes });

/** Fields one after the other, each where its alignment puts it, from `start`. */
export function place(
  types: readonly ValueType[],
  start: number,
): { fields: FieldLayout[]; fixedSizeBytes: number } {
  let end = start;
  const fields = types.map((type): FieldLayout => {
    const [size, alignment] = fixedSize(type);
    const offset = Math.ceil(end / alignment) * alignment;
    end = offset + size;
    return { type, offset };
  });
  return { fields, fixedSizeBytes: end };
}

function fixedSize(type: ValueType): readonly [size: number, alignment: number] {
  switch (type.kind) {
    case "integer":
      return [type.sizeBytes, type.sizeBytes];
    case "boolean":
      return [1, 1];
    case "string":
      return [2, 2];
    case "name":
    case "username":
      return [4, 4];
    case "usym":
      return [16, 8];
    case "tuple":
      return [type.sizeBytes, 8];
    default:
      return [8, 8];
  }
}

/** A string as a record carries it: text or bytes, or absent. */
export interface RecordString {
  readonly bytes: Uint8Array;
  readonly isCut?: boolean;
}

export const absent = Symbol("absent");

export type FieldData = bigint | number | string | RecordString | Uint8Array | typeof absent;

/** The bytes of a record: its id, its fields, its strings. */
export function encodeRecord(
  id: number,
  layout: { readonly fields: readonly FieldLayout[]; readonly fixedSizeBytes: number },
  data: readonly FieldData[],
  byteOrder: "little" | "big" = "little",
): Uint8Array {
  const little = byteOrder === "little";
  const fixed = new Uint8Array(layout.fixedSizeBytes);
  const view = new DataView(fixed.buffer);
  const strings: Uint8Array[] = [];
  view.setUint32(0, id, little);
  for (const [at, field] of layout.fields.entries()) {
    const value = data[at] ?? 0;
    if (field.type.kind === "string") {
      if (value === absent) {
        view.setUint16(field.offset, 0xffff, little);
        continue;
      }
      const string = toString(value);
      view.setUint16(
        field.offset,
        string.bytes.length | (string.isCut === true ? 0x8000 : 0),
        little,
      );
      strings.push(string.bytes);
    } else if (value instanceof Uint8Array) {
      fixed.set(value, field.offset);
    } else if (typeof value === "bigint" || typeof value === "number") {
      setInteger(view, field, BigInt(value), little);
    } else {
      throw new TypeError(`no value of a ${field.type.kind}`);
    }
  }
  return Uint8Array.of(...fixed, ...strings.flatMap((bytes) => [...bytes]));
}

function toString(value: FieldData): RecordString {
  if (typeof value === "string") return { bytes: new TextEncoder().encode(value) };
  if (typeof value === "object" && "bytes" in value) return value;
  throw new TypeError("not a string");
}

function setInteger(view: DataView, field: FieldLayout, value: bigint, little: boolean): void {
  const [size] = fixedSize(field.type);
  if (size === 1) view.setUint8(field.offset, Number(BigInt.asUintN(8, value)));
  else if (size === 2) view.setUint16(field.offset, Number(BigInt.asUintN(16, value)), little);
  else if (size === 4) view.setUint32(field.offset, Number(BigInt.asUintN(32, value)), little);
  else view.setBigUint64(field.offset, BigInt.asUintN(64, value), little);
}

/** u64s back to back. */
export function words(
  values: readonly bigint[],
  byteOrder: "little" | "big" = "little",
): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of values.entries()) {
    view.setBigUint64(8 * at, BigInt.asUintN(64, value), byteOrder === "little");
  }
  return bytes;
}

export function integer(value: bigint, isSigned = true): Value {
  return { kind: "integer", value, sizeBytes: 8, isSigned };
}

export function string(value: string, isCut = false): Value {
  return { kind: "string", value, isCut };
}

/** What a writer writes: its output, and what it says beside it. */
export function capture<W extends TraceWriter>(
  create: (sink: TraceSink) => W,
): { readonly writer: W; output(): string; notices(): string } {
  let output = "";
  let notices = "";
  const writer = create({
    output: (part) => (output += part),
    notices: (part) => (notices += part),
  });
  return { writer, output: () => output, notices: () => notices };
}
