import { describe, expect, test } from "@jest/globals";
import { printCheckedStatement } from "./print-checked.js";
import {
  answerAll,
  checkSource,
  faultsOf,
  requireProgram,
  type SourceOptions,
} from "./check-source.js";

describe("probes are expanded to what they are attached to", () => {
  const attachments = (source: string, options?: SourceOptions): unknown[] =>
    requireProgram(`${source} {}`, options).probes.map(({ name, attachment }) => [
      name,
      attachment,
    ]);
  const perfEvent = (config: bigint, sampling: object, cpus: string): object => ({
    kind: "perfEvent",
    type: 1,
    config,
    sampling,
    cpus,
  });
  const uprobe = (offset: bigint, isReturn = false): object => ({
    kind: "uprobe",
    path: "/usr/lib/libc.so.6",
    offset,
    isReturn,
  });
  const cases: { source: string; expected: unknown[]; options?: SourceOptions }[] = [
    {
      source: "BEGIN, end",
      expected: [
        ["begin", { kind: "run", when: "start" }],
        ["end", { kind: "run", when: "end" }],
      ],
    },
    {
      source: "t:sched:sched_switch",
      expected: [
        [
          "tracepoint:sched:sched_switch",
          { kind: "tracepoint", category: "sched", name: "sched_switch" },
        ],
      ],
    },
    {
      source: "tracepoint:sched/sched_switch",
      expected: [
        [
          "tracepoint:sched:sched_switch",
          { kind: "tracepoint", category: "sched", name: "sched_switch" },
        ],
      ],
    },
    {
      source: "t:*:sys_enter_*",
      expected: [
        [
          "tracepoint:syscalls:sys_enter_execve",
          { kind: "tracepoint", category: "syscalls", name: "sys_enter_execve" },
        ],
        [
          "tracepoint:syscalls:sys_enter_openat",
          { kind: "tracepoint", category: "syscalls", name: "sys_enter_openat" },
        ],
      ],
    },
    {
      source: "rt:sys_*",
      expected: [["rawtracepoint:vmlinux:sys_enter", { kind: "rawTracepoint", name: "sys_enter" }]],
    },
    {
      source: "k:vfs_read",
      expected: [
        ["kprobe:vfs_read", { kind: "kprobe", symbol: "vfs_read", offset: 0n, isReturn: false }],
      ],
    },
    {
      source: "kprobe:vfs_read+0x10",
      expected: [
        [
          "kprobe:vfs_read+0x10",
          { kind: "kprobe", symbol: "vfs_read", offset: 16n, isReturn: false },
        ],
      ],
    },
    {
      source: "kr:vfs_read",
      expected: [
        ["kretprobe:vfs_read", { kind: "kprobe", symbol: "vfs_read", offset: 0n, isReturn: true }],
      ],
    },
    {
      source: "k:nf_tables:nft_do_chain, k:vmlinux:vfs_read",
      expected: [
        [
          "kprobe:nf_tables:nft_do_chain",
          { kind: "kprobe", symbol: "nf_tables:nft_do_chain", offset: 0n, isReturn: false },
        ],
        ["kprobe:vfs_read", { kind: "kprobe", symbol: "vfs_read", offset: 0n, isReturn: false }],
      ],
    },
    {
      source: "kretprobe:vfs_*e",
      expected: [
        [
          "kretprobe:vfs_write",
          {
            kind: "kprobe",
            symbol: "vfs_write",
            offset: 0n,
            isReturn: true,
            ifRefused: "warn",
            isOneOfMany: true,
          },
        ],
      ],
    },
    {
      source: "k:nf_tables:nft_*",
      expected: [
        [
          "kprobe:nf_tables:nft_do_chain",
          {
            kind: "kprobe",
            symbol: "nf_tables:nft_do_chain",
            offset: 0n,
            isReturn: false,
            ifRefused: "warn",
            isOneOfMany: true,
          },
        ],
      ],
    },
    {
      source: "config = { missing_probes = ignore } k:no_such_function",
      expected: [
        [
          "kprobe:no_such_function",
          {
            kind: "kprobe",
            symbol: "no_such_function",
            offset: 0n,
            isReturn: false,
            ifRefused: "ignore",
          },
        ],
      ],
    },
    {
      source: "kfunc:vfs_read, kretfunc:vmlinux:vfs_read",
      expected: [
        ["fentry:vfs_read", { kind: "tracing" }],
        ["fexit:vfs_read", { kind: "tracing" }],
      ],
    },
    {
      // Of what the compiler has made of functions, and of modules' ones, the kernel's types know nothing.
      source: "f:vfs_*",
      expected: [
        ["fentry:vfs_read", { kind: "tracing" }],
        ["fentry:vfs_write", { kind: "tracing" }],
      ],
    },
    { source: "u:libc:malloc", expected: [["uprobe:/usr/lib/libc.so.6:malloc", uprobe(0x1000n)]] },
    {
      source: "u:libc:malloc+4",
      expected: [["uprobe:/usr/lib/libc.so.6:malloc+4", uprobe(0x1004n)]],
    },
    {
      source: "u:libc:0x401234",
      expected: [["uprobe:/usr/lib/libc.so.6:4198964", uprobe(0x1234n)]],
    },
    {
      source: "u:/usr/lib/libm*:f*e",
      expected: [
        ["uprobe:/usr/lib/libm.so.6:free", { ...uprobe(0x2000n), path: "/usr/lib/libm.so.6" }],
      ],
    },
    {
      source: "usdt:libc:setjmp, U:libc:libc:memory_*",
      expected: [
        ["usdt:/usr/lib/libc.so.6:libc:setjmp", uprobe(0x5000n)],
        [
          "usdt:/usr/lib/libc.so.6:libc:memory_heap_new",
          { ...uprobe(0x6000n), referenceCounterOffset: 0x9000n },
        ],
      ],
    },
    { source: 'u:libc:"A::b"', expected: [["uprobe:/usr/lib/libc.so.6:A::b", uprobe(0x3000n)]] },
    { source: "u:libc:A::b", expected: [["uprobe:/usr/lib/libc.so.6:A::b", uprobe(0x3000n)]] },
    {
      source: "ur:libc:free",
      expected: [["uretprobe:/usr/lib/libc.so.6:free", uprobe(0x2000n, true)]],
    },
    {
      source: "u:libc:free",
      options: { pid: 7 },
      expected: [["uprobe:/usr/lib/libc.so.6:free", { ...uprobe(0x2000n), pid: 7 }]],
    },
    {
      source: "u:libc:free, ur:libc:free, begin",
      options: { probeFilter: /^uret/ },
      expected: [
        ["uretprobe:/usr/lib/libc.so.6:free", uprobe(0x2000n, true)],
        ["begin", { kind: "run", when: "start" }],
      ],
    },
    {
      source: "u:libc:$1",
      options: { positional: ["free"] },
      expected: [["uprobe:/usr/lib/libc.so.6:free", uprobe(0x2000n)]],
    },
    { source: "u:./a:free", expected: [["uprobe:./a:free", { ...uprobe(0x2000n), path: "./a" }]] },
    {
      source: "i:s:1",
      expected: [["interval:s:1", perfEvent(0n, { period: 1_000_000_000n }, "one")]],
    },
    {
      source: "interval:1s",
      expected: [["interval:us:1000000", perfEvent(0n, { period: 1_000_000_000n }, "one")]],
    },
    {
      source: "interval:ms:250",
      expected: [["interval:ms:250", perfEvent(0n, { period: 250_000_000n }, "one")]],
    },
    {
      source: "interval:us:$1",
      options: { positional: ["500"] },
      expected: [["interval:us:500", perfEvent(0n, { period: 500_000n }, "one")]],
    },
    {
      source: "profile:hz:99",
      expected: [["profile:hz:99", perfEvent(0n, { frequency: 99n }, "each")]],
    },
    {
      source: "p:100ms",
      options: { pid: 7 },
      expected: [
        ["profile:us:100000", { ...perfEvent(0n, { period: 100_000_000n }, "each"), pid: 7 }],
      ],
    },
    {
      source: "software:faults",
      expected: [["software:faults", perfEvent(2n, { period: 100n }, "each")]],
    },
    { source: "s:cs:10", expected: [["software:cs:10", perfEvent(3n, { period: 10n }, "each")]] },
  ];
  test.each(cases)("$source", ({ source, expected, options }) => {
    expect(attachments(source, options)).toEqual(expected);
  });
});

