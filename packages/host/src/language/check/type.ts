/**
 * Types of the language's values. An integer, boolean, pointer, name, ksym, timestamp or username lives in a register,
 * **already extended to 64 bits as its own type says** (signed ones sign-extended, all others zero-extended); strings,
 * usyms and tuples live in memory.
 */
export type Type =
  | IntegerType
  /** 0 or 1. Comparisons, `!`, `&&`, `||`, has_key and the literals give it. */
  | { readonly kind: "boolean" }
  | PointerType
  | StringType
  /** u32, an index into TraceLayout.names. */
  | { readonly kind: "name" }
  /** u64, an address of the kernel. */
  | { readonly kind: "ksym" }
  /** u64 nanoseconds of a clock. */
  | TimestampType
  /** u32 */
  | { readonly kind: "username" }
  | TupleType
  /** Of a call that gives no value. */
  | { readonly kind: "none" };

export interface IntegerType {
  readonly kind: "integer";
  readonly sizeBytes: 1 | 2 | 4 | 8;
  readonly isSigned: boolean;
}

export interface PointerType {
  readonly kind: "pointer";
  /** Whose memory it points into: decides between probe_read_kernel and probe_read_user. */
  readonly space: AddressSpace;
  /** What `*p` and `p[i]` read; `undefined` when that is not known. */
  readonly target: IntegerType | undefined;
}

export type AddressSpace = "kernel" | "user";

/** Bytes up to a NUL, in a buffer of `capacityBytes` that includes the NUL. */
export interface StringType {
  readonly kind: "string";
  readonly capacityBytes: number;
}

export interface TimestampType {
  readonly kind: "timestamp";
  readonly format: string;
  readonly clock: "boottime" | "monotonic" | "realtime";
}

export interface TupleType {
  readonly kind: "tuple";
  readonly elements: readonly Type[];
}

export const int64: IntegerType = { kind: "integer", sizeBytes: 8, isSigned: true };
export const uint64: IntegerType = { kind: "integer", sizeBytes: 8, isSigned: false };
export const int32: IntegerType = { kind: "integer", sizeBytes: 4, isSigned: true };
export const uint32: IntegerType = { kind: "integer", sizeBytes: 4, isSigned: false };
export const boolean: Type = { kind: "boolean" };
export const none: Type = { kind: "none" };
