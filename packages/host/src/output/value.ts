import { type StackMode } from "../spec/value-type.js";
import { type SymbolName } from "./decode-context.js";

/** What a decoded field is: the only thing that formatters see. 64-bit integers are bigint from here to the printer. */
export type Value =
  | {
      readonly kind: "integer";
      readonly value: bigint;
      readonly sizeBytes: 1 | 2 | 4 | 8;
      readonly isSigned: boolean;
      /** Of an enumeration: what the number is called. */
      readonly name?: string;
    }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "pointer"; readonly value: bigint }
  | {
      readonly kind: "string";
      readonly value: string;
      readonly isCut: boolean;
      /** What stands behind it when it was cut, if not "..". */
      readonly cutMark?: string;
    }
  | { readonly kind: "tuple"; readonly elements: readonly Value[] }
  | { readonly kind: "array"; readonly elements: readonly Value[] }
  /** A struct of the target's, or a tuple with names. */
  | {
      readonly kind: "record";
      readonly fields: readonly { readonly name: string; readonly value: Value }[];
    }
  /** A kernel or user address and what it was resolved to, when it was. */
  | {
      readonly kind: "symbol";
      readonly address: bigint;
      readonly name: string | undefined;
      readonly offset: bigint;
    }
  /** From the innermost frame; none when there was no stack, or no room for it. */
  | {
      readonly kind: "stack";
      readonly space: "kernel" | "user";
      readonly mode: StackMode;
      readonly frames: readonly Frame[];
    }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** Text that the decoder made of the bytes: a probe's name, a user's name, a time. */
  | { readonly kind: "text"; readonly value: string };

/** An address in a stack, and the symbol it lies in, when that is known. */
export interface Frame {
  /** With a build id: the offset in that file. */
  readonly address: bigint;
  readonly symbol: SymbolName | undefined;
  readonly buildId?: string;
}

/** One entry of a map, read and combined over CPUs. */
export interface MapEntry {
  readonly key: readonly Value[];
  readonly value: MapValue;
}

export type MapValue =
  | { readonly kind: "plain"; readonly value: Value }
  | { readonly kind: "number"; readonly value: bigint }
  | {
      readonly kind: "average";
      readonly count: bigint;
      readonly total: bigint;
      readonly average: bigint;
    }
  | {
      readonly kind: "statistics";
      readonly count: bigint;
      readonly total: bigint;
      readonly average: bigint;
    }
  /** `low` and `high` are closed bounds; undefined when the bucket is open on that side. Buckets are in rising order. */
  | {
      readonly kind: "histogram";
      readonly isLinear: boolean;
      /** Of a linear one: the width of all buckets that are not open. */
      readonly step?: bigint;
      /** From the first that is not empty to the last. */
      readonly buckets: readonly Bucket[];
    }
  /** A value for each interval of time, from the first that has one to the last that another entry of the map has. */
  | {
      readonly kind: "series";
      readonly intervalNanoseconds: bigint;
      readonly points: readonly Point[];
    };

export interface Point {
  /** "2026-11-30 02:40:15.000000000" */
  readonly start: string;
  readonly value: bigint | undefined;
}

export interface Bucket {
  readonly low: bigint | undefined;
  readonly high: bigint | undefined;
  readonly count: bigint;
}

/** A call of errorf() or warnf(), or what went wrong: what it says, and where it stands in the program. */
export interface MessageCall {
  readonly level: "ERROR" | "WARNING";
  /** "stdin:1:9-62" */
  readonly place: string;
  readonly text: string;
  /** Of what went wrong. */
  readonly fault?: {
    /** The helper that gave a number: */
    readonly helper?: { readonly name: string; readonly code: bigint };
  };
}

/** What a trace produces, in program order: what formatters print and scripts iterate over. */
export type TraceEvent =
  | { readonly kind: "printf"; readonly text: string; readonly args: readonly Value[] }
  /** errorf(), warnf(): a line for standard error. */
  | { readonly kind: "message"; readonly text: string; readonly call?: MessageCall }
  /** What a command that system() ran has written; a file that cat() named. */
  | { readonly kind: "output"; readonly from: "system" | "cat"; readonly text: string }
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "join"; readonly text: string }
  | { readonly kind: "time"; readonly text: string }
  | {
      readonly kind: "map";
      readonly name: string;
      readonly entries: readonly MapEntry[];
      readonly isAggregation: boolean;
      /** What avg() or stats() gather: JSON tells of those also when there is nothing in them. */
      readonly isStatistics?: true;
    }
  /** A tool's record: its fields by name. */
  | {
      readonly kind: "event";
      readonly name: string;
      readonly fields: Readonly<Record<string, Value>>;
    }
  | { readonly kind: "attached"; readonly probes: number }
  /** Records lost since the last such event. */
  | { readonly kind: "lost"; readonly count: bigint };