/** As bpftrace says it, and what is lacking. */
function noMatch(place: string, detail: string): string {
  return `${place}: no-match: Probe has no valid attach points. If this is expected, set the 'missing_probes' config variable to 'warn'. ${detail}`;
}

/** Of one that is named, without a wildcard. */
function noneNamed(place: string, name: string, detail: string): string {
  return `${place}: no-match: No matches for ${name}. ${detail}`;
}

describe("faults of probes", () => {
  const cases: { source: string; expected: string[] }[] = [
    { source: "foo:bar {}", expected: ["foo:bar: unknown-probe-type: Invalid probe type: foo"] },
    {
      source: "iter:tusk {}",
      expected: ["iter:tusk: bad-probe: iter tusk not available for your kernel version."],
    },
    {
      source: "iter:* {}",
      expected: ["iter:*: bad-probe: iter probe type does not support wildcards"],
    },
    {
      source: "software:c*:1 {}",
      expected: ["software:c*:1: bad-probe: wildcards are not allowed for software probe type"],
    },
    {
      source: "interval:10hz {}",
      expected: [
        "interval:10hz: bad-probe: Invalid rate of interval probe: invalid trailing bytes: 10hz",
      ],
    },
    {
      source: "interval:ms:99999999999999999999 {}",
      expected: [
        "interval:ms:99999999999999999999: bad-probe: Invalid rate of interval probe: overflow error, maximum value is 18446744073709551615: 99999999999999999999",
      ],
    },
    {
      source: "self:signal:SIGTERM {}",
      expected: ["self:signal:SIGTERM: bad-probe: SIGTERM is not a supported signal"],
    },
    {
      source: "watchpoint:0x10000000:8:ww {}",
      expected: ["watchpoint:0x10000000:8:ww: bad-probe: watchpoint modes may not be duplicated"],
    },
    {
      source: "watchpoint:0x0:8:w {}",
      expected: [
        "watchpoint:0x0:8:w: bad-probe: watchpoint must be attached to a non-zero address",
      ],
    },
    {
      source: "watchpoint:0x10000000:9:w {}",
      expected: [
        "watchpoint:0x10000000:9:w: bad-probe: watchpoint length must be one of (1,2,4,8)",
      ],
    },
    {
      source: "hardware:cyles {}",
      expected: ["hardware:cyles: bad-probe: cyles is not a hardware probe"],
    },
    {
      source: "t:a:b, BEGIN {}",
      expected: ["t:a:b: no-match: No matches for tracepoint a:b. There is no tracepoint a:b."],
    },
    {
      source: "usdt:libc {}",
      expected: ["usdt:libc: bad-probe: usdt probe type requires 2 or 3 arguments, found 1"],
    },
    {
      source: "usdt::setjmp {}",
      expected: [
        "usdt::setjmp: bad-probe: usdt probe must specify at least path or pid to probe. To target all paths/pids set the path to '*'.",
      ],
    },
    {
      source: "usdt::libc:setjmp {}",
      expected: [
        "usdt::libc:setjmp: bad-probe: usdt probe must specify at least path or pid to probe. To target all paths/pids set the path to '*'.",
      ],
    },
    {
      source: "usdt:libc:sejmp {}",
      expected: [noMatch("usdt:libc:sejmp", "There is no USDT probe sejmp in /usr/lib/libc.so.6.")],
    },
    {
      source: "usdt:libgone:a:b {}",
      expected: [
        "usdt:libgone:a:b: bad-probe: usdt target file 'libgone' does not exist or is not executable",
      ],
    },
    {
      source: "usdt:libc:setjmp { @ = arg3 }",
      expected: [
        "arg3: warning unknown-name: usdt:/usr/lib/libc.so.6:libc:setjmp has 3 arguments: arg3 is 0",
      ],
    },
    {
      source: "uprobe:libc:rust:malloc {}",
      expected: ["uprobe:libc:rust:malloc: bad-probe: unsupported language type: rust"],
    },
    {
      source: "usdt:libc:memory_heap_new { @ = arg3; @a = arg4 }",
      expected: [
        "arg3: not-supported: arg3 of usdt:/usr/lib/libc.so.6:libc:memory_heap_new is at %xmm0, which is not supported yet",
        "arg4: not-supported: arg4 of usdt:/usr/lib/libc.so.6:libc:memory_heap_new is at foo(%rip), which is not supported yet",
      ],
    },
    {
      source: "BEGIN:x {}",
      expected: ["BEGIN:x: bad-probe: begin probe type requires 0 arguments, found 1"],
    },
    {
      source: "t:a {}",
      expected: ["t:a: bad-probe: tracepoint probe type requires 2 arguments, found 1"],
    },
    {
      source: "t:a: {}",
      expected: ["t:a:: bad-probe: tracepoint probe must have a target"],
    },
    {
      source: "t:a:b {}",
      expected: [noneNamed("t:a:b", "tracepoint a:b", "There is no tracepoint a:b.")],
    },
    { source: "t:a:* {}", expected: [noMatch("t:a:*", "No tracepoint matches a:*.")] },
    {
      source: "rt:sched_swich {}",
      expected: [noMatch("rt:sched_swich", "There is no raw tracepoint sched_swich.")],
    },
    {
      source: "kprobe:xfs_* {}",
      expected: [noMatch("kprobe:xfs_*", "No function of the kernel's matches xfs_*.")],
    },
    {
      source: "kprobe:a:b:c {}",
      expected: ["kprobe:a:b:c: bad-probe: kprobe probe type requires 1 or 2 arguments, found 3"],
    },
    {
      source: "fentry:vfs_reed {}",
      expected: [
        noneNamed(
          "fentry:vfs_reed",
          "fentry vfs_reed",
          "The kernel's types (BTF) have no function vfs_reed.",
        ),
      ],
    },
    {
      source: "fentry:vfs_read+4 {}",
      expected: ['vfs_read+4: bad-probe: "vfs_read+4" is not a function of the kernel\'s'],
    },
    {
      source: "kfunc:nf_tables:nft_do_chain {}",
      expected: [
        "nft_do_chain: not-supported: fentry probes on functions of modules are not supported yet",
      ],
    },
    {
      source: "fentry:vfs_read { @ = retval } fexit:vfs_release { @ = retval }",
      expected: [
        "retval: wrong-probe: The retval builtin can only be used with 'kretprobe' and 'uretprobe' and 'fentry' probes",
        "retval: wrong-probe: retval cannot be used with fexit:vfs_release: the function returns nothing",
      ],
    },
    {
      source: "fentry:vfs_read { @ = args.fil } fexit:vfs_read { @ = arg4 }",
      expected: [
        "fil: unknown-field: fentry:vfs_read has no parameter fil",
        "arg4: unknown-name: fexit:vfs_read has 4 arguments, arg4 is none of them",
      ],
    },
    {
      source: "kretprobe:f+4 {}",
      expected: ["kretprobe:f+4: bad-probe: Offset not allowed"],
    },
    {
      source: "u:libc {}",
      expected: ["u:libc: bad-probe: uprobe probe type requires 2 or 3 arguments, found 1"],
    },
    {
      source: "u:libgone:f {}",
      expected: [
        "u:libgone:f: bad-probe: uprobe target file 'libgone' does not exist or is not executable",
      ],
    },
    {
      source: "u:libc:mallok {}",
      expected: [
        noneNamed(
          "u:libc:mallok",
          "uprobe libc:mallok",
          "There is no function mallok in /usr/lib/libc.so.6.",
        ),
      ],
    },
    {
      source: "u:libc:z* {}",
      expected: [noMatch("u:libc:z*", "No function of /usr/lib/libc.so.6 matches z*.")],
    },
    {
      source: "u:libc:free+0x80 {}",
      expected: ["free+0x80: bad-probe: Offset outside the function bounds ('free' size is 128)"],
    },
    {
      source: "u:libc:malloc+2 {}",
      expected: [
        "u:libc:malloc+2: bad-probe: Could not add uprobe into middle of instruction: libc:malloc+2",
      ],
    },
    {
      source: "u:libc:malloc+7 {}",
      expected: [
        "u:libc:malloc+7: warning not-supported: It cannot be told whether an instruction begins there: no function of /usr/lib/libc.so.6 is known at that place. If none does, the program crashes",
      ],
    },
    {
      source: "u:/opt/*:free {}",
      expected: [
        "u:/opt/*:free: bad-probe: uprobe target file '/opt/*' does not exist or is not executable",
      ],
    },
    {
      source: "u:/usr/lib/*.so.6:nothing {}",
      expected: [
        noMatch("u:/usr/lib/*.so.6:nothing", "None of 2 files that match /usr/lib/*.so.6 has it."),
      ],
    },
    {
      source: "u:libc:0x12 {}",
      expected: [
        noneNamed(
          "u:libc:0x12",
          "uprobe libc:0x12",
          "There is no code at 0x12 in /usr/lib/libc.so.6.",
        ),
      ],
    },
    {
      source: "u:libthumb:malloc {}",
      expected: [
        "malloc: not-supported: malloc of /usr/lib/libthumb.so.6 is Thumb code, in which the kernel cannot set uprobes",
      ],
    },
    {
      source: "u:libthumb:m* {}",
      expected: [
        "m*: not-supported: m* of /usr/lib/libthumb.so.6 is Thumb code, in which the kernel cannot set uprobes",
      ],
    },
    {
      source: "u:libthumb:* {}",
      expected: [
        "*: warning not-supported: 3 of 4 functions of /usr/lib/libthumb.so.6 that match are Thumb code, in which the kernel cannot set uprobes: left out",
      ],
    },
    { source: "u:libthumb:free {}", expected: [] },
    {
      source: "ur:libthumb:free {}",
      expected: [
        "free: not-supported: /usr/lib/libthumb.so.6 has Thumb code, to which the kernel's uretprobes cannot return",
      ],
    },
    {
      source: "interval:s:0 {}",
      expected: ["interval:s:0: bad-probe: interval frequency should be a positive integer"],
    },
    {
      source: "interval:5 {}",
      expected: [
        "interval:5: bad-probe: Invalid rate of interval probe. Minimum is 1000 or 1us. Found: 5 nanoseconds",
      ],
    },
    {
      source: "profile:mins:5 {}",
      expected: ["profile:mins:5: bad-probe: mins is not an accepted unit of time"],
    },
    { source: "s:fauls {}", expected: ["s:fauls: bad-probe: fauls is not a software probe"] },
    {
      source: "s:cs:x {}",
      expected: ["s:cs:x: bad-probe: Invalid count for software probe: invalid integer: x"],
    },
    {
      source: "config = { missing_probes = warn } t:a:b {} BEGIN {}",
      expected: [
        "t:a:b: warning no-match: No matches for tracepoint a:b. Skipping. There is no tracepoint a:b.",
        "t:a:b: warning bad-probe: Probe has no valid attach points. It is being removed which may cause issues with program behavior.",
      ],
    },
    { source: "config = { missing_probes = ignore } t:a:b {} BEGIN {}", expected: [] },
    { source: "t:a:b, BEGIN { print(probe); }", expected: [] },
    {
      source: "bench:a {} test:b, bench:a {} BEGIN {}",
      expected: [
        "bench:a: bad-probe: this is the other instance",
        'bench:a: bad-probe: "a" was used as the name for more than one BENCH probe',
      ],
    },
    {
      source: "kprobe: {} fexit:a: {} fentry {} rawtracepoint: {} software: {} usdt:./a: {}",
      expected: [
        "kprobe:: bad-probe: kprobes should be attached to a function or an address",
        "fexit:a:: bad-probe: fentry/fexit should specify a function",
        "fentry: bad-probe: fentry probe type requires 1 or 3 arguments, found 0",
        "rawtracepoint:: bad-probe: rawtracepoint should be attached to a function",
        "software:: bad-probe: software probe must have a software event name",
        "usdt:./a:: bad-probe: usdt probe must have a target function or wildcard",
      ],
    },
    {
      source:
        "interval:ms:-1 {} profile:hz:$1 {} hardware:cycles:-1 {} uretprobe:./a@a.c:5 {} uprobe:./a@a.c:x {}",
      expected: [
        "interval:ms:-1: bad-probe: interval frequency should be a positive integer",
        "profile:hz:$1: bad-probe: Invalid rate of profile probe: invalid integer: ",
        "hardware:cycles:-1: bad-probe: hardware frequency should be a positive integer",
        "uretprobe:./a@a.c:5: bad-probe: Source code location not allowed",
        "uprobe:./a@a.c:x: bad-probe: Invalid line number: invalid integer: x",
      ],
    },
    {
      source: "iter:task,iter:task { print(1); }",
      expected: [
        "iter:task: bad-probe: iter task not available for your kernel version.",
        "iter:task: bad-probe: iter probe only supports one attach point.",
      ],
    },
    {
      source: "test:a {}",
      expected: [": no-match: No probes attached; use --test to run test probes."],
    },
    {
      source: "config = { missing_probes = ignore } t:a:b {}",
      expected: ["t:a:b: nothing-to-attach: No probes to attach"],
    },
  ];
  test.each(cases)("$source", ({ source, expected }) => {
    expect(faultsOf(source)).toEqual(expected);
  });
});

