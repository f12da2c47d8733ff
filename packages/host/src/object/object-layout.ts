import { type MapType } from "../spec/map-spec.js";
import { type ObjectSpec } from "../spec/object-spec.js";
import { type StructField, type ValueType } from "../spec/value-type.js";
import { type DataMap, type ObjectFile } from "./object-file.js";
import { valueTypeOf } from "./value-types.js";

/** How a map of an object that was loaded is read: what its keys and values are, as far as the object tells. */
export interface ReadableMap {
  readonly name: string;
  readonly kind: "entries" | "array" | "stacks" | "variables";
  readonly isPerCpu: boolean;
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  readonly key: ValueType | undefined;
  readonly value: ValueType | undefined;
}

const readableKinds: Readonly<Partial<Record<MapType, ReadableMap["kind"]>>> = {
  hash: "entries",
  lru_hash: "entries",
  percpu_hash: "entries",
  lru_percpu_hash: "entries",
  lpm_trie: "entries",
  array: "array",
  percpu_array: "array",
  stack_trace: "stacks",
};

/** The maps whose entries can be listed, less those that only libbpf's headers use. */
export function readableMaps(file: ObjectFile, { maps }: ObjectSpec): readonly ReadableMap[] {
  return maps.flatMap((map): readonly ReadableMap[] => {
    const own = file.maps.find(({ name }) => name === map.name);
    const kind = readableKinds[map.type];
    if (own === undefined || kind === undefined || map.name.startsWith("__bpf_usdt_")) return [];
    if (own.kind === "data") {
      const section = sectionType(file, own);
      return section === undefined || own.isReadOnly ? [] : [section];
    }
    const { keyType, valueType } = own.definition;
    const typeOf = (id: number | undefined): ValueType | undefined =>
      id === undefined || file.types === undefined
        ? undefined
        : valueTypeOf(file.types, id, file.byteOrder);
    const isIndexed = kind !== "entries";
    return [
      {
        name: map.name,
        kind,
        isPerCpu: map.type.includes("percpu"),
        keySizeBytes: map.keySizeBytes,
        valueSizeBytes: map.valueSizeBytes,
        key: isIndexed ? { kind: "integer", sizeBytes: 4, isSigned: false } : typeOf(keyType),
        value: typeOf(valueType),
      },
    ];
  });
}

/** Variables that others may see: static ones are a program's own affair. */
function sectionType(file: ObjectFile, map: DataMap): ReadableMap | undefined {
  const { types } = file;
  if (types === undefined) return undefined;
  const fields = map.variables.flatMap(({ name, type, offset, isStatic }): StructField[] => {
    const value = isStatic ? undefined : valueTypeOf(types, type, file.byteOrder);
    return value === undefined ? [] : [{ name, type: value, offset }];
  });
  if (fields.length === 0) return undefined;
  return {
    name: map.name,
    kind: "variables",
    isPerCpu: false,
    keySizeBytes: 4,
    valueSizeBytes: map.sizeBytes,
    key: undefined,
    value: { kind: "struct", fields, sizeBytes: map.sizeBytes },
  };
}
