import { assertNever } from "../../asm/internal-error.js";
import { type EnumerationValue } from "../../btf/type-description.js";
import {
  type BytesType,
  type CodeType,
  type ControlGroupType,
  type StackType,
} from "../../spec/value-type.js";

/**
 * Types of the language's values. An integer, boolean, pointer, name, ksym, timestamp, username or stack lives in a register,
 * **already extended to 64 bits as its own type says** (signed ones sign-extended, all others zero-extended); all others
 * live in memory.
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
  /** An address of a process, and which process. */
  | { readonly kind: "usym" }
  /** u64 nanoseconds of a clock. */
  | TimestampType
  /** u32 */
  | { readonly kind: "username" }
  /** A number that is shown as a name. */
  | CodeType
  /** u64, a control group's number that is shown as its paths. */
  | ControlGroupType
  | BytesType
  /** u64, a stack's number: where equal ones have equal numbers. */
  | StackType
  | TupleType
  | ArrayType
  | StructType
  /** What a histogram or a time series holds: no value that could be kept elsewhere. */
  | { readonly kind: "aggregation"; readonly name: "hist" | "lhist" | "tseries" }
  /** Of a call that gives no value. */
  | { readonly kind: "none" };

export interface IntegerType {
  readonly kind: "integer";
  readonly sizeBytes: 1 | 2 | 4 | 8;
  readonly isSigned: boolean;
  /** Its numbers have names. */
  readonly enumeration?: Enumeration;
  /** What a map has gathered, which is no integer yet in bpftrace: a cast of it is never unneeded. */
  readonly isGathered?: true;
}

export interface PointerType {
  readonly kind: "pointer";
  /** Whose memory it points into: decides between probe_read_kernel and probe_read_user. */
  readonly space: AddressSpace;
  /** What `*p` and `p[i]` read; `undefined` when that is not known. */
  readonly target: Type | undefined;
}

export type AddressSpace = "kernel" | "user";

/** Bytes up to a NUL, in a buffer of `capacityBytes` that includes the NUL. */
export interface StringType {
  readonly kind: "string";
  readonly capacityBytes: number;
  /** One that fills its buffer was cut, and is shown so: what the program gave no length for. */
  readonly showsCut?: true;
  /** An array of characters that the kernel's or a program's types tell of: one less is its size, as bpftrace has it. */
  readonly isArray?: true;
}

export interface TimestampType {
  readonly kind: "timestamp";
  readonly format: string;
  readonly clock: "boottime" | "monotonic" | "realtime";
}

export interface TupleType {
  readonly kind: "tuple";
  readonly elements: readonly Type[];
  /** Of a record: what its elements are called. */
  readonly names?: readonly string[];
}

/** Values of one type, one after the other as they lie in the target's memory. */
export interface ArrayType {
  readonly kind: "array";
  readonly element: Type;
  /** From one element to the next. */
  readonly elementSizeBytes: number;
  readonly length: number;
}

/** A struct or union as it lies in the target's memory. */
export interface StructType {
  readonly kind: "struct";
  readonly structure: Structure;
  /** Whose memory its pointers point into. */
  readonly space: AddressSpace;
}

/**
 * What a struct or union is made of. It is small however large what it stands for: members are found when they are asked for. An
 * answer that is still to be asked of the target makes them absent; then the check is gone through once more.
 */
export interface Structure {
  readonly tag: "struct" | "union";
  /** "" for one without a name. */
  readonly name: string;
  /** The same for the same type. */
  readonly id: string;
  /** Not only declared: what it is made of is known. */
  isDefined(): boolean;
  /** 0 when it is not defined. */
  sizeBytes(): number;
  /** Also within members that have no name; `undefined` when there is none. */
  member(name: string, space: AddressSpace): StructureMember | undefined;
  /** Names like one that is no member's. */
  namesNear(name: string): readonly string[];
  /** In the order of their declaration. */
  members(space: AddressSpace): readonly StructureMember[];
}

/** A member of a struct or union, with its type for one kind of memory. */
export interface StructureMember {
  /** "" for one without a name. */
  readonly name: string;
  readonly type: Type;
  /** In bytes; of a bit-field, of the integer that it is cut from. */
  readonly offset: number;
  /** Bytes there. */
  readonly sizeBytes: number;
  readonly bits?: BitField;
}

/** Where a bit-field is in its integer: how far its lowest bit is from the integer's, and its size. */
export interface BitField {
  readonly shift: number;
  readonly size: number;
}

/** Names for numbers. */
export interface Enumeration {
  /** "" for one without a name. */
  readonly name: string;
  readonly id: string;
  values(): readonly EnumerationValue[];
}

export const int8: IntegerType = { kind: "integer", sizeBytes: 1, isSigned: true };
export const int64: IntegerType = { kind: "integer", sizeBytes: 8, isSigned: true };
export const uint64: IntegerType = { kind: "integer", sizeBytes: 8, isSigned: false };
export const int32: IntegerType = { kind: "integer", sizeBytes: 4, isSigned: true };
export const uint32: IntegerType = { kind: "integer", sizeBytes: 4, isSigned: false };
export const boolean: Type = { kind: "boolean" };
export const none: Type = { kind: "none" };

/** Types that count as a number: conditions, comparisons and casts take them. */
export function isNumber(type: Type): boolean {
  return type.kind === "integer" || type.kind === "boolean" || type.kind === "pointer";
}

