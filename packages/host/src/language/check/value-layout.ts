import { type FieldLayout, type StructField, type ValueType } from "../../spec/value-type.js";
import { assertNever } from "../../asm/internal-error.js";
import { type StructType, type TupleType, type Type } from "./type.js";

/** How a value of this type is stored in a map, in a tuple or in a record (strings of a record excepted). */
export function valueTypeOf(type: Type): ValueType {
  switch (type.kind) {
    case "integer": {
      const { kind, sizeBytes, isSigned, enumeration } = type;
      if (enumeration === undefined) return { kind, sizeBytes, isSigned };
      return { kind, sizeBytes, isSigned, names: enumeration.values() };
    }
    case "boolean":
    case "string":
    case "name":
    case "ksym":
    case "usym":
    case "timestamp":
    case "username":
    case "stack":
    case "code":
    case "controlGroup":
    case "bytes":
      return type;
    case "pointer":
      return { kind: "pointer" };
    case "tuple":
      return tupleValueType(type);
    case "array": {
      const { element, elementSizeBytes, length } = type;
      return {
        kind: "array",
        element: storedThere(element, elementSizeBytes),
        elementSizeBytes,
        length,
      };
    }
    case "struct":
      return {
        kind: "struct",
        fields: structFields(type),
        sizeBytes: type.structure.sizeBytes(),
      };
    case "aggregation":
    case "none":
      // Stored nowhere: the checker refuses what has no value before it asks.
      return { kind: "integer", sizeBytes: 8, isSigned: true };
    default:
      return assertNever(type);
  }
}

function tupleValueType({ elements, names }: TupleType): ValueType {
  const { fields, sizeBytes, alignment } = placeFields(elements.map(valueTypeOf));
  return {
    kind: "tuple",
    elements: fields,
    sizeBytes: alignUp(sizeBytes, alignment),
    ...(names === undefined ? {} : { names }),
  };
}

/** How a part of a struct or array is stored: as it lies in the target's memory. */
function storedThere(type: Type, sizeBytes: number): ValueType {
  if (type.kind === "string") return { kind: "string", capacityBytes: sizeBytes };
  if (type.kind === "pointer") return { kind: "pointer", sizeBytes: sizeBytes === 4 ? 4 : 8 };
  return valueTypeOf(type);
}

/** What is printed of a struct; members of members without a name stand in their place. */
function structFields({ structure, space }: StructType): readonly StructField[] {
  return structure.members(space).flatMap(({ name, type, offset, sizeBytes, bits }) => {
    if (name === "" && type.kind === "struct") {
      return structFields(type).map((field) => ({ ...field, offset: offset + field.offset }));
    }
    const shown = bits === undefined ? storedThere(type, sizeBytes) : bitsType(type, sizeBytes);
    return [{ name, type: shown, offset, ...(bits === undefined ? {} : { bits }) }];
  });
}

/** The integer that a bit-field is cut from. */
function bitsType(type: Type, sizeBytes: number): ValueType {
  const shown = valueTypeOf(type);
  if (shown.kind !== "integer") return shown;
  return {
    ...shown,
    sizeBytes: sizeBytes === 1 || sizeBytes === 2 || sizeBytes === 4 ? sizeBytes : 8,
  };
}

/** A usym's parts: the address, the process, and what makes its size a multiple of 8. */
export const usymFields: readonly FieldLayout[] = [
  { type: { kind: "integer", sizeBytes: 8, isSigned: false }, offset: 0 },
  { type: { kind: "integer", sizeBytes: 4, isSigned: false }, offset: 8 },
  { type: { kind: "integer", sizeBytes: 4, isSigned: false }, offset: 12 },
];

/** Bytes of a stored value. */
export function sizeOfValue(type: ValueType): number {
  switch (type.kind) {
    case "integer":
    case "tuple":
    case "struct":
      return type.sizeBytes;
    case "array":
      return type.elementSizeBytes * type.length;
    case "boolean":
      return 1;
    case "string":
      return type.capacityBytes;
    case "name":
    case "username":
      return 4;
    case "pointer":
      return type.sizeBytes ?? 8;
    case "ksym":
    case "timestamp":
    case "stack":
    case "code":
    case "controlGroup":
      return 8;
    case "usym":
      return 16;
    case "bytes":
      return 8 + type.capacityBytes;
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
    case "bytes":
      return 8;
    case "tuple":
      return Math.max(1, ...type.elements.map((element) => alignmentOfValue(element.type)));
    case "array":
    case "struct":
      // More than some need, so that they are copied in large pieces.
      return 8;
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
