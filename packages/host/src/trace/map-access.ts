import { InternalError } from "../asm/internal-error.js";
import { type DecodeContext } from "../output/decode-context.js";
import { type MapDump } from "../output/map-dump.js";
import { createMapReader, type MapReader } from "../output/map-reader.js";
import { type MapEvent } from "../output/trace-writer.js";
import { type MapLayout, type TraceLayout } from "../spec/trace-layout.js";
import { type TraceSource } from "./trace-source.js";

export interface ReadOptions {
  /** Also removes exactly what was read. */
  readonly clears: boolean;
  /** See MapReadOptions. */
  readonly showsNothing?: boolean;
  /** As of print(@map, top, divisor). */
  readonly top?: number;
  readonly divisor?: number;
}

/** Reads, clears and zeroes the maps of a running program, by their index in the layout. */
export class MapAccess {
  readonly #layout: TraceLayout;
  readonly #source: TraceSource;
  readonly #reader: MapReader;
  /**
   * The last dump of maps that were cleared without touching them: an array's counts cannot be read and set to zero in
   * one go, so they run on and what stood there is taken off what is read.
   */
  readonly #baselines: Map<number, MapDump>;

  /** Maps whose values were set to zero: they have one though nothing was added to them. */
  readonly #zeroed = new Set<number>();

  /** `baselines`: of a reader that was there before, by map. */
  constructor(
    layout: TraceLayout,
    source: TraceSource,
    context: DecodeContext,
    baselines: Iterable<readonly [number, MapDump]> = [],
  ) {
    this.#baselines = new Map(baselines);
    this.#layout = layout;
    this.#source = source;
    this.#reader = createMapReader(layout, context);
  }

  /** What the next reader must know of maps that were cleared. */
  get baselines(): readonly (readonly [number, MapDump])[] {
    return [...this.#baselines];
  }

  /** The map as it is printed. */
  async read(map: number, options: ReadOptions): Promise<MapEvent> {
    const dump = await this.#take(map, options);
    const { top, divisor } = options;
    const event = this.#reader.read(map, dump, {
      baseline: this.#baselines.get(map),
      showsNothing: options.showsNothing === true || this.#zeroed.has(map),
      isZeroed: this.#zeroed.has(map),
      ...(top === undefined ? {} : { top }),
      ...(divisor === undefined ? {} : { divisor }),
    });
    if (options.clears) {
      this.#zeroed.delete(map);
      this.#rebase(map, dump);
    }
    return event;
  }

  async clear(map: number): Promise<void> {
    this.#zeroed.delete(map);
    this.#rebase(map, await this.#take(map, { clears: true }));
  }

  /** Sets every value to zero and keeps the keys. */
  async zero(map: number): Promise<void> {
    const layout = this.#layoutOf(map);
    if (layout.keys.length === 0 && (await this.#isEmpty(map))) return;
    if (isRunningTotal(layout)) {
      await this.clear(map);
      this.#zeroed.add(map);
      return;
    }
    if (layout.keys.length === 0) this.#zeroed.add(map);
    const { count, keys } = await this.#source.dump(layout.map, { clear: false });
    const keySize = layout.keySizeBytes;
    const value = new Uint8Array(layout.valueSizeBytes);
    const entries = Array.from({ length: count }, (_, index) => ({
      key: keys.subarray(index * keySize, (index + 1) * keySize),
      value,
    }));
    if (entries.length > 0) await this.#source.fill(layout.map, entries);
  }

  /** Whether a map without keys has no value that could be set to zero. */
  async #isEmpty(map: number): Promise<boolean> {
    const { entries } = await this.read(map, { clears: false });
    return entries.length === 0;
  }

  async #take(map: number, options: { readonly clears: boolean }): Promise<MapDump> {
    const layout = this.#layoutOf(map);
    return await this.#source.dump(layout.map, {
      clear: options.clears && !isRunningTotal(layout),
    });
  }

  #rebase(map: number, dump: MapDump): void {
    if (isRunningTotal(this.#layoutOf(map))) this.#baselines.set(map, dump);
  }

  #layoutOf(map: number): MapLayout {
    const layout = this.#layout.maps[map];
    if (layout === undefined) throw new InternalError(`a record names map ${map}`);
    return layout;
  }
}

/**
 * Unkeyed sums stand in a per-CPU array, where only differences between two readings lose nothing. Those that the program reads
 * itself are in a hash, whose key has 8 bytes and not 4.
 */
function isRunningTotal(layout: MapLayout): boolean {
  if (layout.keys.length > 0 || layout.keySizeBytes !== 4) return false;
  switch (layout.value.kind) {
    case "count":
    case "sum":
    case "avg":
    case "stats":
      return true;
    case "hist":
    case "lhist":
      return layout.value.storage === "array";
    case "plain":
    case "tseries":
    case "min":
    case "max":
      return false;
  }
}
