import { type helpers } from "../../asm/helpers.js";
import { type AttachmentSpec, type RunSpec } from "../../spec/attachment-spec.js";
import { type MapSpec } from "../../spec/map-spec.js";
import { type ProgramPlace, type ProgramType } from "../../spec/program-spec.js";
import { type MapLayout, type TraceLayout } from "../../spec/trace-layout.js";
import { type UnwindFile } from "../../spec/unwind-table.js";
import { type BytesType, type StackType } from "../../spec/value-type.js";
import { type unwindMembers } from "./unwind-members.js";
import { type Span } from "../syntax/span.js";
import { type RuntimeWarnings } from "./runtime-warnings.js";
import { type AddressSpace, type PointerType, type StringType, type Type } from "./type.js";

/**
 * A program that can be compiled: names are resolved, wildcards expanded, constants folded, every expression has its type,
 * every record and map its layout. `lower/` needs nothing else beside the target's description.
 *
 * Values are stored by the type of where they go (a field of a record, key or value, a scratch variable's type): the
 * low bytes of the register for an integer, at the target's byte order. No conversion is written for that: a register
 * always holds the value extended to 64 bits as its own type says, so widening is free and narrowing is the store.
 */
export interface CheckedProgram {
  /** One for each concrete attach point, in the order of the program; each is compiled by itself. */
  readonly probes: readonly CheckedProbe[];
  /** By map id; alphabetical, parallel to `layout.maps`. */
  readonly maps: readonly CheckedMap[];
  /** Record ids are indexes into `layout.records`. */
  readonly layout: TraceLayout;
  readonly config: CheckedConfig;
  /** `elapsed` is read somewhere: the time of the start must be kept. */
  readonly usesElapsed: boolean;
  /** Tells of what goes wrong while it runs. */
  readonly warnings?: RuntimeWarnings;
  /** How many frames stacks are taken of, each once. */
  readonly stackLimits: readonly number[];
  /** What stacks are unwound by that are not taken by frame pointers. */
  readonly unwinding?: Unwinding;
}

/** Whose stacks are unwound. */
export interface UnwindTargets {
  readonly pids: readonly number[];
  /** Programs that do not run yet, as people name them. */
  readonly programs: readonly string[];
}

export interface Unwinding {
  readonly files: readonly UnwindFile[];
  readonly members: UnwindMembers;
}

/** Offsets of members of the kernel's that lead from a task to the files of its memory, in bytes. */
export type UnwindMembers = Readonly<Record<keyof typeof unwindMembers, number>>;

export interface CheckedConfig {
  /** Capacity of a string that goes into a record and has no length of its own: 1025, or max_strlen and its NUL. */
  readonly recordStringBytes: number;
  /** Of one in a map, a variable or a comparison: the same; 64 where keys cannot be so long. */
  readonly storedStringBytes: number;
  readonly maximumMapKeys: number;
  readonly printsMapsAtExit: boolean;
  /** Size of the ring in pages (perf_rb_pages); `undefined`: the compiler's choice. */
  readonly ringPages: number | undefined;
  /** What the kernel is told of the programs. */
  readonly license: string;
}

export interface CheckedProbe {
  /** As `probe` prints it: "tracepoint:syscalls:sys_enter_openat". Not unique. */
  readonly name: string;
  readonly programType: ProgramType;
  readonly place: ProgramPlace | undefined;
  readonly attachment: ProbeAttachment;
  /** What the program's context is. */
  readonly context: ProbeContext;
  /** Further places that the same program is attached to. */
  readonly others?: readonly Pick<CheckedProbe, "name" | "attachment">[];
  /** To all of them at once: uprobes or kprobes. */
  readonly isJoined?: true;
  /** Of joined probes that ask where they are, itself first: indexes of what `probe` (low 32 bits) and `func` print. */
  readonly cookies?: readonly bigint[];
  /** It stands for the tracepoints of these system calls, in the order of their numbers, and leaves out all others. */
  readonly systemCalls?: SystemCalls;
  /** In code of 32 bits on a target of 64. */
  readonly is32Bit?: true;
  /** Zero: the program ends at once. */
  readonly predicate: CheckedExpression | undefined;
  readonly body: readonly CheckedStatement[];
  /** By scratch id. Each is zero (an empty string) until it is assigned. */
  readonly scratches: readonly { readonly name: string; readonly type: Type }[];
  readonly span: Span;
}

