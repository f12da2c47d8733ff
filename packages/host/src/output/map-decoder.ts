import { type MapLayout, type MapValueLayout } from "../spec/trace-layout.js";
import { DecodeError } from "./decode-error.js";
import { createHistogram, emptyHistogram, type HistogramLayout } from "./histogram-buckets.js";
import { bytesName, checkDump, type DumpShape, dumpShape, type MapDump } from "./map-dump.js";
import { checkField, valueSizeBytes } from "./record-view.js";
import { type ByteSource, sourceOf } from "./byte-source.js";
import { type ValueReaders } from "./value-reader.js";
import { type MapEntry, type MapValue, type Value } from "./value.js";

/** Reads a dump's entries, combined over CPUs, in the order of the dump. Throws DecodeError. */
export type MapDecoder = (dump: MapDump) => MapEntry[];

/**
 * Makes the decoder of a map. Entries that hold nothing yet (a histogram without counts; without keys also a min, max,
 * avg or stats that was never given a value) are left out.
 */
export function createMapDecoder(
  layout: MapLayout,
  readers: ValueReaders,
  possibleCpuCount: number,
): MapDecoder {
  const shape = dumpShape(layout, possibleCpuCount);
  const decodeKey = createKeyDecoder(layout, readers);
  const { value } = layout;
  checkValueSize(layout);
  if ((value.kind === "hist" || value.kind === "lhist") && value.storage === "key") {
    const decoder = createKeyedHistogramDecoder(layout, value, shape, readers.isLittleEndian);
    return (dump) => decoder(dump, decodeKey);
  }
  const decodeValue = createValueDecoder(layout, shape, readers);
  return (dump) => {
    checkDump(layout, shape, dump);
    const keys = sourceOf(dump.keys);
    const values = sourceOf(dump.values);
    const entries: MapEntry[] = [];
    for (let entry = 0; entry < dump.count; entry++) {
      const decoded = decodeValue(values, entry * shape.entrySizeBytes);
      if (decoded === undefined) continue;
      entries.push({ key: decodeKey(keys, entry * shape.keySizeBytes), value: decoded });
    }
    return entries;
  };
}

export type KeyDecoder = (keys: ByteSource, start: number) => readonly Value[];

export function createKeyDecoder(layout: MapLayout, readers: ValueReaders): KeyDecoder {
  const fields = layout.keys.map((field) => {
    checkField(field, valueSizeBytes(field.type), layout.keySizeBytes);
    return { offset: field.offset, read: readers.create(field.type) };
  });
  return (keys, start) => fields.map((field) => field.read(keys, start + field.offset));
}

export function checkValueSize(layout: MapLayout): void {
  const needed = neededValueSizeBytes(layout.value);
  if (layout.valueSizeBytes < needed) {
    throw new DecodeError(
      `layout: map ${layout.name} has values of ${layout.valueSizeBytes} bytes, a ${layout.value.kind} takes ${needed}`,
    );
  }
}

function neededValueSizeBytes(value: MapValueLayout): number {
  switch (value.kind) {
    case "plain":
      return valueSizeBytes(value.type);
    case "count":
      return 8;
    case "sum":
      return value.isCounted === true ? 16 : 8;
    case "min":
    case "max":
    case "avg":
    case "stats":
      return 16;
    case "hist":
    case "lhist":
      return value.storage === "key" ? 8 : 8 * value.bucketCount;
    case "tseries":
      return 24;
  }
}

type ValueDecoder = (values: ByteSource, start: number) => MapValue | undefined;

function createValueDecoder(
  layout: MapLayout,
  shape: DumpShape,
  readers: ValueReaders,
): ValueDecoder {
  const { value } = layout;
  const words = new CpuWords(shape, readers.isLittleEndian);
  const isKeyed = layout.keys.length > 0;
  // An array has its one entry from the start; what has come to nothing there was never added to.
  const isArray = !isKeyed && layout.keySizeBytes === 4;
  const number = (sum: bigint): MapValue | undefined =>
    isArray && sum === 0n ? undefined : { kind: "number", value: sum };
  switch (value.kind) {
    case "tseries":
      throw new DecodeError(`layout: map ${layout.name} holds time series`);
    case "plain": {
      const read = readers.create(value.type);
      return (values, start) => ({ kind: "plain", value: read(values, start) });
    }
    case "count":
      return (values, start) => number(words.sum(values, start, 0, false));
    case "sum":
      return (values, start) => {
        const sum = words.sum(values, start, 0, value.isSigned);
        const isAdded = value.isCounted === true && words.sum(values, start, 8, false) > 0n;
        return isAdded ? { kind: "number", value: sum } : number(sum);
      };
    case "min":
    case "max":
      return (values, start) => {
        const extreme = words.extreme(values, start, value.kind, value.isSigned);
        if (extreme === undefined && !isKeyed) return undefined;
        return { kind: "number", value: extreme ?? 0n };
      };
    case "avg":
    case "stats":
      return (values, start) => {
        const total = words.sum(values, start, 0, value.isSigned);
        const count = words.sum(values, start, 8, false);
        if (count === 0n && !isKeyed) return undefined;
        const average = count === 0n ? 0n : total / count;
        const kind = value.kind === "avg" ? "average" : "statistics";
        return { kind, count, total, average };
      };
    case "hist":
    case "lhist":
      return (values, start) => createHistogram(value, words.counts(values, start, value));
  }
}