test("arguments of USDT probes are read where their notes say", () => {
  const { probes } = requireProgram(
    "usdt:libc:setjmp { @a = arg0; @b = arg1; } usdt:libc:memory_heap_new { @c = arg0; @b = arg1; @d = arg2; @b = arg9; }",
  );
  expect(probes.map(({ body }) => body.map(printCheckedStatement))).toEqual([
    [
      "(= (map 0):s64 (convert (convert reg@112:u64):u64):s64)",
      "(= (map 1):s64 (convert (convert reg@104:u64):s32):s64)",
    ],
    [
      "(= (map 2):s64 (convert (read-user (add reg@32:u64 18446744073709551600:u64):u64):u64):s64)",
      "(= (map 1):s64 (convert -5:s32):s64)",
      "(= (map 3):s64 (convert (read-user (add (add reg@80:u64 (multiply reg@40:u64 4:u64):u64):u64 8:u64):u64):u32):s64)",
      "(= (map 1):s64 0:s64)",
    ],
  ]);
});

describe("uprobes of one file", () => {
  const joined = { target: { features: ["uprobe_multi"] } } as const;
  const placesOf = (source: string, options: SourceOptions = joined): unknown[] =>
    requireProgram(source, options).probes.map(({ attachment, others = [], cookies }) =>
      [attachment, ...others.map((other) => other.attachment)].map((place, index) =>
        place.kind === "uprobe" ? [place.offset, cookies?.[index]] : [],
      ),
    );

  test("are joined by block and kind, without cookies when nobody asks", () => {
    expect(placesOf("u:libc:malloc*,ur:libc:malloc,u:libc:free {} u:libc:free {}")).toEqual([
      [
        [0x1000n, undefined],
        [0x1800n, undefined],
        [0x2000n, undefined],
      ],
      [[0x1000n, undefined]],
      [[0x2000n, undefined]],
    ]);
  });

  test("are told by the numbers of the names that are asked for", () => {
    const source = "u:libc:malloc* { print(func); print(probe); }";
    expect(placesOf(source)).toEqual([
      [
        [0x1000n, (1n << 32n) | 0n],
        [0x1800n, (3n << 32n) | 2n],
      ],
    ]);
    expect(requireProgram(source, joined).layout.names).toEqual([
      "uprobe:/usr/lib/libc.so.6:malloc",
      "malloc",
      "uprobe:/usr/lib/libc.so.6:malloc_usable_size",
      "malloc_usable_size",
    ]);
  });

  test("count as one program, unless the block asks for each name", () => {
    const limits = "config = { max_probes = 1; max_bpf_progs = 1 }";
    expect(placesOf(`${limits} u:libc:malloc* { print(func); }`)).toHaveLength(1);
    expect(faultsOf(`${limits} u:libc:malloc* { print(probe); }`, joined)[0]).toMatch(
      "trying to generate more than 2 BPF programs",
    );
    expect(faultsOf("config = { max_probes = 1 } u:libc:malloc* {}")[0]).toMatch(
      "Can't attach to 2 probes",
    );
  });

  test("stay apart where the kernel cannot join them, or a block tells them apart", () => {
    const apart = [[[0x1000n, undefined]], [[0x1800n, undefined]]];
    const old = { features: ["uprobe_multi"], release: "6.6.1" } as const;
    expect(placesOf("u:libc:malloc* {}", {})).toEqual(apart);
    expect(placesOf("u:libc:malloc* {}", { target: old, pid: 7 })).toEqual(apart);
    expect(placesOf("u:libc:malloc* {}", { ...joined, attachesAsWritten: true })).toEqual(apart);
    expect(placesOf("u:libc:malloc* { print(strlen(func)); }")).toEqual(apart);
    expect(placesOf("usdt:libc:libc:* { print(arg0); }")).toHaveLength(2);
    expect(placesOf("usdt:libc:libc:* {}")).toHaveLength(1);
  });
});