export interface SystemCalls {
  readonly calls: readonly { readonly number: number }[];
  readonly number: CheckedExpression;
  /** Not zero: left out, whatever its number. */
  readonly isForeign: CheckedExpression;
  /** By place in `calls`, the names' indexes in the layout, when the program asks for them. */
  readonly nameIndexes: readonly number[] | undefined;
}

type WithoutProgram<Spec> = Spec extends unknown ? Omit<Spec, "program"> : never;

/** BEGIN and END are run, all others attached: an AttachmentSpec less the program's name. */
export type ProbeAttachment =
  { readonly kind: "run"; readonly when: RunSpec["when"] } | WithoutProgram<AttachmentSpec>;

export type ProbeContext =
  /** BEGIN, END: nothing to read. */
  | "none"
  /** The trace record; offsets are those of the tracefs format. */
  | "tracepoint"
  /** Array of u64 arguments. */
  | "rawTracepoint"
  /** struct pt_regs of the target's architecture: kprobe, kretprobe, uprobe, uretprobe. */
  | "registers"
  /** struct bpf_perf_event_data: interval, profile, software. */
  | "perfEvent";

export interface CheckedMap {
  /** As in the script: "@start". */
  readonly name: string;
  readonly layout: MapLayout;
  /** `layout.map` is its name. A plain map without keys is a hash with one u64 key, 0: an entry that was never set does not exist. */
  readonly spec: MapSpec;
  /** Parallel to `layout.keys`. */
  readonly keyTypes: readonly Type[];
  /** Of plain maps; "none" for aggregations. */
  readonly valueType: Type;
}

export type CheckedStatement =
  /** Evaluated for what it does: its value is not wanted. */
  | { readonly kind: "evaluate"; readonly expression: CheckedExpression; readonly span: Span }
  /**
   * `target = value`, or `target op= value` (integers only; the target is read and written, a map entry that does not exist
   * counts as 0). `type` of the operation is the target's.
   */
  | {
      readonly kind: "assign";
      readonly target: Place;
      readonly operation: IntegerOperation | undefined;
      readonly value: CheckedExpression;
      readonly span: Span;
    }
  /**
   * Adds to an aggregation; which one is in the map's layout. `value` is `undefined` for count, an integer for all others
   * (hist and lhist compare it as a signed 64-bit number).
   */
  | {
      readonly kind: "aggregate";
      readonly map: number;
      readonly keys: readonly CheckedExpression[];
      readonly value: CheckedExpression | undefined;
      readonly span: Span;
    }
  /** `delete(@m, k)`; what is not there is no error. */
  | {
      readonly kind: "delete";
      readonly map: number;
      readonly keys: readonly CheckedExpression[];
      readonly span: Span;
    }
  /**
   * Writes a record: printf, print(value), emit, join, exit (one u32, then the program returns). `values` are parallel to
   * the layout's first fields, the rest are the list's. `isControl`: exit must get through when ordinary records are
   * refused.
   */
  | {
      readonly kind: "record";
      readonly record: number;
      readonly values: readonly CheckedExpression[];
      readonly list: StringList | undefined;
      readonly isControl: boolean;
      readonly span: Span;
    }
  /**
   * A line for the kernel's trace_pipe, by a format of the kernel's own (bpf_trace_printk, and bpf_trace_vprintk for more
   * than three values); or text for who reads a pinned iterator (bpf_seq_printf). Values are strings, and numbers, which are
   * passed in 64 bits.
   */
  | {
      readonly kind: "debug";
      readonly into: "trace_pipe" | "iterator";
      readonly format: string;
      readonly values: readonly CheckedExpression[];
      readonly span: Span;
    }
  /** Writes a record without fields: print(@m), clear(@m), zero(@m), time(). */
  | { readonly kind: "control"; readonly record: number; readonly span: Span }
  | {
      readonly kind: "if";
      readonly condition: CheckedExpression;
      readonly then: readonly CheckedStatement[];
      readonly otherwise: readonly CheckedStatement[];
      readonly span: Span;
    }
  /** The body, `count` times over (0 to 100). */
  | {
      readonly kind: "unroll";
      readonly count: number;
      readonly body: readonly CheckedStatement[];
      readonly span: Span;
    }
  /** The body as long as the condition is not zero. */
  | {
      readonly kind: "while";
      readonly condition: CheckedExpression;
      readonly body: readonly CheckedStatement[];
      readonly span: Span;
    }
  /** The body for each number from `first` on that is less than `last`, in an int64; both are evaluated once. */
  | {
      readonly kind: "range";
      readonly scratch: number;
      readonly first: CheckedExpression;
      readonly last: CheckedExpression;
      readonly body: readonly CheckedStatement[];
      readonly span: Span;
    }
  /** The body for each entry of a map with keys, in a tuple of its key, which is a tuple of several, and its value. */
  | {
      readonly kind: "entries";
      readonly scratch: number;
      readonly map: number;
      readonly body: readonly CheckedStatement[];
      readonly span: Span;
    }
  /** Of the innermost loop. */
  | { readonly kind: "jump"; readonly word: "break" | "continue"; readonly span: Span }
  | { readonly kind: "return"; readonly span: Span };