/** Reads 64-bit words of an entry and combines those of all CPUs. */
class CpuWords {
  readonly #shape: DumpShape;
  readonly #isLittle: boolean;

  constructor(shape: DumpShape, isLittle: boolean) {
    this.#shape = shape;
    this.#isLittle = isLittle;
  }

  /** The sum of the words at `offset` of each CPU's value, which wraps around at 64 bits. */
  sum({ view }: ByteSource, start: number, offset: number, isSigned: boolean): bigint {
    const { cpuCount, cpuStrideBytes } = this.#shape;
    let sum = 0n;
    for (let cpu = 0; cpu < cpuCount; cpu++) {
      sum += view.getBigUint64(start + cpu * cpuStrideBytes + offset, this.#isLittle);
    }
    return isSigned ? BigInt.asIntN(64, sum) : BigInt.asUintN(64, sum);
  }

  /** The least or greatest value of the CPUs that have one: u64 value, u64 not 0 once set. */
  extreme(
    { view }: ByteSource,
    start: number,
    kind: "min" | "max",
    isSigned: boolean,
  ): bigint | undefined {
    const { cpuCount, cpuStrideBytes } = this.#shape;
    let extreme: bigint | undefined;
    for (let cpu = 0; cpu < cpuCount; cpu++) {
      const at = start + cpu * cpuStrideBytes;
      if (view.getBigUint64(at + 8, this.#isLittle) === 0n) continue;
      const value = isSigned
        ? view.getBigInt64(at, this.#isLittle)
        : view.getBigUint64(at, this.#isLittle);
      const isBeyond =
        extreme === undefined || (kind === "min" ? value < extreme : value > extreme);
      if (isBeyond) extreme = value;
    }
    return extreme;
  }

  /** Counts by bucket, less those that are zero. */
  counts(values: ByteSource, start: number, layout: HistogramLayout): Map<number, bigint> {
    const counts = new Map<number, bigint>();
    for (let bucket = 0; bucket < layout.bucketCount; bucket++) {
      const count = this.sum(values, start, 8 * bucket, false);
      if (count !== 0n) counts.set(bucket, count);
    }
    return counts;
  }
}

/** A histogram whose buckets are entries of their own: they are gathered by the key before the bucket's number. */
function createKeyedHistogramDecoder(
  layout: MapLayout,
  value: HistogramLayout,
  shape: DumpShape,
  isLittle: boolean,
): (dump: MapDump, decodeKey: KeyDecoder) => MapEntry[] {
  const bucketAt = layout.keySizeBytes - 8;
  if (bucketAt < 0) {
    throw new DecodeError(
      `layout: map ${layout.name} has no room for a bucket's number in its key`,
    );
  }
  const words = new CpuWords(shape, isLittle);
  return (dump, decodeKey) => {
    checkDump(layout, shape, dump);
    const keys = sourceOf(dump.keys);
    const values = sourceOf(dump.values);
    const groups = new Map<string, { readonly start: number; counts: Map<number, bigint> }>();
    for (let entry = 0; entry < dump.count; entry++) {
      const start = entry * shape.keySizeBytes;
      const name = bytesName(dump.keys, start, bucketAt);
      let group = groups.get(name);
      if (group === undefined) groups.set(name, (group = { start, counts: new Map() }));
      const bucket = Number(keys.view.getBigUint64(start + bucketAt, isLittle));
      group.counts.set(bucket, words.sum(values, entry * shape.entrySizeBytes, 0, false));
    }
    const entries: MapEntry[] = [];
    for (const { start, counts } of groups.values()) {
      // One whose counts were set to zero is shown without a row.
      const histogram = createHistogram(value, counts) ?? emptyHistogram(value);
      entries.push({ key: decodeKey(keys, start), value: histogram });
    }
    return entries;
  };
}
