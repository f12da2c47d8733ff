import { LackingError, ObjectError } from "../object/object-error.js";
import { type MapSpec, type MapType } from "../spec/map-spec.js";

/** What a map has room for, where the object leaves that to the program that loads it. */
export interface MapSize {
  readonly map: string;
  readonly entries: number;
  readonly valueSizeBytes?: number;
}

/** Maps that the kernel makes only with room for something. */
const sizedMaps: ReadonlySet<MapType> = new Set<MapType>([
  "hash",
  "percpu_hash",
  "lru_hash",
  "lru_percpu_hash",
  "array",
  "percpu_array",
  "stack_trace",
  "ringbuf",
  "lpm_trie",
]);

/** The maps with other sizes. Throws ObjectError for a map that is not there, LackingError for one that has no size. */
export function withMapSizes(
  maps: readonly MapSpec[],
  sizes: readonly MapSize[],
): readonly MapSpec[] {
  const unknown = sizes.find(({ map }) => !maps.some(({ name }) => name === map));
  if (unknown !== undefined) {
    throw new ObjectError(`there is no map ${unknown.map}`, {
      hint: `the maps are: ${maps.map(({ name }) => name).join(", ")}`,
    });
  }
  return maps.map((map) => {
    const size = sizes.find((one) => one.map === map.name);
    const sized =
      size === undefined
        ? map
        : {
            ...map,
            maxEntries: size.entries,
            valueSizeBytes: size.valueSizeBytes ?? map.valueSizeBytes,
          };
    requireSize(sized);
    return sized;
  });
}

function requireSize({ name, type, maxEntries, valueSizeBytes, pinPath }: MapSpec): void {
  if (!sizedMaps.has(type) || pinPath !== undefined) return;
  const lacksValue = type === "stack_trace" && valueSizeBytes === 0;
  if (maxEntries > 0 && !lacksValue) return;
  const form = lacksValue ? `${name}=16384x1016` : `${name}=10240`;
  throw new LackingError(`map ${name}: the object does not say how large it is`, {
    hint: `say it: --map-size ${form}`,
  });
}
