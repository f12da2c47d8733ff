import { type MapDump } from "../output/map-dump.js";
import { type ObjectSpec } from "../spec/object-spec.js";
import { type TargetDescription } from "../spec/target-description.js";
import {
  type FormatConversion,
  type FormatPiece,
  type MapLayout,
  type MapValueLayout,
  type RecordLayout,
  type TraceLayout,
} from "../spec/trace-layout.js";
import { type TraceSpec } from "../spec/trace-spec.js";
import { type FieldLayout, type StructField, type ValueType } from "../spec/value-type.js";
import { type RecordingHeader, type RecordingLine } from "./recording-line.js";
import {
  type Guard,
  isArrayOf,
  isBigint,
  isBoolean,
  isBytes,
  isEither,
  isKindOf,
  isObject,
  isOneOf,
  isOptional,
  isString,
  isWhole,
} from "./shape.js";
import { type ActionResult, type FinalCounts, type SourceSpan } from "./trace-source.js";

/** What no machine has more of. */
const mostCpus = 1 << 16;

const isType = isKindOf<ValueType>({
  integer: {
    sizeBytes: isOneOf(1, 2, 4, 8),
    isSigned: isBoolean,
    names: isOptional(isArrayOf(isObject({ name: isString, value: isBigint }))),
  },
  boolean: {},
  pointer: { sizeBytes: isOptional(isOneOf(4, 8)) },
  string: { capacityBytes: isWhole, showsCut: isOptional(isBoolean) },
  name: {},
  ksym: {},
  usym: {},
  timestamp: { format: isString, clock: isOneOf("boottime", "monotonic", "realtime") },
  username: {},
  controlGroup: { hierarchies: isString },
  code: { of: isOneOf("error", "systemCall", "signal") },
  bytes: { shows: isOneOf("buffer", "address", "mac"), capacityBytes: isWhole },
  stack: {
    space: isOneOf("kernel", "user"),
    mode: isOneOf("bpftrace", "perf", "raw", "build_id"),
    limit: isWhole,
  },
  tuple: { elements: isFields, sizeBytes: isWhole, names: isOptional(isArrayOf(isString)) },
  array: { element: isAnyType, elementSizeBytes: isWhole, length: isWhole },
  struct: { fields: isStructFields, sizeBytes: isWhole },
});

/** Declared as functions: types hold types. */
function isAnyType(value: unknown): value is ValueType {
  return isType(value);
}

function isStructFields(value: unknown): value is readonly StructField[] {
  return isArrayOf(
    isObject<StructField>({
      name: isString,
      type: isType,
      offset: isWhole,
      bits: isOptional(isObject({ shift: isWhole, size: isWhole })),
    }),
  )(value);
}

function isFields(value: unknown): value is readonly FieldLayout[] {
  return isArrayOf(isObject<FieldLayout>({ type: isType, offset: isWhole }))(value);
}

const fields = { fields: isFields, fixedSizeBytes: isWhole };

const isConversion = isObject<FormatConversion>({
  flags: isString,
  width: isOptional(isWhole),
  precision: isOptional(isWhole),
  length: isString,
  conversion: isString,
});

const formatted = { ...fields, format: isArrayOf<FormatPiece>(isEither(isString, isConversion)) };

const isRecord = isKindOf<RecordLayout>({
  printf: formatted,
  message: { ...formatted, level: isOneOf("ERROR", "WARNING"), place: isString },
  warning: {
    ...fields,
    place: isString,
    text: isString,
    excerpt: isString,
    helper: isOptional(isString),
  },
  system: formatted,
  cat: formatted,
  printValue: fields,
  join: { ...fields, separator: isString },
  time: { format: isString },
  printMap: { map: isWhole, top: isWhole, divisor: isWhole, clears: isOptional(isBoolean) },
  clearMap: { map: isWhole },
  zeroMap: { map: isWhole },
  exit: fields,
  event: { ...fields, name: isString, fieldNames: isArrayOf(isString) },
});

const signed = { isSigned: isBoolean };
const buckets = { storage: isOneOf("array", "key"), bucketCount: isWhole };

