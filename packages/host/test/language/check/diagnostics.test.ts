import { describe, expect, test } from "@jest/globals";
import { type FeatureName } from "../../../src/spec/target-description.js";
import { checkSource, faultsOf, type SourceOptions } from "./check-source.js";

/** A target that has these alone. */
function withFeatures(...features: readonly FeatureName[]): SourceOptions {
  return { target: { features } };
}

describe("faults", () => {
  const cases: { source: string; expected: string[]; options?: SourceOptions }[] = [
    // What does not go together
    {
      source:
        "BEGIN { if (kstack) { } @ = kstack ? 1 : 2; kstack && kstack; kptr((1, 2)); pid(1, 2); pid(5) }",
      expected: [
        "if (kstack) { }: type-mismatch: Invalid condition: kstack",
        "kstack ? 1 : 2: type-mismatch: Invalid condition: kstack",
        "kstack && kstack: type-mismatch: The && operator can not be used on expressions of types kstack_bpftrace_127, kstack_bpftrace_127",
        "kptr((1, 2)): argument-type: kptr() only supports integer or pointer arguments (tuple provided)",
        "pid(1, 2): argument-count: pid() takes up to one argument (2 provided)",
        "pid(5): argument-type: pid() only supports curr_ns and init as the argument",
      ],
    },
    {
      source:
        'BEGIN { print(pid ? probe : "none"); print(str(probe, 2)); print(memcmp(probe, "B", 1)) }',
      expected: [],
    },
    { source: "#error no\nBEGIN { }", expected: ["#error: syntax: syntax: no"] },
    {
      source:
        'BEGIN { print((pid, "a") == (1, 2)); print((1, "a") == (1, 2)); print((pid, 1) == (1, 2, 3)) }',
      expected: [
        `(pid, "a") == (1, 2): type-mismatch: Type mismatch for '==': comparing (uint32,string[2]) with (int8,int8)`,
      ],
    },
    {
      source:
        'BEGIN { print(true ? pid : "a"); print(true ? 1 : "a"); print("a" - "b"); print(curtask == "a") }',
      expected: [
        `true ? pid : "a": type-mismatch: Branches must return the same type or compatible types: have 'uint32' and 'string[2]'`,
        '"a" - "b": type-mismatch: illegal literal operation with strings',
        'curtask == "a": type-mismatch: The == operator can not be used on expressions of types struct task_struct *, string[2]',
      ],
    },
    {
      source:
        "BEGIN { print((1, 2) && 5); kaddr((1, 2)); kaddr(curtask); kaddr((a=1)); kaddr(kstack) }",
      expected: [
        "(1, 2) && 5: type-mismatch: Type mismatch for '&&': comparing (int8,int8) with int8",
        "kaddr((1, 2)): argument-type: kaddr() expects a string literal (tuple provided)",
        "kaddr(curtask): argument-type: kaddr() expects a string literal (pointer provided)",
        "kaddr((a=1)): argument-type: kaddr() expects a string literal (record provided)",
        "kaddr(kstack): argument-type: kaddr() expects a string literal (kstack provided)",
      ],
    },
    {
      source:
        'BEGIN { assert(1); uaddr(); print(assert(1, "x")); find(1, 2, 3); let $s: string = 5; buf(true, 1) }',
      expected: [
        "assert(1): argument-count: Call to assert() has arguments that do not match any definition.",
        "uaddr(): argument-count: Call to uaddr() has arguments that do not match any definition.",
        'assert(1, "x"): type-mismatch: assert() gives no value: it must stand alone',
        "find(1, 2, 3): argument-type: Call to find() has arguments that do not match any definition.",
        "let $s: string = 5: type-mismatch: Type mismatch for $s: trying to assign value of type 'int8' when variable already has a type 'string'",
        "true: argument-type: buf() expects an integer, string, or array argument but saw bool",
      ],
    },
    { source: "BEGIN { ; }", expected: [";: syntax: syntax: expected expression"] },
    { source: "BEGIN { @ = +1; }", expected: ["+: syntax: syntax: expected expression"] },
    {
      source: "config = { max_strlen = 64 }; BEGIN { }",
      expected: ["BEGIN: syntax: syntax: expected '{'"],
    },
    { source: 'BEGIN { if (pid) { }; { }; @ = strncmp(probe, "B", 1) + probe[1]; }', expected: [] },
    {
      source:
        'tracepoint:syscalls:sys_enter_openat { signal("sigterm"); signal("Kill"); signal("FOO") }',
      options: { isUnsafe: true },
      expected: ['signal("FOO"): bad-value: Invalid string for signal: FOO'],
    },
    {
      source: "BEGIN { return; @ = 1; } END { return; print(1); }",
      expected: [
        "@ = 1: warning unreachable: Unreachable statement.",
        "print(1);: warning unreachable: Unreachable statement.",
      ],
    },
    // Names
    { source: "BEGIN { @ = pidd }", expected: ["pidd: unknown-name: Unknown identifier: 'pidd'"] },
    {
      source: "BEGIN { @ = walltime }",
      expected: ["walltime: not-supported: walltime is not supported yet"],
    },
    {
      source: "BEGIN { print(kstack(2000)); print(ustack(wrong)); print(kstack(1, raw)) }",
      expected: [
        "kstack(2000): bad-value: kstack([int limit]): limit shouldn't exceed 1024, 2000 given",
        "wrong: bad-value: Error parsing stack mode: ustack: Invalid value for stack_mode: valid values are bpftrace, raw, perf, and build_id.",
        "kstack(1, raw): argument-type: Expected stack mode as first argument",
      ],
    },
    {
      source: "BEGIN { @a = kstack(build_id); @[ustack] = 1; @[kstack] = 2 }",
      expected: [
        "kstack(build_id): bad-value: 'build_id' stack mode can only be used for ustack",
        "@[kstack]: type-mismatch: Argument mismatch for @: trying to access with arguments: 'kstack_bpftrace_127' when map expects arguments: 'ustack_bpftrace_127'",
      ],
    },
    { source: "BEGIN { @ = str }", expected: ["str: unknown-name: str is a function: str(…)"] },
    {
      source: "BEGIN { pritnf(1) }",
      expected: ["pritnf(1): unknown-function: Unknown function: 'pritnf'"],
    },
    {
      source: 'BEGIN { system("ls") }',
      expected: ['system("ls"): bad-value: system() is an unsafe function being used in safe mode'],
    },
    {
      source: "BEGIN { @ = uaddr(1) }",
      expected: ["uaddr(1): argument-type: uaddr() expects a string literal (int provided)"],
    },
    {
      source: "BEGIN { @ = pid(1) }",
      expected: ["pid(1): argument-type: pid() only supports curr_ns and init as the argument"],
    },
    {
      source: "BEGIN { @ = $x }",
      expected: ["$x: unknown-variable: Undefined or undeclared variable: $x"],
    },
    {
      source: "BEGIN { if (1) { $x = 1 } @ = $x }",
      expected: ["$x: unknown-variable: Undefined or undeclared variable: $x"],
    },
    {
      source: "BEGIN { $x += 1 }",
      expected: ["$x: unknown-variable: Undefined or undeclared variable: $x"],
    },
    {
      source: "BEGIN { @a = @b }",
      expected: ["@b: warning unneeded: Nothing is assigned to @b: it is 0"],
    },
    {
      source: "BEGIN { @a = @b; @b = str(@c) }",
      expected: ["@c: warning unneeded: Nothing is assigned to @c: it is 0"],
    },
    {
      source: "BEGIN { print(@b); clear(@b); delete(@b[1]) }",
      expected: [
        "@b: unknown-map: Undefined map: @b",
        "@b: unknown-map: Undefined map: @b",
        "@b: unknown-map: Undefined map: @b",
      ],
    },
    // Probes
    {
      source: "BEGIN { @ = arg0 }",
      expected: [
        "arg0: wrong-probe: The arg0 builtin can only be used with 'kprobes', 'uprobes' and 'usdt' probes",
      ],
    },
    {
      source: "kprobe:f { @ = retval }",
      expected: [
        "retval: wrong-probe: The retval builtin can only be used with 'kretprobe' and 'uretprobe' and 'fentry' probes",
      ],
    },
    {
      source: "kretprobe:f { @ = arg0 }",
      expected: [
        "arg0: wrong-probe: The arg0 builtin can only be used with 'kprobes', 'uprobes' and 'usdt' probes",
      ],
    },
    {
      source: "i:1s { @ = func }",
      expected: ["func: wrong-probe: The func builtin can not be used with 'interval' probes"],
    },
    {
      source: "u:libc:0x400010 { @ = func }",
      expected: [
        "func: wrong-probe: func is not known in uprobe:/usr/lib/libc.so.6:4194320, which names no function",
      ],
    },
    {
      source: "kprobe:f { @ = arg6 }",
      expected: [
        "arg6: not-supported: arg6 is on the stack (x64 passes 6 arguments in registers), which is not supported yet",
      ],
    },
    {
      source: "kprobe:f { @ = arg6 }",
      options: { target: { architecture: "arm64" } },
      expected: [],
    },
    {
      source: "kprobe:f { @ = arg4 }",
      options: { target: { architecture: "arm", pointerSize: 4 } },
      expected: [
        "arg4: not-supported: arg4 is on the stack (arm passes 4 arguments in registers), which is not supported yet",
      ],
    },
    { source: "u:lib32:malloc { @ = arg7 } ur:lib32:malloc { @ = retval }", expected: [] },
    {
      source: "u:lib32:malloc { @ = arg0 }",
      options: { target: { architecture: "riscv64" } },
      expected: ["arg0: not-supported: arg0 of a 32-bit program on riscv64 is not supported yet"],
    },
    {
      source: "u:lib32:malloc {}",
      options: { target: { architecture: "arm64" } },
      expected: [
        "u:lib32:malloc: not-supported: /usr/lib/lib32.so.6 is a 32-bit program or library, in which a 64-bit ARM kernel sets no uprobes",
      ],
    },
    {
      source: "i:1s { @ = args.x }",
      expected: [
        "args: wrong-probe: The args builtin can only be used with tracepoint, rawtracepoint, fentry/fexit, and uprobe probes (interval used here)",
      ],
    },
    {
      source: "t:syscalls:sys_enter_openat { @ = args.filenam }",
      expected: [
        "args.filenam: unknown-field: Struct/union of type 'struct tracepoint:syscalls:sys_enter_openat_args' does not contain a field named 'filenam'",
      ],
    },
    {
      source: "t:syscalls:sys_enter_openat { @ = args }",
      expected: [
        "args: type-mismatch: struct tracepoint:syscalls:sys_enter_openat_args is no value: it cannot be printed, kept or passed on whole",
      ],
    },
    {
      source: "t:raw_syscalls:sys_enter { @ = args.args }",
      expected: ["args.args: type-mismatch: args.args is an array"],
    },
    {
      source: "t:raw_syscalls:sys_enter { @ = args.args[6] }",
      expected: ["6: bad-value: args.args has elements 0 to 5, not 6"],
    },
    {
      source: "t:raw_syscalls:sys_enter { @ = args.args[pid] }",
      expected: ["pid: not-supported: an index of args that is no constant is not supported yet"],
    },
    {
      source: "rt:sched_switch { @ = args.prv }",
      expected: ["prv: unknown-field: rawtracepoint:vmlinux:sched_switch has no parameter prv"],
    },
    {
      source: "rt:sys_enter { @ = args.regs }",
      expected: [
        "args.regs: wrong-probe: the parameters of rawtracepoint:vmlinux:sys_enter are not known: the kernel has no BTF for them",
      ],
    },
    {
      source: "rt:sched_switch { @ = arg3 }",
      expected: [
        "arg3: unknown-name: rawtracepoint:vmlinux:sched_switch has 3 arguments, arg3 is none of them",
      ],
    },
    // Types
    {
      source: 'BEGIN { @ = 1 + "a" }',
      expected: ["1 + \"a\": type-mismatch: Type mismatch for '+': comparing int8 with string[2]"],
    },
    {
      source: 'BEGIN { @ = comm < "a" }',
      expected: [
        'comm < "a": type-mismatch: The < operator can not be used on expressions of types string[16], string[2]',
      ],
    },
    {
      source: "BEGIN { @ = comm == 1 }",
      expected: [
        "comm == 1: type-mismatch: Type mismatch for '==': comparing string[16] with int8",
      ],
    },
    {
      source: "BEGIN { @ = !comm }",
      expected: [
        "!comm: type-mismatch: The ! operator can not be used on expressions of type 'string[16]'",
      ],
    },
    {
      source: "BEGIN /comm/ {}",
      expected: ["/comm/: type-mismatch: Invalid condition: string"],
    },
    {
      source: "BEGIN { if (comm) {} }",
      expected: ["if (comm) {}: type-mismatch: Invalid condition: string"],
    },
    {
      source: "BEGIN { @ = pid && comm }",
      expected: [
        "pid && comm: type-mismatch: Type mismatch for '&&': comparing uint32 with string[16]",
      ],
    },
    {
      source: "BEGIN { @ = pid ? 1 : comm }",
      expected: [
        "pid ? 1 : comm: type-mismatch: Branches must return the same type or compatible types: have 'int8' and 'string[16]'",
      ],
    },
    {
      source: "BEGIN { @ = *comm }",
      expected: [
        "*comm: type-mismatch: The * operator can not be used on expressions of type 'string[16]'",
      ],
    },
    {
      source: "BEGIN { @ = *(void *)pid }",
      expected: ["*(void *)pid: type-mismatch: it is not known what this pointer points to"],
    },
    {
      source: "BEGIN { let $x: uint8 = 300 }",
      expected: [
        "let $x: uint8 = 300: type-mismatch: Type mismatch for $x: trying to assign value of type 'int16' when variable already has a type 'uint8'",
      ],
    },
    {
      source: "BEGIN { let $x: int8 = -128; $x = -129; $x = pid; $x = (int8)pid }",
      expected: [
        "$x = -129: type-mismatch: Type mismatch for $x: trying to assign value of type 'int16' when variable already has a type 'int8'",
        "pid: warning cast: Expression of type: uint32 being cast to type: int8. This may cause unexpected results. Use an explicit cast to suppress this warning.",
      ],
    },
    {
      source: "BEGIN { $x = 1; if (pid) { let $x = 2; print($x); } }",
      expected: [
        "let $x: bad-value: Variable $x was already declared. Variable shadowing is not allowed.",
      ],
    },
    {
      source: "BEGIN { @ = { $x = 1; } }",
      expected: ["{ $x = 1; }: type-mismatch: this block has no value"],
    },
    {
      source: "BEGIN { @ = { let $x = 1; $x }; print($x) }",
      expected: ["$x: unknown-variable: Undefined or undeclared variable: $x"],
    },
    {
      source: "BEGIN { $r = (a=1, b=2); print($r.c) }",
      expected: ["$r.c: unknown-field: Record does not contain a field named 'c'"],
    },
    {
      source: "BEGIN { $r = (a=1, b=2); $r = (a=1, c=2) }",
      expected: [
        "$r = (a=1, c=2): type-mismatch: Type mismatch for $r: trying to assign value of type 'record { .a = int8, .c = int8 }' when variable already has a type 'record { .a = int8, .b = int8 }'",
      ],
    },
    {
      source: "BEGIN { $r = (1, 2); $r = (a=1, b=2) }",
      expected: [
        "$r = (a=1, b=2): type-mismatch: Type mismatch for $r: trying to assign value of type 'record { .a = int8, .b = int8 }' when variable already has a type '(int8,int8)'",
      ],
    },
    {
      source: "BEGIN { $p = curtask; $p *= 2 }",
      expected: [
        "*= 2: type-mismatch: The * operator can not be used on expressions of types struct task_struct *, int8",
      ],
    },
    {
      source: "BEGIN { _ = pid; }",
      expected: [],
    },
    {
      source: "BEGIN { @ = curtask->pidd }",
      expected: [
        "curtask->pidd: unknown-field: Struct/union of type 'struct task_struct' does not contain a field named 'pidd'",
      ],
    },
    {
      source: "BEGIN { @ = ((struct mm *)1)->map_count.x }",
      expected: [
        "(struct mm *)1)->map_count.x: type-mismatch: Can not access field 'x' on expression of type 'int32'",
      ],
    },
    {
      source: "kprobe:f { @ = curtask->cpus[4] }",
      expected: ["curtask->cpus[4]: bad-value: the index 4 is out of bounds for array of size 4"],
    },
    {
      source: "BEGIN { @ = curtask->cpus[comm] }",
      expected: [
        "curtask->cpus[comm]: type-mismatch: The array index operator [] only accepts non-negative integer indices. Got: string[16]",
      ],
    },
    {
      source: "BEGIN { @ = curtask->cpus < curtask->cpus }",
      expected: [
        "curtask->cpus < curtask->cpus: type-mismatch: The < operator cannot be used on arrays.",
      ],
    },
    {
      source: "BEGIN { @ = (uint64)curtask->cpus }",
      expected: ['(uint64): type-mismatch: Cannot cast from "int32[4]" to "uint64"'],
    },
    {
      source: "BEGIN { @ = (uint8[2])pid }",
      expected: ['(uint8[2]): type-mismatch: Cannot cast from "uint32" to "uint8[2]"'],
    },
    {
      source: "BEGIN { @ = (uint8[])comm; @ = 1 }",
      expected: [
        "@ = 1: type-mismatch: Type mismatch for @: trying to assign value of type 'int8' when map already has a type 'uint8[16]'",
      ],
    },
    {
      source: "BEGIN { @ = (char[])curtask->own }",
      expected: ['(char[]): type-mismatch: Cannot cast from "struct mm" to "int8[16]"'],
    },
    {
      source: "BEGIN { @ = offsetof(struct task_struct, ready) }",
      expected: ["ready: type-mismatch: a bit-field has no offset in bytes"],
    },
    {
      source: "BEGIN { @ = offsetof(struct task_struct, own.gone) }",
      expected: [
        "offsetof(struct task_struct, own.gone): unknown-field: Struct/union of type 'struct mm' does not contain a field named 'gone'",
      ],
    },
    {
      source: "BEGIN { @ = curtask->pid }",
      options: { target: { hasBtf: false } },
      expected: [],
    },
    {
      source: "BEGIN { @ = pid.x }",
      expected: ["pid.x: type-mismatch: Can not access field 'x' on expression of type 'uint32'"],
    },
    {
      source: "BEGIN { @ = (1, 2).5 }",
      expected: ["(1, 2).5: unknown-field: Invalid tuple index: 5. Found 2 elements in tuple."],
    },
    {
      source: "BEGIN { @ = pid[1] }",
      expected: [
        "pid[1]: type-mismatch: The array index operator [] can only be used on arrays, pointers, and tuples, found uint32.",
      ],
    },
    {
      source: "BEGIN { @ = &pid }",
      expected: [
        "pid: type-mismatch: syntax: address-of operator (&) can only be used on a map or variable",
      ],
    },
    {
      source: "BEGIN { @ = (uint8)comm }",
      expected: ['(uint8): type-mismatch: Cannot cast from "string[16]" to "uint8"'],
    },
    {
      source: "BEGIN { @ = (struct x)pid }",
      expected: ['struct x: unknown-name: Cannot resolve unknown type "struct x"'],
    },
    {
      source: "BEGIN { @ = (foo *)pid }",
      expected: ['foo *: unknown-name: Cannot resolve unknown type "foo"'],
    },
    {
      source: "BEGIN { $x = 1; $x = comm }",
      expected: [
        "$x = comm: type-mismatch: Type mismatch for $x: trying to assign value of type 'string[16]' when variable already has a type 'int8'",
      ],
    },
    {
      source: "BEGIN { @x = 1; @x = comm }",
      expected: [
        "@x = comm: type-mismatch: Type mismatch for @x: trying to assign value of type 'string[16]' when map already has a type 'int8'",
      ],
    },
    {
      source: "BEGIN { @x = 1; @x = count() }",
      expected: [
        "count(): type-mismatch: Type mismatch for @x: trying to assign value of type 'count_t' when map already has a type 'int8'",
      ],
    },
    {
      source: "BEGIN { @x = count(); @x = sum(1) }",
      expected: [
        "sum(1): type-mismatch: Type mismatch for @x: trying to assign value of type 'sum_t' when map already has a type 'count_t'",
      ],
    },
    {
      source: "BEGIN { @x = hist(1); @x = hist(1, 2) }",
      expected: ["hist(1, 2): type-mismatch: Different bits in a single hist unsupported"],
    },
    {
      source: "BEGIN { @x[pid] = 1; @x[comm] = 1 }",
      expected: [
        "@x[comm]: type-mismatch: Argument mismatch for @x: trying to access with arguments: 'string[16]' when map expects arguments: 'uint32'",
      ],
    },
    {
      source: "BEGIN { @x[pid] = 1; @x = 1 }",
      expected: [
        "@x: type-mismatch: @x used as a map without an explicit key (scalar map), previously used with an explicit key (non-scalar map)",
      ],
    },
    {
      source: "BEGIN { @x[1, 2] = 1; @x[1] = 1 }",
      expected: [
        "@x[1]: type-mismatch: Argument mismatch for @x: trying to access with arguments: 'int8' when map expects arguments: '(int8,int8)'",
      ],
    },
    {
      source: "BEGIN { @x = count(); @y = @x }",
      options: { target: { features: ["ktime_get_boot_ns"] } },
      expected: [
        "@y = @x: type-mismatch: Map value 'count_t' cannot be assigned from one map to another. The function that returns this type must be called directly e.g. `@y = count();`.",
      ],
    },
    {
      source: "BEGIN { @x = hist(1); @y = (int64)@x }",
      expected: ['(int64): type-mismatch: Cannot cast from "hist_t" to "int64"'],
    },
    {
      source: "BEGIN { @x = count(); @x++ }",
      expected: [
        "@x++: type-mismatch: Type mismatch for @x: trying to assign value of type 'uint64' when map already has a type 'count_t'",
      ],
    },
    {
      source: "BEGIN { @x = comm; @x++ }",
      expected: [
        "@x++: type-mismatch: Type mismatch for @x: trying to assign value of type 'uint64' when map already has a type 'string[16]'",
      ],
    },
    {
      source: "BEGIN { pid++ }",
      expected: ["pid: syntax: syntax: increment/decrement requires a variable or map"],
    },
    {
      source: "BEGIN { pid = 1 }",
      expected: ["pid = 1: syntax: syntax: invalid assignment target"],
    },
    {
      source: "BEGIN { $x = count() }",
      expected: ["count(): type-mismatch: count() must be assigned directly to a map"],
    },
    {
      source: "BEGIN { @x += count() }",
      expected: ["@x += count(): type-mismatch: count() is assigned with =, not with +="],
    },
    {
      source: "BEGIN { count() }",
      expected: ["count(): type-mismatch: count() must be assigned directly to a map"],
    },
    {
      source: 'BEGIN { @ = printf("a") }',
      expected: ["@ = printf(\"a\"): type-mismatch: Value 'void' cannot be assigned to a map."],
    },
    {
      source: "BEGIN { pid; }",
      expected: ["pid: warning type-mismatch: Return value discarded."],
    },
    {
      source: "BEGIN { 1 + 2; }",
      expected: ["1 + 2: warning type-mismatch: Return value discarded."],
    },
    {
      source: 'BEGIN { return "x" }',
      expected: [
        'return "x": type-mismatch: Probe return values can only be integers. Found string[2]',
      ],
    },
    // Values
    {
      source: "BEGIN { @ = pid / 0 }",
      expected: [
        "pid / 0: warning bad-value: Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.",
      ],
    },
    {
      source: "BEGIN { $x = (uint64)1; $x /= 0; print($x) }",
      expected: [
        "/= 0: warning bad-value: Divide or modulo by 0 detected. This can lead to unexpected results. 1 is being used as the result.",
      ],
    },
    ...["1 << 64", "5 % 0"].map((sum) => ({
      source: `BEGIN { @ = ${sum} }`,
      expected: [`${sum}: bad-value: unable to fold literals due to overflow or underflow`],
    })),
    {
      source: "BEGIN { @ = pid << 64 }",
      expected: ["64: bad-value: a shift by 64 is out of range: 0 to 63"],
    },
    {
      source: "BEGIN { unroll(101) {} }",
      expected: ["unroll(101) {}: bad-value: unroll maximum value is 100"],
    },
    {
      source: "BEGIN { unroll(pid) {} }",
      expected: ["unroll(pid) {}: bad-value: invalid unroll value"],
    },
    {
      source: "BEGIN { @ = hist(1, 6) }",
      expected: ["hist(1, 6): bad-value: hist: bits 6 must be 0..5"],
    },
    {
      source: "BEGIN { @ = lhist(1, 0, 10, 0) }",
      expected: ["lhist(1, 0, 10, 0): bad-value: lhist() step must be >= 1 (0 provided)"],
    },
    {
      source: "BEGIN { @ = lhist(1, 10, 10, 1) }",
      expected: [
        "lhist(1, 10, 10, 1): bad-value: lhist() min must be less than max (provided min 10 and max 10)",
      ],
    },
    {
      source: "BEGIN { @ = lhist(1, 0, 10000, 1) }",
      expected: [
        "lhist(1, 0, 10000, 1): bad-value: lhist() too many buckets, must be <= 1000 (would need 10000)",
      ],
    },
    {
      source: "BEGIN { @ = lhist(1, 0, 10, pid) }",
      expected: ["lhist(1, 0, 10, pid): bad-value: lhist: invalid step value"],
    },
    {
      source: "BEGIN { @ = hist(comm) }",
      expected: [
        "hist(comm): argument-type: hist() only supports integer arguments (string[16] provided)",
      ],
    },
    {
      source: "kprobe:f { @ = str(arg0, 4097) }",
      expected: [
        "str(arg0, 4097): warning bad-value: length param (4097) is too long and will be shortened to 1024 bytes (see BPFTRACE_MAX_STRLEN)",
      ],
    },
    {
      source: 'kprobe:f { printf("%s", str(arg0, 4097)) }',
      expected: [
        "str(arg0, 4097): warning bad-value: length param (4097) is too long and will be shortened to 1024 bytes (see BPFTRACE_MAX_STRLEN)",
      ],
    },
    {
      source: "kprobe:f { @[str(arg0, 1000)] = 1 }",
      options: withFeatures(),
      expected: ["@[str(arg0, 1000)]: bad-value: the key of @ takes 1000 bytes, the most is 512"],
    },
    // Arguments
    {
      source: "BEGIN { @ = count(1) }",
      expected: ["count(1): argument-count: count() requires no arguments (1 provided)"],
    },
    {
      source: "BEGIN { @ = sum() }",
      expected: ["sum(): argument-count: sum() requires one argument (0 provided)"],
    },
    {
      source: "BEGIN { @ = hist() }",
      expected: ["hist(): argument-count: hist() requires at least one argument (0 provided)"],
    },
    {
      source: "BEGIN { clear(1) }",
      expected: ["1: argument-type: clear() expects a map argument"],
    },
    {
      source: "BEGIN { @x[1] = 1; clear(@x[1]) }",
      expected: ["@x[1]: argument-type: clear() expects a map argument"],
    },
    {
      source: "BEGIN { print(1, 2) }",
      expected: ["print(1, 2): argument-count: Non-map print() only takes 1 argument, 2 found"],
    },
    {
      source: "BEGIN { @ = has_key(1, 2) }",
      expected: [
        "has_key(1, 2): argument-type: Call to has_key() has arguments that do not match any definition.",
      ],
    },
    {
      source: 'BEGIN { @ = strcontains(1, "a") }',
      expected: ["1: argument-type: strcontains() takes strings, not int8"],
    },
    {
      source: "BEGIN { @ = strcontains(str(nsecs, 500), str(nsecs, 200)) }",
      expected: [
        "strcontains(str(nsecs, 500), str(nsecs, 200)): argument-type: strcontains() would compare 100000 bytes, the most is 65536",
      ],
    },
    {
      source: "BEGIN { @ = str((1, 2)) }",
      expected: [
        "str((1, 2)): argument-type: str() expects a string, integer or a pointer type as first argument ((int8,int8) provided)",
      ],
    },
    {
      source: "BEGIN { join(comm) }",
      expected: [
        "join(comm): argument-type: join() only supports int or pointer arguments (string provided)",
      ],
    },
    {
      source: "BEGIN { @ = strftime(comm, nsecs) }",
      expected: [
        "strftime(comm, nsecs): argument-type: strftime() expects a string literal (string provided)",
      ],
    },
    {
      source: "BEGIN { exit(comm) }",
      expected: ["exit(comm): argument-type: exit() only supports int arguments (string provided)"],
    },
    {
      source: 'BEGIN { emit("a", "b") }',
      expected: [
        'emit("a", "b"): argument-count: emit() takes the event\'s name, then names and values in turn',
      ],
    },
    {
      source: 'BEGIN { emit("a", "b", 1, "b", 2) }',
      expected: ['"b": bad-value: emit(): the field "b" is given twice'],
    },
    {
      source: 'BEGIN { emit("a", comm, 1) }',
      expected: [
        'emit("a", comm, 1): argument-type: emit() expects a string literal (string provided)',
      ],
    },
    // Formats: the span is the conversion in the literal.
    {
      source: "BEGIN { printf(pid) }",
      expected: ["printf(pid): argument-type: printf() expects a string literal (int provided)"],
    },
    {
      source: 'BEGIN { printf("a\\n %r", pid) }',
      expected: [
        "printf(\"a\\n %r\", pid): format: unsupported format specifier for type 'uint32': r",
      ],
    },
    {
      source: 'BEGIN { printf("\\t%-5d|", comm) }',
      expected: [
        "printf(\"\\t%-5d|\", comm): format: unsupported format specifier for type 'string[16]': d",
      ],
    },
    {
      source: 'BEGIN { printf("%d", (1, 2)) }',
      expected: [
        "printf(\"%d\", (1, 2)): format: unsupported format specifier for type '(int8,int8)': d",
      ],
    },
    {
      source: 'BEGIN { printf("%d %d", 1) }',
      expected: [
        'printf("%d %d", 1): format: not enough arguments for format string (1 supplied, 2 expected)',
      ],
    },
    {
      source: 'BEGIN { printf("%d", 1, 2) }',
      expected: [
        'printf("%d", 1, 2): format: too many arguments for format string (2 supplied, 1 expected)',
      ],
    },
    {
      source: 'BEGIN { printf("a %k", 1) }',
      expected: [
        'printf("a %k", 1): format: too many arguments for format string (1 supplied, 0 expected)',
      ],
    },
    // Lines for the kernel's trace_pipe
    {
      source: "BEGIN { debugf(pid) }",
      expected: ["debugf(pid): argument-type: debugf() expects a string literal (int provided)"],
    },
    {
      source: 'BEGIN { debugf("%s", pid) }',
      expected: ["%s: format: debugf: the kernel knows no uint32 as text"],
    },
    {
      source: 'kprobe:f { debugf("%s", func) }',
      expected: ["%s: format: debugf: the kernel knows no name of a probe as text"],
    },
    {
      source: 'BEGIN { debugf("%o %.3d", 1, 2) }',
      expected: ["%o: format: debugf: the kernel knows no %o"],
    },
    {
      source: 'BEGIN { debugf("ü") }',
      expected: ['debugf("ü"): format: debugf: the kernel takes formats of ASCII only'],
    },
    {
      source: 'BEGIN { debugf("%d%d%d%d", 1, 2, 3, 4) }',
      expected: [
        'debugf("%d%d%d%d", 1, 2, 3, 4): format: debugf: too much for this kernel: it takes 3 values, 1 string among them',
      ],
    },
    {
      source:
        'BEGIN { debugf("%s%s", comm, comm); debugf("%5d", 1); debugf("%X", 1); debugf("%%") }',
      expected: [
        'debugf("%s%s", comm, comm): format: debugf: too much for this kernel: it takes 3 values, 1 string among them',
        "%5d: format: debugf: this kernel knows no width, flags, %X and %c (they came with 5.13)",
        "%X: format: debugf: this kernel knows no width, flags, %X and %c (they came with 5.13)",
        'debugf("%%"): format: debugf: this kernel knows no %% (they came with 5.13)',
      ],
    },
    {
      source:
        'BEGIN { debugf("%s%s%5d%X%c%%%#x", comm, comm, 1, 2, 3, 4); debugf("%d%d%d%d%d%d%d%d%d%d%d%d%d", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13) }',
      options: { target: { features: ["ktime_get_boot_ns", "trace_vprintk"] } },
      expected: [
        'debugf("%d%d%d%d%d%d%d%d%d%d%d%d%d", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13): format: debugf: too much for this kernel: it takes 12 values',
      ],
    },
    {
      source: 'BEGIN { printf("%r", 1) }',
      expected: ["printf(\"%r\", 1): format: unsupported format specifier for type 'int8': r"],
    },
    // Loops
    {
      source: "BEGIN { unroll(2) { break } }",
      expected: ["break: syntax: 'break' statement is not allowed in a probe"],
    },
    {
      source: "BEGIN { for ($i : comm) {} }",
      expected: ["comm: type-mismatch: expected map or range in for loop"],
    },
    {
      source: "BEGIN { @a[1] = 1; for ($kv : @a[1]) {} for ($kv : @b) { print($kv) } }",
      expected: [
        "@a[1]: type-mismatch: expected map or range in for loop",
        "@b: unknown-map: Undefined map: @b",
      ],
    },
    {
      source: 'BEGIN { for ($i : 0.."a") {} }',
      expected: [
        'for ($i : 0.."a": type-mismatch: Loop range requires an integer for the end value',
      ],
    },
    {
      source: "BEGIN { $i = 0; for ($i : 0..3) {} }",
      expected: ["$i: bad-value: Loop declaration shadows existing variable: $i"],
    },
    {
      source: "BEGIN { @a = 1; for ($kv : @a) {} }",
      expected: [
        "@a: type-mismatch: @a has no explicit keys (scalar map), and cannot be used for iteration",
      ],
    },
    { source: "BEGIN { @a[1] = 1; for ($kv : @a) { $kv = (1, 2) } }", expected: [] },
    {
      source: "BEGIN { @a = count(); if (@a) {} print(!@a) }",
      expected: [
        "if (@a) {}: type-mismatch: Invalid condition: count_t",
        "!@a: type-mismatch: The ! operator can not be used on expressions of type 'count_t'",
      ],
    },
    {
      source: "BEGIN { @a = avg(1); @b = sum(@a); @c = @a }",
      expected: [
        "sum(@a): argument-type: sum() only supports integer arguments (avg_t provided)",
        "@c = @a: type-mismatch: Map value 'avg_t' cannot be assigned from one map to another. The function that returns this type must be called directly e.g. `@c = avg(retval);`.",
      ],
    },
    {
      source: "BEGIN { @a[1] = stats(1); for ($kv : @a) {} }",
      expected: ["@a: type-mismatch: Loop expression does not support type: stats_t"],
    },
    {
      source: "BEGIN { print(ctx) }",
      expected: ["ctx: wrong-probe: The ctx builtin can not be used with 'begin' probes"],
    },
    { source: 'BEGIN { if ((1, 2) == (1, "a")) { $x = 1 } }', expected: [] },
    {
      source: "BEGIN { $p = (int8 *)1; if ($p == (int16 *)1) {} }",
      expected: [
        "$p == (int16 *)1: warning type-mismatch: comparison of distinct pointer types: int8, int16",
        "$p: warning type-mismatch: left (int8)",
        "(int16 *)1: warning type-mismatch: right (int16)",
      ],
    },
    {
      source: 'BEGIN { print(macaddr("00:11:22:33:44:55")) }',
      expected: [
        'macaddr("00:11:22:33:44:55"): argument-type: macaddr() does not support literal string arguments',
      ],
    },
    {
      source: "BEGIN { while (comm) {} }",
      expected: ["comm: type-mismatch: Invalid condition: string"],
    },
    {
      source: "BEGIN { for ($i : 0..pid) {} }",
      options: withFeatures("bounded_loops"),
      expected: [
        "for ($i : 0..pid) {}: not-supported: for over a range that varies needs Linux 5.17, the target has 6.18.0",
      ],
    },
    {
      source: 'BEGIN { print(path(1)); print(socket_cookie(2)); print(cgroupid("/no")) }',
      expected: [
        "path(1): wrong-probe: The path function can only be used with 'fentry', 'fexit', 'iter' probes",
        'socket_cookie(2): wrong-probe: socket_cookie can not be used with "begin" probes',
        'cgroupid("/no"): unknown-name: there is no control group /no on the target',
      ],
    },
    {
      source: "fentry:vfs_read { print(path(args.file.f_path)); print(path(args.file)) }",
      expected: [
        "args.file: argument-type: path() only supports pointer argument of type struct path (struct file * provided)",
      ],
    },
    {
      source: "BEGIN { @a[1] = 1; for ($kv : @a) {} while (1) {} for ($i : 0..101) {} }",
      options: withFeatures(),
      expected: [
        "for ($kv : @a) {}: not-supported: for over a map needs Linux 5.13, the target has 6.18.0",
        "while (1) {}: not-supported: while needs Linux 5.3, the target has 6.18.0",
        "for ($i : 0..101) {}: not-supported: for with more than 100 rounds needs Linux 5.3, the target has 6.18.0",
      ],
    },
    // Not yet
    {
      source: "BEGIN { @h[1] = hist(1); for ($kv : @h) {} }",
      expected: ["@h: type-mismatch: Loop expression does not support type: hist_t"],
    },
    // Config
    {
      source: "config = { max_strlen = abc } BEGIN {}",
      expected: ["max_strlen = abc: bad-config: max_strlen: expecting a number, got abc"],
    },
    {
      source: "config = { max_strln = 10 } BEGIN {}",
      expected: ["max_strln = 10: unknown-config: max_strln: not a known configuration option"],
    },
    {
      source: "config = { license = Mine } BEGIN {}",
      expected: [
        "license = Mine: bad-config: Invalid value for license. Found: Mine. Valid values: Dual MIT/GPL, Dual BSD/GPL, Dual MPL/GPL, GPL and additional rights, GPL v2, GPL. Read more about BPF programs and licensing: https://docs.kernel.org/bpf/bpf_licensing.html#using-bpf-programs-in-the-linux-kernel",
      ],
    },
    {
      source: "config = { missing_probes = maybe } BEGIN {}",
      expected: [
        "missing_probes = maybe: bad-config: missing_probes: Invalid value for missing_probes: valid values are ignore, warn, and error.",
      ],
    },
    {
      source: "config = { stack_mode = other } BEGIN {}",
      expected: [
        "stack_mode = other: bad-config: stack_mode: Invalid value for stack_mode: valid values are bpftrace, raw, perf, and build_id.",
      ],
    },
    {
      source: "config = { toString = 1 } BEGIN {}",
      expected: ["toString = 1: unknown-config: toString: not a known configuration option"],
    },
    {
      source: "BEGIN { @ = 1 - curtask; }",
      expected: [
        "1 - curtask: type-mismatch: The - operator can not be used on expressions of types int8, struct task_struct *",
      ],
    },
    {
      source: "BEGIN { @ = ~curtask; }",
      expected: [
        "~curtask: type-mismatch: The ~ operator can not be used on expressions of type 'struct task_struct *'",
      ],
    },
    // Warnings
    {
      source: "kretprobe:f /retval < 0/ {}",
      expected: ["retval < 0: warning type-mismatch: an unsigned number is never < 0"],
    },
  ];
  test.each(cases)("$source", ({ source, expected, options }) => {
    expect(faultsOf(source, options)).toEqual(expected);
  });
});

