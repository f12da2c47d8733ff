import { type MapLayout, type TraceLayout } from "../spec/trace-layout.js";
import { type DecodeContext } from "./decode-context.js";
import { DecodeError } from "./decode-error.js";
import { createMapDecoder, type MapDecoder } from "./map-decoder.js";
import { type MapDump, subtractDump } from "./map-dump.js";
import { divideValue, sortEntries } from "./sort-entries.js";
import { type MapEvent } from "./trace-writer.js";
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
  /** Only the last entries in order; 0: all. */
  readonly top?: number;
  /** Numbers are divided by it; 0: not. */
  readonly divisor?: number;
  /** What the map held when it was last cleared, for one that only grows (see subtractDump). */
  readonly baseline?: MapDump | undefined;
}

/** Makes the reader for a layout. Throws DecodeError when the layout contradicts itself. */
export function createMapReader(layout: TraceLayout, context: DecodeContext): MapReader {
  const readers = new ValueReaders(context, layout.names);
  const maps = layout.maps.map((map) => ({
    map,
    decoder: createMapDecoder(map, readers, context.possibleCpuCount),
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
  { top = 0, divisor = 0, baseline }: MapReadOptions,
): MapEvent {
  const counted = baseline === undefined ? dump : subtractDump(map, context, dump, baseline);
  const sorted = sortEntries(decoder(counted), map.value);
  const shown = top > 0 ? sorted.slice(-top) : sorted;
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
  };
}
