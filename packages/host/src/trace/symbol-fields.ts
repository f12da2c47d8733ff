import { viewOf } from "../output/record-cursor.js";
import { type MapDump } from "../output/map-dump.js";
import { type MapLayout, type TraceLayout } from "../spec/trace-layout.js";
import { type FieldLayout } from "../spec/value-type.js";

/** Finds the kernel addresses in records and maps that will be printed as symbols. */
export class SymbolFields {
  /** By record id: where in the record its addresses are. */
  readonly #records: readonly (readonly number[])[];
  readonly #maps: ReadonlyMap<string, MapPlaces>;
  readonly #isLittleEndian: boolean;

  constructor(layout: TraceLayout, byteOrder: "little" | "big") {
    this.#records = layout.records.map((record) =>
      "fields" in record ? placesOf(record.fields) : [],
    );
    this.#maps = new Map(layout.maps.map((map) => [map.map, mapPlaces(map)]));
    this.#isLittleEndian = byteOrder === "little";
  }

  /** Those in a record. */
  inRecord(record: Uint8Array): readonly bigint[] {
    const found: bigint[] = [];
    if (record.length < 4) return found;
    const view = viewOf(record);
    const id = view.getUint32(0, this.#isLittleEndian);
    this.#collect(view, 0, this.#records[id] ?? [], found);
    return found;
  }

  /** Those in a map's keys and values. */
  inDump(map: string, { keys, values }: MapDump): readonly bigint[] {
    const places = this.#maps.get(map);
    const found: bigint[] = [];
    if (places === undefined) return found;
    this.#collectEntries(keys, places.keySizeBytes, places.inKey, found);
    this.#collectEntries(values, places.valueSizeBytes, places.inValue, found);
    return found;
  }

  #collectEntries(
    bytes: Uint8Array,
    sizeBytes: number,
    places: readonly number[],
    found: bigint[],
  ): void {
    if (places.length === 0 || sizeBytes === 0) return;
    const view = viewOf(bytes);
    for (let at = 0; at + sizeBytes <= bytes.length; at += sizeBytes) {
      this.#collect(view, at, places, found);
    }
  }

  #collect(view: DataView, start: number, places: readonly number[], found: bigint[]): void {
    for (const place of places) {
      if (start + place + 8 > view.byteLength) continue;
      found.push(view.getBigUint64(start + place, this.#isLittleEndian));
    }
  }
}

interface MapPlaces {
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  readonly inKey: readonly number[];
  readonly inValue: readonly number[];
}

function mapPlaces({ keys, keySizeBytes, valueSizeBytes, value }: MapLayout): MapPlaces {
  const inValue = value.kind === "plain" ? placesOf([{ type: value.type, offset: 0 }]) : [];
  return { keySizeBytes, valueSizeBytes, inKey: placesOf(keys), inValue };
}

function placesOf(fields: readonly FieldLayout[]): readonly number[] {
  return fields.flatMap(({ type, offset }) => {
    if (type.kind === "ksym") return [offset];
    if (type.kind !== "tuple") return [];
    return placesOf(type.elements).map((place) => offset + place);
  });
}
