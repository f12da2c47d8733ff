/**
 * The type of a value in a record or a map: how its bytes are read and what it is to a reader. All but strings are
 * stored in their natural size and alignment, in the target's byte order.
 */
export type ValueType =
  | {
      readonly kind: "integer";
      readonly sizeBytes: 1 | 2 | 4 | 8;
      readonly isSigned: boolean;
      /** Numbers of an enumeration, which print as these. */
      readonly names?: readonly { readonly name: string; readonly value: bigint }[];
    }
  | { readonly kind: "boolean" } // 1 byte
  /** Printed in hexadecimal; 8 bytes, but in structs and arrays of the target's as many as there. */
  | { readonly kind: "pointer"; readonly sizeBytes?: 4 | 8 }
  /** In a map: NUL-padded to `capacityBytes`. In a record: see RecordLayout. */
  | {
      readonly kind: "string";
      readonly capacityBytes: number;
      /** What fills it was cut, and is shown so. */
      readonly showsCut?: boolean;
    }
  /** u32 index into TraceLayout.names: the probe and func builtins. */
  | { readonly kind: "name" }
  /** 8 bytes, an address of the kernel, printed as its symbol. */
  | { readonly kind: "ksym" }
  /** 16 bytes: u64 address, u32 pid, u32 zero. */
  | { readonly kind: "usym" }
  /** 8 bytes, the number of a stack that is kept in a map of its own; 0 for an empty one. */
  | StackType
  /** 8 bytes, nanoseconds of the clock, printed with strftime's format (`names` index is not used: the text stands here). */
  | {
      readonly kind: "timestamp";
      readonly format: string;
      readonly clock: "boottime" | "monotonic" | "realtime";
    }
  /** 8 bytes, a control group's number, printed as its paths in those hierarchies of the target's whose names match a pattern. */
  | ControlGroupType
  /** 4 bytes, printed as the user's name on the target. */
  | { readonly kind: "username" }
  /** 8 bytes, a number that stands for a name: an error's, a system call's (of the target's architecture), a signal's. */
  | CodeType
  | BytesType
  /** Elements at their offsets, `sizeBytes` in all; those of a record have names. */
  | {
      readonly kind: "tuple";
      readonly elements: readonly FieldLayout[];
      readonly sizeBytes: number;
      readonly names?: readonly string[];
    }
  /** `length` values, each `elementSizeBytes` behind the one before. */
  | {
      readonly kind: "array";
      readonly element: ValueType;
      readonly elementSizeBytes: number;
      readonly length: number;
    }
  /** A struct or union as it lay in the target's memory; strings in it may fill their place. */
  | {
      readonly kind: "struct";
      readonly fields: readonly StructField[];
      readonly sizeBytes: number;
    };

export interface ControlGroupType {
  readonly kind: "controlGroup";
  readonly hierarchies: string;
}

export interface CodeType {
  readonly kind: "code";
  readonly of: "error" | "systemCall" | "signal";
}

/**
 * u64, then `capacityBytes` of bytes: a "buffer", of which the u64 says how many count; an "address" of the internet's, its family (2
 * or 10); a "mac", the address of a network card.
 */
export interface BytesType {
  readonly kind: "bytes";
  readonly shows: "buffer" | "address" | "mac";
  readonly capacityBytes: number;
}

/** What a stack is of, and how it is shown. */
export interface StackType {
  readonly kind: "stack";
  readonly space: "kernel" | "user";
  readonly mode: StackMode;
  /** Words at most: frames, the innermost ones; with "build_id" four for each. */
  readonly limit: number;
}

/** "bpftrace": names and offsets; "perf": addresses too; "raw": addresses alone; "build_id": files' build ids and offsets in them. */
export type StackMode = "bpftrace" | "perf" | "raw" | "build_id";

/** Whether frames are shown by the names of symbols. */
export function namesFrames(mode: StackMode): boolean {
  return mode === "bpftrace" || mode === "perf";
}

export interface FieldLayout {
  readonly type: ValueType;
  readonly offset: number;
}

export interface StructField extends FieldLayout {
  /** "" for a member without a name, whose own are printed in its place. */
  readonly name: string;
  /** Of a bit-field, which is cut from the integer at `offset`: how far its lowest bit is from that of the integer, and its size. */
  readonly bits?: { readonly shift: number; readonly size: number };
}