/** Whether values of this type live in a register. */
export function fitsRegister(type: Type): boolean {
  switch (type.kind) {
    case "string":
    case "usym":
    case "tuple":
    case "array":
    case "struct":
    case "bytes":
    case "aggregation":
    case "none":
      return false;
    default:
      return true;
  }
}

/** How a type is called in a message. */
export function describeType(type: Type): string {
  switch (type.kind) {
    case "integer":
      if (type.enumeration !== undefined) return `enum ${type.enumeration.name}`.trim();
      return `${type.isSigned ? "int" : "uint"}${type.sizeBytes * 8}`;
    case "boolean":
      return "bool";
    case "pointer":
      return type.target === undefined ? "pointer" : pointerName(describeType(type.target));
    case "name":
      return "string";
    case "stack":
      return `${type.space === "kernel" ? "kstack" : "ustack"}_${type.mode}_${type.limit}`;
    case "none":
      return "nothing";
    case "aggregation":
      return `${type.name}_t`;
    case "tuple":
      return describeTuple(type);
    case "array":
      return `${describeType(type.element)}[${type.length}]`;
    case "struct":
      return structureName(type.structure);
    case "code":
      return "string";
    case "controlGroup":
      return "cgroup_path_t";
    case "bytes":
      return describeBytes(type);
    case "string":
      // What str() gives is of the length that is set, and a NUL.
      return `string[${type.showsCut === true ? type.capacityBytes - 1 : type.capacityBytes}]`;
    case "ksym":
    case "usym":
      return `${type.kind}_t`;
    case "timestamp":
    case "username":
      return type.kind;
    default:
      return assertNever(type);
  }
}

/** With what is before the bytes, as bpftrace has it. */
function describeBytes({ shows, capacityBytes }: BytesType): string {
  switch (shows) {
    case "buffer":
      return `buffer[${capacityBytes + 4}]`;
    case "address":
      return `inet[${capacityBytes + 8}]`;
    case "mac":
      return "mac_address";
  }
}

const bytesKinds = { buffer: "buffer", address: "inet", mac: "mac_address" } as const;

/** What a type is called where its size does not matter. */
export function describeKind(type: Type): string {
  switch (type.kind) {
    case "integer":
      return type.enumeration === undefined ? "int" : "enum";
    case "string":
    case "pointer":
    case "array":
      return type.kind;
    case "tuple":
      return type.names === undefined ? "tuple" : "record";
    case "stack":
      return type.space === "kernel" ? "kstack" : "ustack";
    case "bytes":
      return bytesKinds[type.shows];
    case "struct":
      return "c_type";
    default:
      return describeType(type);
  }
}

/** "struct file". */
export function structureName({ tag, name }: Structure): string {
  return `${tag} ${name === "" ? "(anonymous)" : name}`;
}

function pointerName(target: string): string {
  return target.endsWith("*") ? `${target}*` : `${target} *`;
}

function describeTuple({ elements, names }: TupleType): string {
  if (names === undefined) return `(${elements.map(describeType).join(",")})`;
  const fields = elements.map(
    (element, index) => `.${names[index] ?? ""} = ${describeType(element)}`,
  );
  return `record { ${fields.join(", ")} }`;
}

/** Whether two types are stored and read alike. */
export function isSameType(left: Type, right: Type): boolean {
  switch (left.kind) {
    case "integer":
      return right.kind === "integer" && isSameInteger(left, right);
    case "pointer":
      return (
        right.kind === "pointer" &&
        left.space === right.space &&
        isSameType(left.target ?? none, right.target ?? none)
      );
    case "string":
      return (
        right.kind === "string" &&
        left.capacityBytes === right.capacityBytes &&
        left.showsCut === right.showsCut
      );
    case "timestamp":
      return (
        right.kind === "timestamp" && left.format === right.format && left.clock === right.clock
      );
    case "tuple":
      return right.kind === "tuple" && isSameTuple(left, right);
    case "array":
      return (
        right.kind === "array" &&
        left.length === right.length &&
        isSameType(left.element, right.element)
      );
    case "struct":
      return (
        right.kind === "struct" &&
        left.structure.id === right.structure.id &&
        left.space === right.space
      );
    case "stack":
      return isSameStack(left, right);
    case "code":
      return right.kind === "code" && left.of === right.of;
    case "controlGroup":
      return right.kind === "controlGroup" && left.hierarchies === right.hierarchies;
    case "bytes":
      return (
        right.kind === "bytes" &&
        left.shows === right.shows &&
        left.capacityBytes === right.capacityBytes
      );
    default:
      return left.kind === right.kind;
  }
}

function isSameStack(left: StackType, right: Type): boolean {
  if (right.kind !== "stack") return false;
  return left.space === right.space && left.mode === right.mode && left.limit === right.limit;
}

function isSameInteger(left: IntegerType, right: IntegerType): boolean {
  return (
    left.sizeBytes === right.sizeBytes &&
    left.isSigned === right.isSigned &&
    left.enumeration?.id === right.enumeration?.id
  );
}

function isSameTuple(left: TupleType, right: TupleType): boolean {
  return (
    left.elements.length === right.elements.length &&
    (left.names ?? []).join() === (right.names ?? []).join() &&
    left.elements.every((element, index) => {
      const other = right.elements[index];
      return other !== undefined && isSameType(element, other);
    })
  );
}
