import { type FieldLayout, type ValueType } from "./value-type.js";

/** How the records and maps of a compiled program are read: all that a decoder needs beside the bytes. */
export interface TraceLayout {
  /** Index = the record's id, its first u32. */
  readonly records: readonly RecordLayout[];
  /** The script's maps, in alphabetical order of their names. */
  readonly maps: readonly MapLayout[];
  /** Probe and function names, by the index that "name" values carry. */
  readonly names: readonly string[];
  /** How many probes are attached, as "Attached N probes" counts them. */
  readonly probeCount: number;
  /** Maps are printed when the trace ends. */
  readonly printsMapsAtExit: boolean;
  /** What stands behind a string that was cut; "..". */
  readonly cutMark?: string;
  /** The most that cat() shows of a file; all that comes. */
  readonly maximumCatBytes?: number;
  /** Names of C++ and Rust are shown as compilers write them. */
  readonly keepsMangledNames?: boolean;
  /** Frames of processes are shown with the lines of the source files that they were made of. */
  readonly showsSourceLines?: boolean;
}

/**
 * A record: u32 id, then the fixed fields at their offsets (naturally aligned, counted from the record's start). A
 * string's fixed field is a u16: bits 0 to 14 its length in bytes (NULs at its end are padding), bit 15 set when it was cut; 0xffff means
 * absent. The strings' bytes follow at `fixedSizeBytes`, packed, in the order of the fields. Bytes after the last string
 * are padding.
 */
export interface RecordFields {
  readonly fields: readonly FieldLayout[];
  readonly fixedSizeBytes: number;
}

export type RecordLayout =
  | ({ readonly kind: "printf"; readonly format: readonly FormatPiece[] } & RecordFields)
  /** errorf() and warnf(): a line on standard error, after the place in the program. */
  | ({
      readonly kind: "message";
      readonly level: "ERROR" | "WARNING";
      /** Of the call: "stdin:1:9-62". */
      readonly place: string;
      readonly format: readonly FormatPiece[];
    } & RecordFields)
  | RuntimeWarningLayout
  /** system(): a command to run on the target. */
  | ({ readonly kind: "system"; readonly format: readonly FormatPiece[] } & RecordFields)
  /** cat(): a file of the target's to print. */
  | ({ readonly kind: "cat"; readonly format: readonly FormatPiece[] } & RecordFields)
  /** print(value): a single field. */
  | ({ readonly kind: "printValue" } & RecordFields)
  /** All fields are strings; absent ones end the list. */
  | ({ readonly kind: "join"; readonly separator: string } & RecordFields)
  /** Printed when it is processed, in the host's time zone. */
  | { readonly kind: "time"; readonly format: string }
  | {
      readonly kind: "printMap";
      readonly map: number;
      readonly top: number;
      readonly divisor: number;
      /** It is cleared in the same step, which loses nothing that is added meanwhile. */
      readonly clears?: boolean;
    }
  | { readonly kind: "clearMap"; readonly map: number }
  | { readonly kind: "zeroMap"; readonly map: number }
  /** A single u32 field: the exit code. */
  | ({ readonly kind: "exit" } & RecordFields)
  /** emit(): fields by name; those that share a name are strings of one list, which an absent one ends. */
  | ({
      readonly kind: "event";
      readonly name: string;
      readonly fieldNames: readonly string[];
    } & RecordFields);

/** Something that goes wrong while the program runs. Its only field, an int32, is what a helper has given. */
export type RuntimeWarningLayout = {
  readonly kind: "warning";
  /** In the program: "stdin:1:9-62". */
  readonly place: string;
  readonly text: string;
  /** The line of the program with a marker below it. */
  readonly excerpt: string;
  readonly helper?: string;
} & RecordFields;

/** A literal, or one conversion that takes the next argument. */
export type FormatPiece = string | FormatConversion;

export interface FormatConversion {
  /** Any of "-+ #0". */
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  /** hh h l ll j z t, or "". */
  readonly length: string;
  /** d i u o x X c s p r rx rh. */
  readonly conversion: string;
}

export interface MapLayout {
  /** As in the script: "@", "@start". */
  readonly name: string;
  /** The MapSpec's name. */
  readonly map: string;
  readonly isPerCpu: boolean;
  /** Empty for a map without keys (it has one entry). Offsets are in the key. */
  readonly keys: readonly FieldLayout[];
  readonly keySizeBytes: number;
  readonly valueSizeBytes: number;
  readonly value: MapValueLayout;
}

/** What a map holds. Aggregations are per CPU and are combined by the reader. */
export type MapValueLayout =
  | { readonly kind: "plain"; readonly type: ValueType }
  /** u64, summed. */
  | { readonly kind: "count" }
  /** i64 or u64, summed; `isCounted`: then a u64, how many were, for a sum that may come to 0. */
  | { readonly kind: "sum"; readonly isSigned: boolean; readonly isCounted?: boolean }
  /** u64 value, u64 not 0 once set. */
  | { readonly kind: "min"; readonly isSigned: boolean }
  | { readonly kind: "max"; readonly isSigned: boolean }
  /** u64 total, u64 count. */
  | { readonly kind: "avg"; readonly isSigned: boolean }
  | { readonly kind: "stats"; readonly isSigned: boolean }
  /**
   * Counts by bucket. `storage` "array": the value is `bucketCount` u64s. "key": each bucket is an entry of its own, the
   * bucket's number is the key's last u64 (at keySizeBytes - 8) and the value a u64.
   */
  | {
      readonly kind: "hist";
      /** 2^bits buckets for each power of two. */
      readonly bits: number;
      readonly storage: "array" | "key";
      readonly bucketCount: number;
    }
  | {
      readonly kind: "lhist";
      readonly min: bigint;
      readonly max: bigint;
      readonly step: bigint;
      readonly storage: "array" | "key";
      readonly bucketCount: number;
    }
  /**
   * A value for each of the last intervals. The interval of an instant has the number (clock + alignment) / interval, all in
   * nanoseconds; the key's last u64 is that number modulo `intervals`. u64 value; u64 that is 0 when there is none, the
   * count for "avg", the clock for "last"; u64 number of the interval.
   */
  | {
      readonly kind: "tseries";
      readonly storage: "key";
      readonly keeps: SeriesKeeps;
      readonly isSigned: boolean;
      readonly intervalNanoseconds: bigint;
      readonly intervals: number;
      /** Makes intervals begin at multiples of their length since 1970. */
      readonly alignmentNanoseconds: bigint;
      readonly clock: "boottime" | "monotonic";
    };

/** What a time series makes of several values in one interval. */
export type SeriesKeeps = "last" | "sum" | "min" | "max" | "avg";
