import { type MapLayout, type MapValueLayout } from "../spec/trace-layout.js";
import { type ByteSource, sourceOf } from "./byte-source.js";
import { type DecodeContext } from "./decode-context.js";
import { DecodeError } from "./decode-error.js";
import { checkValueSize, createKeyDecoder, type MapDecoder } from "./map-decoder.js";
import { bytesName, checkDump, dumpShape } from "./map-dump.js";
import { createTimeFormatter } from "./strftime.js";
import { type Point } from "./value.js";
import { realtimeMinusClock, type ValueReaders } from "./value-reader.js";

type SeriesLayout = Extract<MapValueLayout, { readonly kind: "tseries" }>;

/** What one CPU has of an interval, then what all have. */
interface Gathered {
  readonly value: bigint;
  /** The count of an average, when the last value came; not 0. */
  readonly mark: bigint;
}

/** The intervals of one key, by their number. */
interface Group {
  readonly start: number;
  readonly intervals: Map<bigint, Gathered>;
}

/** Makes the decoder of a map of time series: all of them end with the latest interval in the map. Throws DecodeError. */
export function createSeriesDecoder(
  layout: MapLayout,
  value: SeriesLayout,
  readers: ValueReaders,
  context: DecodeContext,
): MapDecoder {
  checkValueSize(layout);
  const shape = dumpShape(layout, context.possibleCpuCount);
  const slotAt = layout.keySizeBytes - 8;
  if (slotAt < 0) {
    throw new DecodeError(`layout: map ${layout.name} has no room for an interval in its key`);
  }
  const decodeKey = createKeyDecoder(layout, readers);
  const formatStart = createStartFormatter(value, context);
  return (dump) => {
    checkDump(layout, shape, dump);
    const keys = sourceOf(dump.keys);
    const values = sourceOf(dump.values);
    const groups = new Map<string, Group>();
    for (let entry = 0; entry < dump.count; entry++) {
      const start = entry * shape.keySizeBytes;
      const name = bytesName(dump.keys, start, slotAt);
      let group = groups.get(name);
      if (group === undefined) groups.set(name, (group = { start, intervals: new Map() }));
      for (let cpu = 0; cpu < shape.cpuCount; cpu++) {
        const at = entry * shape.entrySizeBytes + cpu * shape.cpuStrideBytes;
        gather(group, values, at, value, readers.isLittleEndian);
      }
    }
    const shown = shownIntervals([...groups.values()], value.intervals);
    return [...groups.values()].map(({ start, intervals }) => {
      const points: Point[] = shown.map((number) => {
        const found = intervals.get(number);
        const result = found === undefined ? undefined : resultOf(found, value);
        return { start: formatStart(number), value: result };
      });
      const { intervalNanoseconds } = value;
      const key = decodeKey(keys, start);
      return { key, value: { kind: "series", intervalNanoseconds, points } };
    });
  };
}

function gather(
  { intervals }: Group,
  { view }: ByteSource,
  at: number,
  { keeps, isSigned }: SeriesLayout,
  isLittle: boolean,
): void {
  const mark = view.getBigUint64(at + 8, isLittle);
  if (mark === 0n) return;
  const value = isSigned ? view.getBigInt64(at, isLittle) : view.getBigUint64(at, isLittle);
  const number = view.getBigUint64(at + 16, isLittle);
  const other = intervals.get(number);
  const added = { value, mark };
  intervals.set(number, other === undefined ? added : combine(other, added, keeps));
}

function combine(one: Gathered, other: Gathered, keeps: SeriesLayout["keeps"]): Gathered {
  switch (keeps) {
    case "last":
      return other.mark > one.mark ? other : one;
    case "min":
      return other.value < one.value ? other : one;
    case "max":
      return other.value > one.value ? other : one;
    case "sum":
    case "avg":
      return { value: one.value + other.value, mark: one.mark + other.mark };
  }
}

function resultOf({ value, mark }: Gathered, { keeps, isSigned }: SeriesLayout): bigint {
  const whole = isSigned ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
  return keeps === "avg" ? whole / mark : whole;
}

/** From the first interval that any key has, but not more than are kept, to the last. */
function shownIntervals(groups: readonly Group[], most: number): readonly bigint[] {
  const numbers = groups.flatMap(({ intervals }) => [...intervals.keys()]);
  const [any] = numbers;
  if (any === undefined) return [];
  const last = numbers.reduce((a, b) => (b > a ? b : a), any);
  const earliest = last - BigInt(most) + 1n;
  const first = numbers.reduce((a, b) => (b < a && b >= earliest ? b : a), last);
  return Array.from({ length: Number(last - first) + 1 }, (_, index) => first + BigInt(index));
}

/** Where an interval begins: a multiple of its length since 1970, though the clocks have moved since the alignment was found. */
function createStartFormatter(
  { intervalNanoseconds: interval, alignmentNanoseconds, clock }: SeriesLayout,
  context: DecodeContext,
): (number: bigint) => string {
  const formatSecond = createTimeFormatter("%Y-%m-%d %H:%M:%S", context.timeZone);
  return (number) => {
    const start = number * interval - alignmentNanoseconds + realtimeMinusClock(context, clock);
    const nearest = ((start + interval / 2n) / interval) * interval;
    const fraction = (nearest % 1_000_000_000n).toString().padStart(9, "0");
    return `${formatSecond(nearest)}.${fraction}`;
  };
}
