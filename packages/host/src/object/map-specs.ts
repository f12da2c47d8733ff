import { type FeatureName } from "../spec/target-description.js";
import { mapFlags, type MapSpec, type MapType } from "../spec/map-spec.js";
import { kconfigSection } from "./externs.js";
import { type MapDefinition } from "./map-definition.js";
import { LackingError } from "./object-error.js";
import { type DataMap, type DeclaredMap, type ObjectFile } from "./object-file.js";

/** What decides how maps are made. */
export interface MapCircumstances {
  readonly features: readonly FeatureName[];
  readonly pageSize: number;
  /** The object's types go along. */
  readonly hasTypes: boolean;
  /** Where maps are that are pinned by name. */
  readonly pinFolder: string;
  /** Programs that are loaded. */
  readonly programs: ReadonlySet<string>;
  /** What global variables hold in place of what the object says, by the section. */
  readonly data: ReadonlyMap<string, Uint8Array>;
}

/** Maps whose keys and values the kernel wants no types of (bpf_map_check_btf of kernel/bpf/syscall.c). */
const untypedMaps: ReadonlySet<MapType> = new Set<MapType>([
  "perf_event_array",
  "cgroup_array",
  "stack_trace",
  "array_of_maps",
  "hash_of_maps",
  "devmap",
  "devmap_hash",
  "cpumap",
  "xskmap",
  "sockmap",
  "sockhash",
  "queue",
  "stack",
]);

/** Maps whose keys and values are numbers of 4 bytes, whatever is said. */
const descriptorMaps: ReadonlySet<MapType> = new Set<MapType>([
  "perf_event_array",
  "prog_array",
  "cgroup_array",
  "array_of_maps",
]);

/** One of .maps. */
export function declaredMapSpec(
  { name, definition, slots }: DeclaredMap,
  circumstances: MapCircumstances,
): MapSpec {
  const held = [...slots].filter(
    ([, one]) => definition.type !== "prog_array" || circumstances.programs.has(one),
  );
  return {
    ...definedMap(name, definition, circumstances),
    ...(held.length === 0
      ? {}
      : { slots: held.map(([index, one]) => ({ index, name: one })).sort(byIndex) }),
    ...(definition.isPinned ? { pinPath: `${circumstances.pinFolder}/${name}` } : {}),
    ...(definition.inner === undefined
      ? {}
      : { inner: definedMap(`${name}.inner`, definition.inner, circumstances) }),
  };
}

function definedMap(
  name: string,
  definition: MapDefinition,
  circumstances: MapCircumstances,
): Omit<MapSpec, "contents" | "slots" | "inner"> {
  const { type, keySizeBytes, valueSizeBytes, flags, extra, numaNode } = definition;
  const smallest = descriptorMaps.has(type) ? 4 : 0;
  const isTyped = circumstances.hasTypes && !untypedMaps.has(type);
  const types = { key: definition.keyType ?? 0, value: definition.valueType ?? 0 };
  return {
    name,
    type,
    keySizeBytes: keySizeBytes === 0 ? smallest : keySizeBytes,
    valueSizeBytes: valueSizeBytes === 0 ? smallest : valueSizeBytes,
    maxEntries: isRing(type)
      ? ringSize(definition.maxEntries, circumstances.pageSize)
      : definition.maxEntries,
    flags,
    ...(extra === 0n ? {} : { extra }),
    ...(numaNode === undefined ? {} : { numaNode }),
    ...(isTyped && (types.key !== 0 || types.value !== 0) ? { types } : {}),
  };
}

/** Global variables: the only value of an array, which programs point into. Throws ObjectError where the kernel has none. */
export function dataMapSpec(
  file: ObjectFile,
  map: DataMap,
  circumstances: MapCircumstances,
): MapSpec {
  const { features, data, hasTypes } = circumstances;
  if (!features.includes("map_value_pointer")) {
    throw new LackingError(
      `section ${map.name}: the target's kernel has no global variables (Linux 5.2 has)`,
    );
  }
  const isShared = map.variables.some(({ isStatic }) => !isStatic);
  const isMapped = features.includes("map_mmapable") && isShared;
  const value = data.get(map.name) ?? map.contents;
  return {
    name: map.name,
    kernelName: dataMapName(file.name, map.name),
    type: "array",
    keySizeBytes: 4,
    valueSizeBytes: map.sizeBytes,
    maxEntries: 1,
    flags: (map.isReadOnly ? mapFlags.readOnlyProgram : 0) | (isMapped ? mapFlags.mmapable : 0),
    ...(value === undefined ? {} : { contents: [{ key: new Uint8Array(4), value }] }),
    ...(hasTypes && map.type !== undefined ? { types: { key: 0, value: map.type } } : {}),
    ...(map.isReadOnly ? { isFrozen: true } : {}),
  };
}

/** Settings of the kernel, as the object reads them. */
export function settingsMapSpec(
  file: ObjectFile,
  value: Uint8Array,
  { hasTypes }: MapCircumstances,
): MapSpec {
  const type = file.dataSections.get(kconfigSection)?.id;
  return {
    name: kconfigSection,
    kernelName: dataMapName(file.name, kconfigSection),
    type: "array",
    keySizeBytes: 4,
    valueSizeBytes: value.length,
    maxEntries: 1,
    flags: mapFlags.readOnlyProgram,
    contents: [{ key: new Uint8Array(4), value }],
    ...(hasTypes && type !== undefined ? { types: { key: 0, value: type } } : {}),
    isFrozen: true,
  };
}

/** As libbpf names them: as much of the object's name as leaves room for the section's, and no more than 7 of it. */
function dataMapName(object: string, section: string): string {
  const suffix = section.slice(0, 15);
  const prefix = object.slice(0, Math.max(0, Math.min(7, 15 - suffix.length)));
  return (prefix + suffix).replaceAll(/[^A-Za-z0-9_.]/g, "_");
}

function isRing(type: MapType): boolean {
  return type === "ringbuf" || type === "user_ringbuf";
}

/** The kernel takes powers of two, of a page or more. */
function ringSize(bytes: number, pageSize: number): number {
  let size = pageSize;
  while (size < bytes && size < 2 ** 31) size *= 2;
  return size;
}

function byIndex(left: { readonly index: number }, right: { readonly index: number }): number {
  return left.index - right.index;
}
