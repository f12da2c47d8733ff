import { type MapLayout } from "../spec/trace-layout.js";
import { DecodeError } from "./decode-error.js";
import { viewOf } from "./record-cursor.js";

/** All entries of a map, as they were read from it: keys back to back, values in the same order. */
export interface MapDump {
  readonly count: number;
  readonly keys: Uint8Array;
  /** Of a per-CPU map: for each key every possible CPU's value, each padded to 8 bytes. */
  readonly values: Uint8Array;
}

/** Where the parts of a dump are. */
export interface DumpShape {
  readonly keySizeBytes: number;
  /** Of one entry: all CPUs' values. */
  readonly entrySizeBytes: number;
  /** From one CPU's value to the next. */
  readonly cpuStrideBytes: number;
  readonly cpuCount: number;
}

/** The shape of a map's dumps. A map without keys is an array, its key a u32, or (its bucket alone) a u64. */
export function dumpShape(layout: MapLayout, possibleCpuCount: number): DumpShape {
  const cpuStrideBytes = layout.isPerCpu
    ? Math.ceil(layout.valueSizeBytes / 8) * 8
    : layout.valueSizeBytes;
  const cpuCount = layout.isPerCpu ? possibleCpuCount : 1;
  return {
    keySizeBytes: layout.keySizeBytes,
    entrySizeBytes: cpuStrideBytes * cpuCount,
    cpuStrideBytes,
    cpuCount,
  };
}

/** Throws DecodeError when a dump is not of the size that its count says. */
export function checkDump(layout: MapLayout, shape: DumpShape, dump: MapDump): void {
  const isWhole =
    dump.keys.length === dump.count * shape.keySizeBytes &&
    dump.values.length === dump.count * shape.entrySizeBytes;
  if (!isWhole) {
    throw new DecodeError(
      `decode map ${layout.name}: ${dump.keys.length} bytes of keys and ${dump.values.length} of values are not ${dump.count} entries`,
    );
  }
}

/**
 * What was added to a map of counts since an earlier dump of it: each u64 of its values less the one before. For maps
 * whose values add up (count, sum, avg, stats, hist, lhist); others are returned as they are.
 */
export function subtractDump(
  layout: MapLayout,
  target: { readonly possibleCpuCount: number; readonly byteOrder: "little" | "big" },
  dump: MapDump,
  baseline: MapDump,
): MapDump {
  const { kind } = layout.value;
  if (kind === "plain" || kind === "min" || kind === "max" || kind === "tseries") return dump;
  const shape = dumpShape(layout, target.possibleCpuCount);
  checkDump(layout, shape, dump);
  checkDump(layout, shape, baseline);
  if (shape.entrySizeBytes % 8 !== 0) {
    throw new DecodeError(`layout: map ${layout.name} counts in ${layout.valueSizeBytes} bytes`);
  }
  const places = new Map<string, number>();
  for (let entry = 0; entry < baseline.count; entry++) {
    const name = bytesName(baseline.keys, entry * shape.keySizeBytes, shape.keySizeBytes);
    places.set(name, entry * shape.entrySizeBytes);
  }
  const isLittle = target.byteOrder === "little";
  const values = dump.values.slice();
  const view = viewOf(values);
  const before = viewOf(baseline.values);
  for (let entry = 0; entry < dump.count; entry++) {
    const name = bytesName(dump.keys, entry * shape.keySizeBytes, shape.keySizeBytes);
    const place = places.get(name);
    if (place === undefined) continue;
    const start = entry * shape.entrySizeBytes;
    for (let at = 0; at < shape.entrySizeBytes; at += 8) {
      const now = view.getBigUint64(start + at, isLittle);
      const then = before.getBigUint64(place + at, isLittle);
      view.setBigUint64(start + at, BigInt.asUintN(64, now - then), isLittle);
    }
  }
  return { count: dump.count, keys: dump.keys, values };
}

/** Bytes as a string of as many characters, to find them by. */
export function bytesName(bytes: Uint8Array, start: number, length: number): string {
  let name = "";
  for (let at = start; at < start + length; at++) name += String.fromCharCode(bytes[at] ?? 0);
  return name;
}
