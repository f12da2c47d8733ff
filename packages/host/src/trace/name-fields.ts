import { viewOf } from "../output/record-cursor.js";
import { type MapDump } from "../output/map-dump.js";
import { type MapLayout, type TraceLayout } from "../spec/trace-layout.js";
import { type FieldLayout, type StackType } from "../spec/value-type.js";
import { type UserAddress } from "../symbols/user-symbols.js";
import { type StackReference } from "./kept-stacks.js";

/** What has to be found out before a record or a map can be shown. */
export interface NeededNames {
  /** Kernel addresses that are shown as symbols. */
  readonly addresses: bigint[];
  readonly userAddresses: UserAddress[];
  readonly stacks: NeededStack[];
  readonly controlGroups: bigint[];
}

/** Of a stack that is shown as addresses no names are needed. */
export type NeededStack = StackReference & Pick<StackType, "space" | "mode">;

export function nothingNeeded(): NeededNames {
  return { addresses: [], userAddresses: [], stacks: [], controlGroups: [] };
}

/** Finds what in records and maps is shown by a name that is elsewhere: addresses, numbers of stacks. */
export class NameFields {
  /** By record id: where in the record they are. */
  readonly #records: readonly (readonly Place[])[];
  readonly #maps: ReadonlyMap<string, MapPlaces>;
  readonly #isLittleEndian: boolean;

  constructor(layout: TraceLayout, byteOrder: "little" | "big") {
    this.#records = layout.records.map((record) =>
      "fields" in record ? placesOf(record.fields) : [],
    );
    this.#maps = new Map(layout.maps.map((map) => [map.map, mapPlaces(map)]));
    this.#isLittleEndian = byteOrder === "little";
  }

  /** Adds those in a record. */
  addRecord(record: Uint8Array, needed: NeededNames): void {
    if (record.length < 4) return;
    const view = viewOf(record);
    const id = view.getUint32(0, this.#isLittleEndian);
    this.#collect(view, 0, this.#records[id] ?? [], needed);
  }

  /** Adds those in a map's keys and values. */
  addDump(map: string, { keys, values }: MapDump, needed: NeededNames): void {
    const places = this.#maps.get(map);
    if (places === undefined) return;
    this.#collectEntries(keys, places.keySizeBytes, places.inKey, needed);
    this.#collectEntries(values, places.valueSizeBytes, places.inValue, needed);
  }

  #collectEntries(
    bytes: Uint8Array,
    sizeBytes: number,
    places: readonly Place[],
    needed: NeededNames,
  ): void {
    if (places.length === 0 || sizeBytes === 0) return;
    const view = viewOf(bytes);
    for (let at = 0; at + sizeBytes <= bytes.length; at += sizeBytes) {
      this.#collect(view, at, places, needed);
    }
  }

  #collect(view: DataView, start: number, places: readonly Place[], needed: NeededNames): void {
    for (const { offset, holds } of places) {
      const at = start + offset;
      if (at + (holds === "userAddress" ? 12 : 8) > view.byteLength) continue;
      const value = view.getBigUint64(at, this.#isLittleEndian);
      if (holds === "address") {
        needed.addresses.push(value);
      } else if (holds === "controlGroup") {
        needed.controlGroups.push(value);
      } else if (holds === "userAddress") {
        const pid = view.getUint32(at + 8, this.#isLittleEndian);
        needed.userAddresses.push({ address: value, pid });
      } else {
        needed.stacks.push({ ...holds, stack: value });
      }
    }
  }
}

interface Place {
  readonly offset: number;
  /** A kernel address, an address of a process, a control group's or a stack's number. */
  readonly holds: "address" | "userAddress" | "controlGroup" | Omit<NeededStack, "stack">;
}

interface MapPlaces {
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  readonly inKey: readonly Place[];
  readonly inValue: readonly Place[];
}

function mapPlaces({ keys, keySizeBytes, valueSizeBytes, value }: MapLayout): MapPlaces {
  const inValue = value.kind === "plain" ? placesOf([{ type: value.type, offset: 0 }]) : [];
  return { keySizeBytes, valueSizeBytes, inKey: placesOf(keys), inValue };
}

function placesOf(fields: readonly FieldLayout[]): readonly Place[] {
  return fields.flatMap(({ type, offset }): readonly Place[] => {
    if (type.kind === "ksym") return [{ offset, holds: "address" }];
    if (type.kind === "usym") return [{ offset, holds: "userAddress" }];
    if (type.kind === "controlGroup") return [{ offset, holds: "controlGroup" }];
    if (type.kind === "stack") {
      const { space, mode, limit } = type;
      return [{ offset, holds: { space, mode, limit } }];
    }
    if (type.kind !== "tuple") return [];
    return placesOf(type.elements).map((place) => ({ ...place, offset: offset + place.offset }));
  });
}
