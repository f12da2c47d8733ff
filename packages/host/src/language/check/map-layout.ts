import { allocatesOneByOne } from "../../spec/hash-allocation.js";
import { mapFlags, type MapSpec } from "../../spec/map-spec.js";
import { type TargetDescription } from "../../spec/target-description.js";
import { type MapLayout, type MapValueLayout } from "../../spec/trace-layout.js";
import { assertNever } from "../../asm/internal-error.js";
import { type CheckedMap } from "./checked-program.js";
import { type Aggregation, type MapState } from "./map-table.js";
import { none } from "./type.js";
import { alignUp, placeFields, sizeOfValue, valueTypeOf } from "./value-layout.js";

/**
 * How a map is laid out in the kernel. Plain maps are hashes, those without keys with a single u64 key, 0, so that an
 * entry that was never set does not exist. Aggregations are per CPU: an array of one without keys, a hash with them, and
 * where the program reads them itself, since an array cannot be cleared.
 */
export function layOutMap(
  state: MapState,
  maximumMapKeys: number,
  target: TargetDescription,
): CheckedMap {
  const keyTypes = (state.keys?.slots ?? []).map(({ type }) => type);
  const contents = state.contents?.contents;
  const aggregation = contents?.kind === "aggregation" ? contents.aggregation : undefined;
  const valueType = contents?.kind === "plain" ? contents.slot.type : none;
  const isSeries = aggregation?.kind === "tseries";
  const isHash = keyTypes.length > 0 || state.isRead === true || isSeries;
  const placed = placeFields(keyTypes.map(valueTypeOf));
  const value: MapValueLayout =
    aggregation === undefined
      ? { kind: "plain", type: valueTypeOf(valueType) }
      : layOutAggregation(aggregation, { isHash, isKeyed: keyTypes.length > 0, state }, target);
  const storesBuckets = "storage" in value && value.storage === "key";
  const layout: MapLayout = {
    name: state.name,
    map: `AT_${state.name.slice(1)}`,
    isPerCpu: aggregation !== undefined,
    keys: placed.fields,
    keySizeBytes: keySize(placed.sizeBytes, {
      isArray: aggregation !== undefined && !isHash,
      storesBuckets,
    }),
    valueSizeBytes: valueSize(value),
    value,
  };
  const maxEntries = keyTypes.length > 0 ? maximumMapKeys : isSeries ? aggregation.intervals : 1;
  const spec: MapSpec = {
    name: layout.map,
    type: aggregation === undefined ? "hash" : isHash ? "percpu_hash" : "percpu_array",
    keySizeBytes: layout.keySizeBytes,
    valueSizeBytes: layout.valueSizeBytes,
    maxEntries,
    flags: isHash && leavesAllocation(layout, maxEntries, target) ? mapFlags.noPreallocation : 0,
  };
  return { name: state.name, layout, spec, keyTypes, valueType };
}

/** As much as that is allocated at the start for all entries, on all CPUs. */
const allocatedBytes = 4 << 20;

/**
 * Of what lies on each CPU the kernel keeps three free values at hand, and new keys come faster than that where interrupts are
 * off: such a map has all its entries from the start, where it is small.
 */
function leavesAllocation(
  { isPerCpu, keySizeBytes, valueSizeBytes }: MapLayout,
  maxEntries: number,
  target: TargetDescription,
): boolean {
  if (!allocatesOneByOne(target)) return false;
  const entryBytes = keySizeBytes + valueSizeBytes * target.possibleCpuCount;
  return !isPerCpu || entryBytes * maxEntries > allocatedBytes;
}

function keySize(
  fieldsBytes: number,
  form: { readonly isArray: boolean; readonly storesBuckets: boolean },
): number {
  if (form.isArray) return 4;
  if (form.storesBuckets) return alignUp(fieldsBytes, 8) + 8;
  if (fieldsBytes === 0) return 8;
  return fieldsBytes <= 4 ? 4 : alignUp(fieldsBytes, 8);
}

function valueSize(value: MapValueLayout): number {
  switch (value.kind) {
    case "plain":
      return alignUp(sizeOfValue(value.type), 8);
    case "count":
      return 8;
    case "sum":
      return value.isCounted === true ? 16 : 8;
    case "min":
    case "max":
    case "avg":
    case "stats":
      return 16;
    case "hist":
    case "lhist":
      return value.storage === "key" ? 8 : value.bucketCount * 8;
    case "tseries":
      return 24;
    default:
      return assertNever(value);
  }
}

function layOutAggregation(
  aggregation: Aggregation,
  form: { readonly isHash: boolean; readonly isKeyed: boolean; readonly state: MapState },
  target: TargetDescription,
): MapValueLayout {
  const storage = form.isKeyed ? "key" : "array";
  switch (aggregation.kind) {
    case "hist":
      return { ...aggregation, storage, bucketCount: histogramBuckets(aggregation.bits) };
    case "lhist":
      return { ...aggregation, storage, bucketCount: linearBuckets(aggregation) };
    case "tseries": {
      const isBoottime = target.features.includes("ktime_get_boot_ns");
      const offset = isBoottime ? target.realtimeMinusBoottime : target.realtimeMinusMonotonic;
      const interval = aggregation.intervalNanoseconds;
      return {
        ...aggregation,
        storage: "key",
        alignmentNanoseconds: ((offset % interval) + interval) % interval,
        clock: isBoottime ? "boottime" : "monotonic",
      };
    }
    case "sum": {
      const { kind, isSigned } = aggregation;
      // An array's value is there before anything is added to it.
      const isCounted = !form.isHash && form.state.mayBeZero === true;
      return { kind, isSigned, ...(isCounted ? { isCounted } : {}) };
    }
    default:
      return aggregation;
  }
}

/** Buckets of hist(n, bits): number 0 for negative values, then up to that of 2^63 - 1. */
/** As many as hist(n, bits) has. */
export function histogramBuckets(bits: number): number {
  return (63 - bits + 1) * 2 ** bits + 1;
}

/** Buckets of lhist: number 0 for what is below `min`, the last for `max` and what is above it. */
export function linearBuckets(form: {
  readonly min: bigint;
  readonly max: bigint;
  readonly step: bigint;
}): number {
  return Number((form.max - form.min) / form.step) + 2;
}