/**
 * Strings that are read through an array of pointers of the target's size until a null pointer or the layout's last field;
 * the rest are marked absent.
 */
export interface StringList {
  readonly pointers: CheckedExpression;
  readonly space: AddressSpace;
}

/** What can be assigned. */
export type Place =
  | { readonly kind: "scratch"; readonly scratch: number; readonly type: Type }
  /** `keys` are parallel to the layout's; a plain map. */
  | {
      readonly kind: "map";
      readonly map: number;
      readonly keys: readonly CheckedExpression[];
      readonly type: Type;
    };

/** 64-bit operations; whether division, modulo and right shift are signed is said by the expression's (or target's) type. */
export type IntegerOperation =
  | "add"
  | "subtract"
  | "multiply"
  /** By zero: 1. */
  | "divide"
  /** By zero: 1. */
  | "modulo"
  | "and"
  | "or"
  | "xor"
  | "shiftLeft"
  | "shiftRight";

export type CompareOperation =
  "equal" | "different" | "less" | "lessOrEqual" | "greater" | "greaterOrEqual";

export type HelperName = keyof typeof helpers;

/** Values a program can ask for anywhere. */
export type BuiltinName =
  /** u32, the process (tgid), as the agent's pid namespace numbers it. */
  | "pid"
  /** u32, the thread. */
  | "tid"
  /** The same in the initial pid namespace. */
  | "initialPid"
  | "initialTid"
  /** u32 */
  | "uid"
  /** u32 */
  | "gid"
  /** string of 16. */
  | "comm"
  /** u64: boottime where the target has "ktime_get_boot_ns", else monotonic. */
  | "nsecs"
  /** u64, nanoseconds since the start. */
  | "elapsed"
  /** u32 */
  | "cpu"
  /** Kernel pointer. */
  | "curtask"
  /** Pointer to the program's context. */
  | "ctx"
  /** u32 */
  | "rand"
  /** Name, of probes with system calls, and of joined ones. */
  | "probe"
  /** Name, of joined probes. */
  | "func";

interface Typed<T extends Type = Type> {
  readonly type: T;
  readonly span: Span;
}

