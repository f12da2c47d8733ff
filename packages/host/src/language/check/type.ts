import { assertNever } from "../../asm/internal-error.js";
import { type StackType } from "../../spec/value-type.js";

/**
 * Types of the language's values. An integer, boolean, pointer, name, ksym, timestamp, username or stack lives in a register,
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
  /** u64, a stack's number: where equal ones have equal numbers. */
  | StackType
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
export const uint32: IntegerType = { kind: "integer", sizeBytes: 4, isSigned: false };
export const boolean: Type = { kind: "boolean" };
export const none: Type = { kind: "none" };

/** Types that count as a number: conditions, comparisons and casts take them. */
export function isNumber(type: Type): boolean {
  return type.kind === "integer" || type.kind === "boolean" || type.kind === "pointer";
}

/** How a type is called in a message. */
export function describeType(type: Type): string {
  switch (type.kind) {
    case "integer":
      return `${type.isSigned ? "int" : "uint"}${type.sizeBytes * 8}`;
    case "boolean":
      return "bool";
    case "pointer":
      return type.target === undefined ? "pointer" : `${describeType(type.target)} *`;
    case "name":
      return "string";
    case "stack":
      return type.space === "kernel" ? "kstack" : "ustack";
    case "none":
      return "nothing";
    case "tuple":
      return `(${type.elements.map(describeType).join(", ")})`;
    case "string":
    case "ksym":
    case "timestamp":
    case "username":
      return type.kind;
    default:
      return assertNever(type);
  }
}

/** Whether two types are stored and read alike. */
export function isSameType(left: Type, right: Type): boolean {
  if (left.kind === "tuple" && right.kind === "tuple") {
    return (
      left.elements.length === right.elements.length &&
      left.elements.every((element, index) => {
        const other = right.elements[index];
        return other !== undefined && isSameType(element, other);
      })
    );
  }
  if (left.kind === "integer" && right.kind === "integer") {
    return left.sizeBytes === right.sizeBytes && left.isSigned === right.isSigned;
  }
  if (left.kind === "pointer" && right.kind === "pointer") {
    return left.space === right.space && isSameType(left.target ?? none, right.target ?? none);
  }
  if (left.kind === "string" && right.kind === "string") {
    return left.capacityBytes === right.capacityBytes;
  }
  if (left.kind === "timestamp" && right.kind === "timestamp") {
    return left.format === right.format && left.clock === right.clock;
  }
  return left.kind === "stack" ? isSameStack(left, right) : left.kind === right.kind;
}

function isSameStack(left: StackType, right: Type): boolean {
  if (right.kind !== "stack") return false;
  return left.space === right.space && left.mode === right.mode && left.limit === right.limit;
}