const isMapValue = isKindOf<MapValueLayout>({
  plain: { type: isType },
  count: {},
  sum: { ...signed, isCounted: isOptional(isBoolean) },
  min: signed,
  max: signed,
  avg: signed,
  stats: signed,
  hist: { ...buckets, bits: isWhole },
  lhist: { ...buckets, min: isBigint, max: isBigint, step: isBigint },
  tseries: {
    storage: isOneOf("key"),
    keeps: isOneOf("last", "sum", "min", "max", "avg"),
    isSigned: isBoolean,
    intervalNanoseconds: (value): value is bigint => isBigint(value) && value > 0n,
    intervals: (value): value is number => isWhole(value) && value > 0,
    alignmentNanoseconds: isBigint,
    clock: isOneOf("boottime", "monotonic"),
  },
});

const isLayoutShape = isObject<TraceLayout>({
  records: isArrayOf(isRecord),
  maps: isArrayOf(
    isObject<MapLayout>({
      name: isString,
      map: isString,
      isPerCpu: isBoolean,
      keys: isFields,
      keySizeBytes: isWhole,
      valueSizeBytes: isWhole,
      value: isMapValue,
    }),
  ),
  names: isArrayOf(isString),
  probeCount: isWhole,
  printsMapsAtExit: isBoolean,
  cutMark: isOptional(isString),
  maximumCatBytes: isOptional(isWhole),
  keepsMangledNames: isOptional(isBoolean),
  showsSourceLines: isOptional(isBoolean),
});

/** Of what was loaded only this is looked at again: its maps' types, and whether anything was attached. */
const isLoadedObject = isObject<{
  readonly maps: readonly { readonly type: string }[];
  readonly attachments: readonly object[];
}>({
  maps: isArrayOf(isObject({ type: isString })),
  attachments: isArrayOf(isObject({})),
}) as Guard<ObjectSpec>;

const isTarget = isObject<
  Pick<
    TargetDescription,
    "byteOrder" | "possibleCpuCount" | "realtimeMinusBoottime" | "realtimeMinusMonotonic"
  >
>({
  byteOrder: isOneOf("little", "big"),
  possibleCpuCount: (value): value is number => isWhole(value) && value > 0 && value <= mostCpus,
  realtimeMinusBoottime: isBigint,
  realtimeMinusMonotonic: isBigint,
  // The rest of it says where the recording was made, and is not looked at.
}) as Guard<TargetDescription>;

const isHeader = isObject<RecordingHeader>({
  format: isOneOf("sonde recording"),
  version: isOneOf(1),
  source: isString,
  spec: isObject<TraceSpec>({ object: isLoadedObject, layout: isLayoutShape }),
  target: isTarget,
});

const isLine = isKindOf<RecordingLine>({
  header: { header: isHeader },
  span: {
    at: isBigint,
    span: isObject<SourceSpan>({
      channel: (value): value is number => isWhole(value) && value < mostCpus,
      position: isBigint,
      lost: isBigint,
      bytes: isBytes,
    }),
  },
  dump: {
    map: isString,
    dump: isObject<MapDump>({ count: isWhole, keys: isBytes, values: isBytes }),
  },
  symbol: { address: isBigint, name: isString, offset: isBigint },
  userSymbol: {
    pid: isWhole,
    address: isBigint,
    name: isString,
    offset: isBigint,
    file: isOptional(isString),
    source: isOptional(isObject({ path: isString, line: isWhole })),
  },
  stack: { limit: isWhole, stack: isBigint, pid: isWhole, frames: isArrayOf(isBigint) },
  controlGroup: {
    id: isBigint,
    paths: isArrayOf(isObject({ hierarchy: isString, path: isString })),
  },
  action: {
    result: isObject<ActionResult>({ output: isString, messages: isArrayOf(isString) }),
  },
  finish: {
    counts: isObject<FinalCounts>({
      positions: isArrayOf(isBigint),
      lost: isBigint,
      failedUpdates: isBigint,
      missedRuns: isBigint,
    }),
  },
});

export const isDump = isObject<MapDump>({ count: isWhole, keys: isBytes, values: isBytes });

/** Whether a value has the form of a layout. */
export function isLayout(value: unknown): value is TraceLayout {
  return isLayoutShape(value) && namesItsMaps(value);
}

/** Whether a value has the form of a recording's line, as far as anything of it is used; bytes are checked by their decoders. */
export function isRecordingLine(value: unknown): value is RecordingLine {
  if (!isLine(value)) return false;
  return value.kind !== "header" || namesItsMaps(value.header.spec.layout);
}

function namesItsMaps({ records, maps }: TraceLayout): boolean {
  return records.every((record) => !("map" in record) || record.map < maps.length);
}