describe("kprobes", () => {
  const joined = { target: { features: ["kprobe_multi", "attach_cookie"] } } as const;
  const countOf = (source: string, options: SourceOptions = joined): number =>
    requireProgram(source, options).probes.length;

  test("of a block are joined, and told by cookies", () => {
    const source = "k:vfs_*,kr:vfs_* { print(func); }";
    const { probes } = requireProgram(source, joined);
    expect(probes.map(({ name, cookies }) => [name, cookies])).toEqual([
      ["kprobe:vfs_read", [0n, 1n << 32n, 2n << 32n]],
      ["kretprobe:vfs_read", [0n, 1n << 32n, 2n << 32n]],
    ]);
  });

  test("stay apart in modules, within functions, and where a block wants what only they have", () => {
    expect(countOf("k:vfs_read,k:nf_tables:nft_* {}")).toBe(2);
    expect(countOf("k:vfs_read,k:vfs_read+4 {}")).toBe(2);
    for (const own of ['reg("ax")', "ctx"]) expect(countOf(`k:vfs_* { print(${own}); }`)).toBe(3);
    const old = { target: { features: ["kprobe_multi"] } } as const;
    expect(countOf("k:vfs_* {}", old)).toBe(3);
    expect(countOf("config = { missing_probes = warn } k:vfs_* {}")).toBe(3);
  });
});