test("several faults are reported, in the order of the source", () => {
  const source =
    'BEGIN { @a = $x; printf("%r", pid); foo(); @b = 1 } END { @b = comm; @c = pid / 0 }';
  expect(faultsOf(source).map((fault) => fault.split(":")[0])).toEqual([
    "$x",
    'printf("%r", pid)',
    "foo()",
    "@b = comm",
    "pid / 0",
  ]);
});

test("a fault in a block that is attached to many places is reported once", () => {
  expect(faultsOf("t:sched:* { @ = foo; }")).toEqual([
    "foo: unknown-name: Unknown identifier: 'foo'",
  ]);
});

test("hints name what may have been meant", () => {
  const hints = (source: string): readonly string[] =>
    checkSource(source).diagnostics.flatMap((diagnostic) => diagnostic.hints);
  expect(hints("BEGIN { @ = pidd }")).toEqual(["Did you mean pid?"]);
  expect(hints("BEGIN { pritnf(1) }")).toEqual(["Did you mean printf or print?"]);
  expect(hints("BEGIN { $size = 1; @ = $sise }")).toEqual(["Did you mean $size?"]);
  expect(hints("BEGIN { @start = 1; print(@strat) }")).toEqual(["Did you mean @start?"]);
  expect(hints("t:syscalls:sys_enter_openat { @ = args.filenam }")).toEqual([
    "Did you mean filename?",
  ]);
  expect(hints("t:syscalls:sys_exit_openat { @ = args.zzzzzz }")).toEqual([
    "Its fields are __syscall_nr, ret.",
  ]);
  expect(hints("t:a:b {}")).toEqual([
    "There is no tracepoint a:b.",
    "Did you mean syscalls:sys_enter_openat?",
  ]);
  expect(hints("u:libc:mallok {}")).toEqual([
    "There is no function mallok in /usr/lib/libc.so.6.",
    "Did you mean malloc?",
  ]);
  expect(hints("trcepoint:a:b {}")).toEqual(["Did you mean tracepoint?"]);
});

test("keys and values that do not agree are shown with the first place", () => {
  const source = "BEGIN { @x[pid] = 1; @x[comm] = 1; @y = 1; @y = comm }";
  const related = checkSource(source).diagnostics.flatMap((diagnostic) =>
    (diagnostic.related ?? []).map(({ span }) => source.slice(span.start, span.end)),
  );
  expect(related).toEqual(["@x[pid]", "@y"]);
});
