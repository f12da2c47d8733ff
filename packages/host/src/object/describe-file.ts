import { CoreRelocationError } from "../core-relocation/core-relocation-error.js";
import { describeRelocation } from "../core-relocation/describe-relocation.js";
import { BtfError } from "../btf/btf-error.js";
import { FunctionTable } from "./function-table.js";
import { type ObjectFile, type ObjectFunction } from "./object-file.js";
import { streamRecords } from "./record-types.js";
import { readSectionName } from "./section-names.js";
import { sectionOf } from "./select-programs.js";

/** What an object has in it, as plain values: the same for every target. */
export interface FileDescription {
  readonly name: string;
  readonly byteOrder: "little" | "big";
  readonly license: string;
  readonly programs: readonly {
    readonly name: string;
    readonly section: string;
    readonly type: string;
    readonly instructions: number;
    /** Loaded only when it is asked for. */
    readonly isOptional: boolean;
    /** Why it cannot be run; undefined when it can. */
    readonly refusal: string | undefined;
  }[];
  readonly maps: readonly {
    readonly name: string;
    readonly type: string;
    readonly keySizeBytes: number;
    readonly valueSizeBytes: number;
    readonly maxEntries: number;
    readonly isPinned: boolean;
  }[];
  readonly variables: readonly {
    readonly name: string;
    readonly section: string;
    readonly type: string;
    readonly sizeBytes: number;
  }[];
  readonly externs: readonly {
    readonly name: string;
    readonly kind: string;
    readonly isWeak: boolean;
  }[];
  /** What is read of the kernel's types, each once, with how often. */
  readonly relocations: readonly { readonly what: string; readonly count: number }[];
  /** What the records of each ring or perf buffer are, as far as the object tells. */
  readonly streams: readonly { readonly map: string; readonly types: readonly string[] }[];
}

/** Describes an object. */
export function describeFile(file: ObjectFile): FileDescription {
  const { types } = file;
  const typeName = (id: number): string => types?.formatTypeName(id) ?? "";
  return {
    name: file.name,
    byteOrder: file.byteOrder,
    license: file.license,
    programs: file.functions.filter(({ isProgram }) => isProgram).map(describeProgram),
    maps: file.maps.flatMap((map) => {
      if (map.kind === "data") return [];
      const { type, keySizeBytes, valueSizeBytes, maxEntries, isPinned } = map.definition;
      return [{ name: map.name, type, keySizeBytes, valueSizeBytes, maxEntries, isPinned }];
    }),
    variables: file.maps.flatMap((map) => {
      if (map.kind !== "data") return [];
      return map.variables
        .filter(({ isStatic }) => !isStatic)
        .map(({ name, type, sizeBytes }) => {
          return { name, section: map.name, type: typeName(type), sizeBytes };
        });
    }),
    externs: file.externs.map((extern) => ({
      name: extern.name,
      kind:
        extern.kind === "kconfig"
          ? "kernel setting"
          : extern.isFunction
            ? "kernel function"
            : "kernel symbol",
      isWeak: extern.isWeak,
    })),
    relocations: describeRelocations(file),
    streams: streamRecords(file).map(({ map, types: ids }) => ({ map, types: ids.map(typeName) })),
  };
}

function describeProgram(one: ObjectFunction): FileDescription["programs"][number] {
  const { name, isOptional } = sectionOf(one);
  const section = readSectionName(name);
  return {
    name: one.name,
    section: name,
    type: section.type ?? "other",
    instructions: one.code.length / 8,
    isOptional,
    refusal: section.type === undefined ? section.reason : undefined,
  };
}

function describeRelocations(file: ObjectFile): FileDescription["relocations"] {
  const { types, info } = file;
  const counts = new Map<string, number>();
  if (types === undefined || info === undefined) return [];
  const table = new FunctionTable(file);
  for (const [section, relocations] of info.relocations) {
    for (const relocation of relocations) {
      if (table.containing(section, relocation.offset) === undefined) continue;
      const what = describe(() => describeRelocation(types, relocation));
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
  }
  return [...counts].map(([what, count]) => ({ what, count }));
}

function describe(read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (error instanceof CoreRelocationError || error instanceof BtfError) return error.message;
    throw error;
  }
}
