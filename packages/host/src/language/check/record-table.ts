import { type RecordFields, type RecordLayout } from "../../spec/trace-layout.js";
import { type FieldLayout, type ValueType } from "../../spec/value-type.js";
import { type Type } from "./type.js";
import { alignmentOfValue, alignUp, sizeOfValue, valueTypeOf } from "./value-layout.js";

/** The records that a program writes; equal ones share an id. */
export class RecordTable {
  readonly #layouts: RecordLayout[] = [];
  readonly #ids = new Map<string, number>();

  get layouts(): readonly RecordLayout[] {
    return this.#layouts;
  }

  /** The id of a record that is laid out so. */
  add(layout: RecordLayout): number {
    // Values of enumerations are bigint.
    const key = JSON.stringify(layout, (_, value: unknown) =>
      typeof value === "bigint" ? String(value) : value,
    );
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#layouts.length;
      this.#layouts.push(layout);
      this.#ids.set(key, id);
    }
    return id;
  }
}

/** Bytes of a record's id, which stands first. */
const idBytes = 4;

/**
 * Places a record's fields behind its id, each naturally aligned, in an order that leaves few gaps. Strings have a u16 among the
 * fixed fields and their bytes behind these.
 */
export function layOutRecord(types: readonly Type[]): RecordFields {
  const waiting = types.map((type, index) => {
    const valueType = valueTypeOf(type);
    return { index, type: valueType, ...fixedPart(valueType) };
  });
  const fields: FieldLayout[] = [];
  let offset = idBytes;
  while (waiting.length > 0) {
    // The most demanding one that fits here without a gap, else the most demanding one.
    waiting.sort((a, b) =>
      a.alignment === b.alignment ? a.index - b.index : b.alignment - a.alignment,
    );
    const fitting = waiting.findIndex(({ alignment }) => offset % alignment === 0);
    const [next] = waiting.splice(Math.max(0, fitting), 1);
    if (next === undefined) break;
    offset = alignUp(offset, next.alignment);
    fields[next.index] = { type: next.type, offset };
    offset += next.sizeBytes;
  }
  return { fields, fixedSizeBytes: offset };
}

function fixedPart(type: ValueType): { readonly sizeBytes: number; readonly alignment: number } {
  return type.kind === "string"
    ? { sizeBytes: 2, alignment: 2 }
    : { sizeBytes: sizeOfValue(type), alignment: alignmentOfValue(type) };
}