/** Where an expression's value comes from. Constants are folded: an operation has at least one operand that is not one. */
export type CheckedExpression =
  /** Integers, booleans (0, 1), pointers, names. Already in the range of its type: negative when it is signed and so. */
  | ({
      readonly kind: "constant";
      readonly value: bigint;
      /** The program names a number: whatever holds its value may be its type. */
      readonly isLiteral?: true;
    } & Typed)
  /** Shorter than its type's capacity when encoded as UTF-8; without NUL. */
  | ({
      readonly kind: "stringConstant";
      readonly value: string;
      /** With a NUL and what stands behind it, where the literal has that. */
      readonly whole?: string;
    } & Typed<StringType>)
  | ({ readonly kind: "builtin"; readonly name: BuiltinName } & Typed)
  /**
   * arg0 …: of "registers" contexts the calling convention's n-th argument (a register's width, zero-extended), of
   * "rawTracepoint" ones the n-th u64, cut to its type.
   */
  | ({ readonly kind: "argument"; readonly index: number } & Typed)
  /** A register of the machine's as struct pt_regs has it, zero-extended. */
  | ({ readonly kind: "register"; readonly offset: number; readonly sizeBytes: 4 | 8 } & Typed)
  /** kstack, ustack: what led here. What cannot be found out is an empty one. `isUnwound`: by what files say of their frames. */
  | ({ readonly kind: "stack"; readonly isUnwound: boolean } & Typed<StackType>)
  /** The return value: kretprobe, uretprobe. */
  | ({ readonly kind: "returnValue" } & Typed)
  /** Bytes of a tracepoint's record: an integer or pointer of `sizeBytes` (a pointer's is the target's). */
  | ({
      readonly kind: "contextField";
      readonly offset: number;
      readonly sizeBytes: 1 | 2 | 4 | 8;
      readonly isSigned: boolean;
    } & Typed)
  /** A char array in the tracepoint's record, `sizeBytes` long, perhaps without NUL. */
  | ({
      readonly kind: "contextString";
      readonly offset: number;
      readonly sizeBytes: number;
    } & Typed<StringType>)
  /**
   * A string elsewhere in the tracepoint's record: a u32 at `offset` holds its offset (low half) and its length with NUL
   * (high half). The offset counts from the record's start, or when `isRelative` from behind that u32. Copied from
   * (context + that offset) with probe_read_kernel_str: the verifier takes no variable offset into the context.
   */
  | ({
      readonly kind: "dataLocation";
      readonly offset: number;
      readonly isRelative: boolean;
    } & Typed<StringType>)
  /**
   * str(p[, n]): at most `length` bytes with the NUL when it is given, and never more than the type's capacity. Memory that
   * cannot be read gives an empty string.
   */
  | ({
      readonly kind: "readString";
      readonly pointer: CheckedExpression;
      readonly space: AddressSpace;
      /** Only when it is no constant; a constant is in the capacity. */
      readonly length: CheckedExpression | undefined;
      /** It is a char array, which ends where it is full: nothing of it is cut off. */
      readonly isArray?: true;
    } & Typed<StringType>)
  /**
   * `*p`, `p[i]` (the pointer is already moved), `p->field`: of what fits in a register `sizeBytes` of memory, where a pointer
   * may be narrower than one of ours. Zero when it cannot be read.
   */
  | ({
      readonly kind: "readMemory";
      readonly pointer: CheckedExpression;
      readonly space: AddressSpace;
      readonly sizeBytes: number;
    } & Typed)
  /** Of any type. */
  | ({ readonly kind: "scratch"; readonly scratch: number } & Typed)
  /** `&$x`: where a variable is in the program's memory. */
  | ({ readonly kind: "variableAddress"; readonly scratch: number } & Typed<PointerType>)
  /** `&@m`: where the kernel has the map itself. */
  | ({ readonly kind: "mapAddress"; readonly map: number } & Typed<PointerType>)
  /** A plain map's value; zero or an empty string when there is no such entry. */
  | ({
      readonly kind: "mapValue";
      readonly map: number;
      readonly keys: readonly CheckedExpression[];
    } & Typed)
  /** What an aggregation has come to on all CPUs: of avg() and stats() the average, or what it is made of. */
  | ({
      readonly kind: "aggregationValue";
      readonly map: number;
      readonly keys: readonly CheckedExpression[];
      readonly part: "value" | "count" | "total";
    } & Typed)
  /** Deletes an entry of a map, and tells whether there was one. */
  | ({
      readonly kind: "deleted";
      readonly map: number;
      readonly keys: readonly CheckedExpression[];
      /** Where one of the language's entries is several: which of them. */
      readonly bucket?: CheckedExpression;
    } & Typed)
  | ({
      readonly kind: "hasKey";
      readonly map: number;
      readonly keys: readonly CheckedExpression[];
      readonly bucket?: CheckedExpression;
    } & Typed)
  /** `++x` (the new value) or `x++` (the old one), by so much. The place is of an integer or pointer type. */
  | ({
      readonly kind: "update";
      readonly target: Place;
      readonly by: number;
      readonly result: "old" | "new";
    } & Typed)
  /** On 64 bits; the type is int64 or uint64. */
  | ({
      readonly kind: "binary";
      readonly operation: IntegerOperation;
      readonly left: CheckedExpression;
      readonly right: CheckedExpression;
    } & Typed)
  /** `-x`; the type is int64. */
  | ({ readonly kind: "negate"; readonly operand: CheckedExpression } & Typed)
  /** `~x`; 64 bits. */
  | ({ readonly kind: "complement"; readonly operand: CheckedExpression } & Typed)
  /** Of integers, booleans, pointers, on 64 bits. */
  | ({
      readonly kind: "compare";
      readonly operation: CompareOperation;
      readonly isSigned: boolean;
      readonly left: CheckedExpression;
      readonly right: CheckedExpression;
    } & Typed)
  /**
   * Of strings up to their NULs, or their first `limitBytes` bytes (strncmp). The type is boolean, or int64 0 or 1 for
   * strncmp ("different").
   */
  | ({
      readonly kind: "compareStrings";
      readonly operation: "equal" | "different";
      readonly left: CheckedExpression;
      readonly right: CheckedExpression;
      readonly limitBytes: number | undefined;
    } & Typed)
  /** Of values in memory of the same type, byte by byte. */
  | ({
      readonly kind: "compareMemory";
      readonly operation: "equal" | "different";
      readonly left: CheckedExpression;
      readonly right: CheckedExpression;
    } & Typed)
  /** Where a string has another one in it, from 0 on; negative when nowhere. No part of the other one's text is longer than it. */
  | ({
      readonly kind: "findText";
      readonly string: CheckedExpression;
      readonly text: CheckedExpression;
    } & Typed)
  /** Bytes before a string's NUL. */
  | ({ readonly kind: "stringLength"; readonly string: CheckedExpression } & Typed)
  /** The first bytes of a string: as many as its type holds, and fewer than `length` when that is given. */
  | ({
      readonly kind: "shortened";
      readonly string: CheckedExpression;
      /** Only when it is no constant. */
      readonly length: CheckedExpression | undefined;
    } & Typed<StringType>)
  /** One string behind another. */
  | ({
      readonly kind: "concatenation";
      readonly left: CheckedExpression;
      readonly right: CheckedExpression;
    } & Typed<StringType>)
  /** path(p): what a struct path of the kernel's stands for; empty when it is longer than there is room for. */
  | ({ readonly kind: "path"; readonly pointer: CheckedExpression } & Typed<StringType>)
  /** -1, 0 or 1, by the first of `count` bytes that differ; of buffers by what stands in them. */
  | ({
      readonly kind: "compareBytes";
      readonly left: CheckedExpression;
      readonly right: CheckedExpression;
      readonly count: number;
    } & Typed)
  /** The low bytes in the opposite order. */
  | ({
      readonly kind: "byteSwap";
      readonly operand: CheckedExpression;
      readonly sizeBytes: 2 | 4 | 8;
    } & Typed)
  /** What a helper of the kernel's gives: it takes values, perhaps after the context. */
  | ({
      readonly kind: "helper";
      readonly helper: HelperName;
      readonly takesContext: boolean;
      readonly values: readonly CheckedExpression[];
    } & Typed)
  /** How many entries a map has: the loop goes through all of them and does nothing. */
  | ({
      readonly kind: "mapLength";
      readonly loop: Extract<CheckedStatement, { readonly kind: "entries" }>;
    } & Typed)
  /** How many frames a stack has. */
  /** The same of one that is kept already, whose number this is. */
  | ({ readonly kind: "keptStackDepth"; readonly stack: CheckedExpression } & Typed)
  | ({
      readonly kind: "stackDepth";
      readonly stack: StackType;
      readonly isUnwound: boolean;
    } & Typed)
  /** The right side is evaluated only when it decides. Operands are integers, booleans or pointers. */
  | ({
      readonly kind: "logical";
      readonly operation: "and" | "or";
      readonly left: CheckedExpression;
      readonly right: CheckedExpression;
    } & Typed)
  /** `!x`. */
  | ({ readonly kind: "not"; readonly operand: CheckedExpression } & Typed)
  /** Both sides have the expression's type, strings perhaps a smaller capacity. */
  | ({
      readonly kind: "conditional";
      readonly condition: CheckedExpression;
      readonly then: CheckedExpression;
      readonly otherwise: CheckedExpression;
    } & Typed)
  /**
   * Another type for the same value. To an integer: its low bytes, extended as the type says. To a boolean: 0 or 1. To all
   * others (pointer, ksym, timestamp, username): the same bits. From an array or string to an integer, and from an integer or
   * string to an array: the same bytes.
   */
  | ({ readonly kind: "convert"; readonly operand: CheckedExpression } & Typed)
  /** Statements, then a value. */
  | ({
      readonly kind: "block";
      readonly statements: readonly CheckedStatement[];
      readonly value: CheckedExpression;
    } & Typed)
  /**
   * The u64 `header`, and behind it bytes: `length` of them, or as many as there is room for, that are read from memory, or those of a
   * value. With `length` the header is how many there are.
   */
  | ({
      readonly kind: "bytes";
      readonly header: CheckedExpression;
      readonly content:
        | {
            readonly kind: "value";
            readonly value: CheckedExpression;
            /** The header is a length that may be more than there is. */
            readonly isLimited?: true;
          }
        | {
            readonly kind: "memory";
            readonly pointer: CheckedExpression;
            readonly space: AddressSpace;
            /** Only when it is no constant. */
            readonly length: CheckedExpression | undefined;
          };
    } & Typed<BytesType>)
  /** Elements are stored as `valueTypeOf(type)` places them, the gaps are zero. A usym is written as the tuple of its parts. */
  | ({ readonly kind: "tuple"; readonly elements: readonly CheckedExpression[] } & Typed)
  /**
   * What stands `offset` bytes from the start of a value in memory: an element of a tuple as tuples hold it, or `sizeBytes` of a
   * struct, an array or a string as they lie in the target's memory, where a pointer may be narrower than one of ours and a
   * string may fill its place.
   */
  | ({
      readonly kind: "part";
      readonly operand: CheckedExpression;
      readonly offset: number;
      readonly sizeBytes: number | undefined;
    } & Typed)
  /** An element of an array or string by a number that is known when the program runs only; zero beyond its end. */
  | ({
      readonly kind: "element";
      readonly operand: CheckedExpression;
      readonly index: CheckedExpression;
      readonly elementSizeBytes: number;
      readonly length: number;
    } & Typed);

export type CheckedExpressionOf<Kind extends CheckedExpression["kind"]> = Extract<
  CheckedExpression,
  { readonly kind: Kind }
>;