test("what a function takes and gives is read by its types", () => {
  const source = `fentry:vfs_read { @ = args.count; @a = arg2; @f = args.file; }
    fexit:vfs_read /retval < 0/ { @r = retval; @p = args.pos; }`;
  const { probes } = requireProgram(source);
  expect(probes.map(({ place }) => place)).toEqual([
    { expectedAttachType: "trace_fentry", attachTo: "vfs_read" },
    { expectedAttachType: "trace_fexit", attachTo: "vfs_read" },
  ]);
  expect(probes.map(({ body }) => body.map(printCheckedStatement))).toEqual([
    ["(= (map 0):u64 arg2:u64)", "(= (map 1):u64 arg2:u64)", "(= (map 2):kernel* arg0:kernel*)"],
    ["(= (map 4):s64 arg4:s64)", "(= (map 3):kernel* arg3:kernel*)"],
  ]);
});

describe("requirements", () => {
  const rounds = (source: string): string[][] =>
    answerAll(source).rounds.map((queries) =>
      queries.map(({ kind, ...rest }) => [kind, ...Object.values<unknown>(rest)].join(" ")),
    );
  test.each([
    ["BEGIN {} i:1s {} kprobe:f { @ = arg0 }", []],
    ["kprobe:vfs_* {} kprobe:nf:a* {}", [["kernelFunctions vfs_*", "kernelFunctions nf:a*"]]],
    [
      "fentry:vfs_*e {} fexit:vfs_read {}",
      [["kernelFunctions vfs_*e", "kernelFunctionType vfs_read"], ["kernelFunctionType vfs_write"]],
    ],
    ["t:a:b {}", [["tracepointFormat a b"]]],
    ["t:a:b {} t:a:b { @ = args.x }", [["tracepointFormat a b"]]],
    ["t:*:sys_enter_* { @ = count() }", [["tracepoints *:sys_enter_*"]]],
    [
      "t:*:sys_enter_* { @ = args.__syscall_nr }",
      [["tracepoints *:sys_enter_*"], ["tracepointFormat syscalls sys_enter_execve"]],
    ],
    [
      "t:sched:* /args.x/ { }",
      [
        ["tracepoints sched:*"],
        [
          "tracepointFormat sched sched_process_exec",
          "tracepointFormat sched sched_switch",
          "tracepointFormat sched sched_wakeup",
        ],
      ],
    ],
    ["rt:sched_switch {}", [["rawTracepoints sched_switch"]]],
    [
      "rt:sched_switch { @ = arg1 }",
      [["rawTracepoints sched_switch"], ["rawTracepointParameters sched_switch"]],
    ],
    ["u:libc:malloc* {} ur:libc:malloc* {}", [["userFunctions libc malloc*"]]],
    ["u:libc:0x10 {}", [["userAddress libc 10"]]],
    ["foo:bar {}", []],
  ])("%s", (source, expected) => {
    expect(rounds(source)).toEqual(expected);
  });
});

test("--unsafe probes where no instruction begins", () => {
  const { diagnostics } = checkSource("u:libc:malloc+2 {}", { isUnsafe: true });
  expect(diagnostics).toEqual([]);
});
