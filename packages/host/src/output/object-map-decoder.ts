import { type ValueType } from "../spec/value-type.js";
import { type DecodeContext } from "./decode-context.js";
import { createInterpreter, meaningOf } from "./field-meaning.js";
import { type MapDump } from "./map-dump.js";
import { type ByteSource, sourceOf } from "./byte-source.js";
import { ValueReaders } from "./value-reader.js";
import { type MapEntry, type MapValue, type Value } from "./value.js";

/** How a map of an object is read. */
export interface ObjectMapLayout {
  readonly name: string;
  /** "variables": the only value is a section, whose variables are read one by one. */
  readonly kind: "entries" | "array" | "stacks" | "variables";
  readonly isPerCpu: boolean;
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  /** Undefined where the object does not tell. */
  readonly key: ValueType | undefined;
  readonly value: ValueType | undefined;
}

/** Reads all entries of a dump; of arrays those that are not all zeros. Throws DecodeError. */
export function decodeObjectMap(
  dump: MapDump,
  layout: ObjectMapLayout,
  context: DecodeContext,
): readonly MapEntry[] {
  const readers = new ValueReaders(context, { names: [] });
  const cpuCount = layout.isPerCpu ? context.possibleCpuCount : 1;
  const stride = layout.isPerCpu ? Math.ceil(layout.valueSizeBytes / 8) * 8 : layout.valueSizeBytes;
  const keys = sourceOf(dump.keys);
  const values = sourceOf(dump.values);
  if (layout.kind === "variables") return variablesOf(values, layout, readers, context);
  const readKey = createReader(layout.key ?? bytesType(layout.keySizeBytes), readers, context);
  const readValue =
    layout.kind === "stacks"
      ? createStackReader(layout.valueSizeBytes, context)
      : createReader(layout.value ?? bytesType(layout.valueSizeBytes), readers, context);
  const entries: MapEntry[] = [];
  for (let at = 0; at < dump.count; at++) {
    const start = at * stride * cpuCount;
    if (layout.kind === "array" && isZero(dump.values, start, stride * cpuCount)) continue;
    const key = [readKey(keys, at * layout.keySizeBytes)];
    if (cpuCount === 1) {
      entries.push(entryOf(key, readValue(values, start)));
      continue;
    }
    const elements = Array.from({ length: cpuCount }, (_, cpu) =>
      readValue(values, start + cpu * stride),
    );
    entries.push({ key, value: { kind: "plain", value: { kind: "array", elements } } });
  }
  return entries;
}

type Reader = (source: ByteSource, offset: number) => Value;

function bytesType(length: number): ValueType {
  const element = { kind: "integer", sizeBytes: 1, isSigned: false } as const;
  return { kind: "array", element, elementSizeBytes: 1, length };
}

/** Numbers in structs are shown as what their names say that they are. */
function createReader(type: ValueType, readers: ValueReaders, context: DecodeContext): Reader {
  const read = readers.create(type);
  if (type.kind !== "struct") return (source, offset) => whole(read(source, offset));
  const interpreters = type.fields.map((field) =>
    createInterpreter(meaningOf(field.name, field.type), context),
  );
  return (source, offset) => {
    const value = read(source, offset);
    if (value.kind !== "record") return value;
    const fields = value.fields.map((field, at) => ({
      name: field.name,
      value: interpreters[at]?.(field.value) ?? field.value,
    }));
    return { kind: "record", fields };
  };
}

/** A text that fills its place was not cut as far as is known. */
function whole(value: Value): Value {
  return value.kind === "string" ? { ...value, isCut: false } : value;
}

function createStackReader(sizeBytes: number, context: DecodeContext): Reader {
  const little = context.byteOrder === "little";
  return ({ view }, offset) => {
    const frames = [];
    for (let at = 0; at + 8 <= sizeBytes; at += 8) {
      const address = view.getBigUint64(offset + at, little);
      if (address === 0n) break;
      frames.push({ address, symbol: context.resolveKernelSymbol(address) });
    }
    return { kind: "stack", space: "kernel", mode: "bpftrace", frames };
  };
}

function variablesOf(
  values: ByteSource,
  { value: type }: ObjectMapLayout,
  readers: ValueReaders,
  context: DecodeContext,
): readonly MapEntry[] {
  if (type?.kind !== "struct" || values.bytes.length < type.sizeBytes) return [];
  const value = createReader(type, readers, context)(values, 0);
  if (value.kind !== "record") return [];
  return value.fields.map((field) => entryOf([{ kind: "text", value: field.name }], field.value));
}

/** A struct with an array `slots` is a histogram of powers of two, which is what such programs count. */
function entryOf(key: readonly Value[], value: Value): MapEntry {
  if (value.kind !== "record") return { key, value: { kind: "plain", value } };
  const slots = value.fields.find(({ name }) => name === "slots")?.value;
  const histogram = slots?.kind === "array" ? histogramOf(slots.elements) : undefined;
  if (histogram === undefined) return { key, value: { kind: "plain", value } };
  const others = value.fields.filter(
    ({ name, value: other }) => name !== "slots" && !isNothing(other),
  );
  return { key: [...key, ...others.map((one) => one.value)], value: histogram };
}

function isNothing(value: Value): boolean {
  return (
    (value.kind === "string" && value.value === "") ||
    (value.kind === "integer" && value.value === 0n)
  );
}

/** Slot n counts what is from 2^n up to 2^(n+1), the first also what is 0. */
function histogramOf(slots: readonly Value[]): MapValue | undefined {
  const counts = slots.map((one) => (one.kind === "integer" ? one.value : -1n));
  if (counts.length < 8 || counts.some((count) => count < 0n)) return undefined;
  const first = counts.findIndex((count) => count > 0n);
  const last = counts.findLastIndex((count) => count > 0n);
  const buckets = counts.slice(Math.max(0, first), last + 1).map((count, index) => {
    const slot = BigInt(Math.max(0, first) + index);
    return { low: slot === 0n ? 0n : 1n << slot, high: (1n << (slot + 1n)) - 1n, count };
  });
  return { kind: "histogram", isLinear: false, buckets };
}

function isZero(bytes: Uint8Array, start: number, length: number): boolean {
  for (let at = start; at < start + length; at++) if (bytes[at] !== 0) return false;
  return true;
}
