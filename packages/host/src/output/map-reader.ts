import { type MapLayout, type TraceLayout } from "../spec/trace-layout.js";
import { type DecodeContext } from "./decode-context.js";
import { DecodeError } from "./decode-error.js";
import { emptyHistogram } from "./histogram-buckets.js";
import { createMapDecoder, type MapDecoder } from "./map-decoder.js";
import { type MapDump, subtractDump } from "./map-dump.js";
import { createSeriesDecoder } from "./series-decoder.js";
import { divideValue, sortEntries } from "./sort-entries.js";
import { type MapEvent } from "./trace-writer.js";
import { type MapEntry } from "./value.js";
import { ValueReaders } from "./value-reader.js";

/** Reads the maps of one trace from dumps of them. */
export interface MapReader {
  /**
   * The map, by its index in the layout, as it is printed: combined over CPUs, in order, cut and divided as asked. Throws
   * DecodeError for a dump that does not fit the layout.
   */
  read(map: number, dump: MapDump, options?: MapReadOptions): MapEvent;
}

export interface MapReadOptions {
  /** Only the last entries in order; 0: all, as always of time series. */
  readonly top?: number;
  /** Numbers are divided by it; 0: not. */
  readonly divisor?: number;
  /** A map without keys that has nothing in it is shown as zero, save a histogram. */
  readonly showsNothing?: boolean;
  /** Its values were set to zero: a histogram without buckets is shown, too. */
  readonly isZeroed?: boolean;
  /** What the map held when it was last cleared, for one that only grows (see subtractDump). */
  readonly baseline?: MapDump | undefined;
}

/** Makes the reader for a layout. Throws DecodeError when the layout contradicts itself. */
export function createMapReader(layout: TraceLayout, context: DecodeContext): MapReader {
  const readers = new ValueReaders(context, layout);
  const maps = layout.maps.map((map) => ({
    map,
    decoder:
      map.value.kind === "tseries"
        ? createSeriesDecoder(map, map.value, readers, context)
        : createMapDecoder(map, readers, context.possibleCpuCount),
  }));
  return {
    read(index, dump, options = {}) {
      const found = maps[index];
      if (found === undefined) {
        throw new DecodeError(`decode a map: there is no layout of number ${index}`);
      }
      return readMap(found.map, found.decoder, context, dump, options);
    },
  };
}

function readMap(
  map: MapLayout,
  decoder: MapDecoder,
  context: DecodeContext,
  dump: MapDump,
  { top = 0, divisor = 0, baseline, showsNothing = false, isZeroed = false }: MapReadOptions,
): MapEvent {
  const counted = baseline === undefined ? dump : subtractDump(map, context, dump, baseline);
  const entries = decoder(counted);
  const isShownEmpty = showsNothing && entries.length === 0 && map.keys.length === 0;
  const sorted = isShownEmpty
    ? emptyEntry(map, decoder, isZeroed)
    : sortEntries(entries, map.value);
  const isCut = top > 0 && map.value.kind !== "tseries";
  const shown = isCut ? sorted.slice(-top) : sorted;
  return {
    kind: "map",
    name: map.name,
    entries:
      divisor > 1
        ? shown.map((entry) => ({
            key: entry.key,
            value: divideValue(entry.value, BigInt(divisor)),
          }))
        : shown,
    isAggregation: map.value.kind !== "plain",
    ...(map.value.kind === "avg" || map.value.kind === "stats" ? { isStatistics: true } : {}),
  };
}

/** What a map without keys shows when nothing was assigned to it. */
function emptyEntry(map: MapLayout, decoder: MapDecoder, isZeroed: boolean): readonly MapEntry[] {
  switch (map.value.kind) {
    case "plain":
      return decoder({
        count: 1,
        keys: new Uint8Array(map.keySizeBytes),
        values: new Uint8Array(map.valueSizeBytes),
      });
    case "count":
    case "sum":
    case "min":
    case "max":
      return [{ key: [], value: { kind: "number", value: 0n } }];
    case "avg":
      return [{ key: [], value: { kind: "average", count: 0n, total: 0n, average: 0n } }];
    case "stats":
      return [{ key: [], value: { kind: "statistics", count: 0n, total: 0n, average: 0n } }];
    case "hist":
    case "lhist":
      return isZeroed ? [{ key: [], value: emptyHistogram(map.value) }] : [];
    case "tseries":
      return [];
  }
}
