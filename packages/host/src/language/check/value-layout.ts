import { type FieldLayout, type ValueType } from "../../spec/value-type.js";
import { assertNever } from "../../asm/internal-error.js";
import { type Type } from "./type.js";

/** How a value of this type is stored in a map, in a tuple or in a record (strings of a record excepted). */
export function valueTypeOf(type: Type): ValueType {
  switch (type.kind) {
    case "integer":
    case "boolean":
    case "string":
    case "name":
    case "ksym":
    case "timestamp":
    case "username":
    case "stack":
      return type;
    case "pointer":
      return { kind: "pointer" };
    case "tuple": {
      const fields = placeFields(type.elements.map(valueTypeOf));
      return {
        kind: "tuple",
        elements: fields.fields,
        sizeBytes: alignUp(fields.sizeBytes, fields.alignment),
      };
    }
    case "none":
      // Stored nowhere: the checker refuses calls without a value before it asks.
      return { kind: "integer", sizeBytes: 8, isSigned: true };
    default:
      return assertNever(type);
  }
}

/** Bytes of a stored value. */
export function sizeOfValue(type: ValueType): number {
  switch (type.kind) {
    case "integer":
    case "tuple":
      return type.sizeBytes;
    case "boolean":
      return 1;
    case "string":
      return type.capacityBytes;
    case "name":
    case "username":
      return 4;
    case "pointer":
    case "ksym":
    case "timestamp":
    case "stack":
      return 8;
    case "usym":
      return 16;
    default:
      return assertNever(type);
  }
}

/** Where a stored value may begin: a multiple of this. */
export function alignmentOfValue(type: ValueType): number {
  switch (type.kind) {
    case "string":
      return 1;
    case "usym":
      return 8;
    case "tuple":
      return Math.max(1, ...type.elements.map((element) => alignmentOfValue(element.type)));
    default:
      return sizeOfValue(type);
  }
}

export interface PlacedFields {
  readonly fields: readonly FieldLayout[];
  /** To the end of the last field. */
  readonly sizeBytes: number;
  /** The greatest of the fields'. */
  readonly alignment: number;
}

/** Places values one after another, each naturally aligned. */
export function placeFields(types: readonly ValueType[], startOffset = 0): PlacedFields {
  const fields: FieldLayout[] = [];
  let offset = startOffset;
  let alignment = 1;
  for (const type of types) {
    const own = alignmentOfValue(type);
    alignment = Math.max(alignment, own);
    offset = alignUp(offset, own);
    fields.push({ type, offset });
    offset += sizeOfValue(type);
  }
  return { fields, sizeBytes: offset, alignment };
}

export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}
