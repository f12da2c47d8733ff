import { describe, expect, test } from "@jest/globals";
import { answerAll, requireProgram, type SourceOptions } from "./check-source.js";
import { printChecked } from "./print-checked.js";

/** What `@ = text` assigns, checked in a probe. */
function checked(text: string, probe = "BEGIN", options: SourceOptions = {}): string {
  const program = requireProgram(`${probe} { @ = ${text} }`, options);
  const last = program.probes[0]?.body.at(-1);
  return last?.kind === "assign" ? printChecked(last.value) : "no assignment";
}

describe("constants are folded", () => {
  const cases: [string, string][] = [
    ["1", "1:s64"],
    ["1u", "1:s64"],
    ["0xffffffffffffffff", "18446744073709551615:u64"],
    ["-1", "-1:s64"],
    ["-9223372036854775808", "-9223372036854775808:s64"],
    ["1 + 2 * 3", "7:s64"],
    ["7 / 2 - 10", "-7:s64"],
    ["-7 / 2", "-3:s64"],
    ["-7 % 3", "-1:s64"],
    ["1 << 40", "1099511627776:s64"],
    ["-8 >> 1", "-4:s64"],
    ["~0", "18446744073709551615:u64"],
    ["~0u", "18446744073709551615:u64"],
    ["0xf0 ^ 0xff | 1 & 3", "15:s64"],
    ["9223372036854775807 + 1", "9223372036854775808:u64"],
    ["!5", "0:bool"],
    ["1 < 2", "1:bool"],
    ["1 == 1 && 2 > 3", "0:bool"],
    ["0 || 5", "1:bool"],
    ["true", "1:bool"],
    ["1 ? 2 : 3", "2:s64"],
    ["(uint8)300", "44:u8"],
    ["(int8)200", "-56:s8"],
    ["(uint64)-1", "18446744073709551615:u64"],
    ["(bool)5", "1:bool"],
    ["sizeof(uint16)", "2:s64"],
    ["sizeof(pid)", "4:s64"],
    ["sizeof(struct mm *)", "8:s64"],
    ['"a" == "a"', "1:bool"],
    ['"a" != "a"', "0:bool"],
    ['"a\\0b"', '"a":str4'],
    ['"é"', '"é":str3'],
    ['strncmp("abc", "abd", 2)', "0:s64"],
    ['strncmp("abc", "abd", 3)', "1:s64"],
    ['strcontains("abcd", "bc")', "1:bool"],
    ['strcontains("abcd", "cb")', "0:bool"],
    ['strcontains("abcd", "")', "1:bool"],
    ['strcontains(comm, "no name is so long")', "0:bool"],
    ['probe == "begin"', "1:bool"],
    ['"END" == probe', "0:bool"],
  ];
  test.each(cases)("%s", (text, expected) => {
    expect(checked(text)).toBe(expected);
  });
});

describe("types of the kernel's", () => {
  const cases: [string, string][] = [
    ["curtask->pid", "(read-kernel curtask:kernel*):s32"],
    ["curtask.pid", "(read-kernel curtask:kernel*):s32"],
    ["(*curtask).pid", "(read-kernel curtask:kernel*):s32"],
    ["curtask->comm", "(str-kernel (add curtask:kernel* 8:s64):u64):str17"],
    [
      "curtask->parent->mm->total_vm",
      "(read-kernel (read-kernel (add (read-kernel (add curtask:kernel* 32:s64):u64):kernel* 24:s64):u64):kernel*):u64",
    ],
    ["curtask->own.map_count", "(read-kernel (add curtask:kernel* 72:s64):u64):s32"],
    ["curtask->high", "(read-kernel (add curtask:kernel* 42:s64):u64):s16"],
    ["curtask->cpus[3]", "(read-kernel (add curtask:kernel* 60:s64):u64):s32"],
    [
      "curtask->cpus[cpu]",
      "(read-kernel (add (convert (add curtask:kernel* 48:s64):u64):u64 (multiply cpu:u32 4:s64):s64):u64):s32",
    ],
    ["curtask->done", "(read-kernel (add curtask:kernel* 80:s64):u64):bool"],
    ["curtask->state", "(read-kernel (add curtask:kernel* 4:s64):u64):u32"],
    [
      "curtask->ready",
      "(convert (and (read-kernel (add curtask:kernel* 44:s64):u64):u8 1:s64):u64):u32",
    ],
    [
      "curtask->kind",
      "(convert (and (shiftRight (read-kernel (add curtask:kernel* 44:s64):u64):u8 1:s64):u64 7:s64):u64):u32",
    ],
    [
      "curtask->level",
      "(convert (and (shiftRight (read-kernel (add curtask:kernel* 44:s64):u64):u8 4:s64):u64 15:s64):u64):s32",
    ],
    ["BUSY", "5:u32"],
    ["(enum state)5", "5:u32"],
    ["(pid_t)pid", "(convert pid:u32):s32"],
    ["sizeof(struct task_struct)", "104:s64"],
    ["sizeof(curtask->own)", "16:s64"],
    ["sizeof(*curtask)", "104:s64"],
    ["sizeof(pid_t)", "4:s64"],
    ["sizeof(typeof(curtask->own))", "16:s64"],
    ["offsetof(struct task_struct, own.map_count)", "72:s64"],
    ["offsetof(struct task_struct, high)", "42:s64"],
    ["offsetof(*curtask, mm)", "24:s64"],
    ["(uint8[4])pid", "(convert pid:u32):u8[4]"],
    ["((uint8[8])12345)[1]", "(@1 (convert 12345:s64):u8[8]):u8"],
    ["(uint32)(uint8[4])pid", "(convert (convert pid:u32):u8[4]):u32"],
    ["(uint8[])pid", "(convert pid:u32):u8[4]"],
    ["comm[1]", "(@1 comm:str16):s8"],
    ["comm[cpu]", "(element comm:str16 cpu:u32):s8"],
    [
      "curtask->cpus == curtask->cpus",
      "(memory-equal (read-kernel (add curtask:kernel* 48:s64):u64):s32[4] (read-kernel (add curtask:kernel* 48:s64):u64):s32[4]):bool",
    ],
    [
      "(pid, 1) == (1, pid)",
      "(memory-equal (tuple pid:u32 1:s64):(s64,s64) (tuple 1:s64 pid:u32):(s64,s64)):bool",
    ],
    ['"a" + "b"', '"ab":str3'],
    ['"abc" + 1', '"bc":str3'],
    ["(bool)comm", '(str-different comm:str16 "":str1):bool'],
    [
      "(struct mm *)curtask + 1",
      "(convert (add (convert (convert curtask:kernel*):kernel*):u64 16:s64):u64):kernel*",
    ],
  ];
  test.each(cases)("%s", (text, expected) => {
    expect(checked(text)).toEqual(expected);
  });

  test("each pointer is one question more", () => {
    const { rounds } = answerAll("BEGIN { @ = curtask->parent->mm->total_vm; @b = curtask->pid; }");
    expect(rounds.map((round) => round.map(({ kind }) => kind))).toEqual([
      ["kernelType"],
      ["kernelMember", "kernelMember"],
      ["kernelMember"],
      ["kernelMember"],
    ]);
  });
});

describe("builtins have their types", () => {
  const cases: [string, string][] = [
    ["pid", "pid:u32"],
    ["tid", "tid:u32"],
    ["uid()", "uid:u32"],
    ["gid", "gid:u32"],
    ["comm", "comm:str16"],
    ["nsecs", "nsecs:u64"],
    ["elapsed", "elapsed:u64"],
    ["cpu", "cpu:u32"],
    ["rand", "rand:u32"],
    ["curtask", "curtask:kernel*"],
    ["probe", "0:name"],
  ];
  test.each(cases)("%s", (text, expected) => {
    expect(checked(text)).toBe(expected);
  });
});

describe("operators", () => {
  const cases: [string, string][] = [
    ["pid + 1", "(add pid:u32 1:s64):u64"],
    ["pid - 1", "(subtract pid:u32 1:s64):s64"],
    ["nsecs / 1000", "(divide nsecs:u64 1000:s64):u64"],
    ["-1 + pid", "(add -1:s64 pid:u32):s64"],
    ["rand % 10 + true", "(add (modulo rand:u32 10:s64):u64 1:bool):u64"],
    ["-nsecs", "(negate nsecs:u64):u64"],
    ["~pid", "(complement pid:u32):u64"],
    ["!pid", "(not pid:u32):bool"],
    ["pid < 10", "(less pid:u32 10:s64):bool"],
    ["pid > -1", "(signed-greater pid:u32 -1:s64):bool"],
    ["nsecs > -1", "(signed-greater nsecs:u64 -1:s64):bool"],
    ["(int32)pid >= 0", "(signed-greaterOrEqual (convert pid:u32):s32 0:s64):bool"],
    ["pid && tid", "(and pid:u32 tid:u32):bool"],
    ["1 && pid", "(convert pid:u32):bool"],
    ["0 && pid", "0:bool"],
    ["pid || 1", "(or pid:u32 1:s64):bool"],
    ["pid ? 1 : 2", "(if pid:u32 1:s64 2:s64):s8"],
    ["pid ? cpu : 2", "(if pid:u32 cpu:u32 2:s64):u32"],
    ["pid ? cpu : 4294967296", "(if pid:u32 cpu:u32 4294967296:s64):s64"],
    ["pid ? cpu : nsecs - 1", "(if pid:u32 cpu:u32 (subtract nsecs:u64 1:s64):s64):s64"],
    ['pid ? "a" : comm', '(if pid:u32 "a":str2 comm:str16):str16'],
    ['comm == "bash"', '(str-equal comm:str16 "bash":str5):bool'],
    ['"bash" != comm', '(str-different "bash":str5 comm:str16):bool'],
    ["(pid, comm)", "(tuple pid:u32 comm:str16):(u32,str16)"],
    ["(pid, comm).1", "comm:str16"],
    ["(pid, comm)[0]", "pid:u32"],
    ["*(uint16 *)nsecs", "(read-kernel (convert nsecs:u64):kernel*):u16"],
    ["*(uint64 *)uptr(nsecs)", "(read-user (convert (convert nsecs:u64):user*):user*):u64"],
    ["(uint8)pid", "(convert pid:u32):u8"],
    ["ksym(curtask)", "(convert curtask:kernel*):ksym"],
    ["kstack", "(stack kernel bpftrace 127):stack"],
    ["stack()", "(stack kernel bpftrace 127):stack"],
    ["ustack(perf)", "(stack user perf 127):stack"],
    ["kstack(raw, 3)", "(stack kernel raw 3):stack"],
    ["ustack(5)", "(stack user bpftrace 5):stack"],
    ['strftime("%H", nsecs)', "(convert nsecs:u64):timestamp"],
  ];
  test.each(cases)("%s", (text, expected) => {
    expect(checked(text)).toBe(expected);
  });

  test("a pointer moves by what it points to", () => {
    expect(checked("((uint32 *)curtask)[2]")).toBe(
      "(read-kernel (convert (add (convert (convert curtask:kernel*):kernel*):u64 8:s64):u64):kernel*):u32",
    );
    expect(checked("(uint16 *)curtask + cpu")).toBe(
      "(convert (add (convert (convert curtask:kernel*):kernel*):u64 (multiply cpu:u32 2:s64):s64):u64):kernel*",
    );
    expect(checked("curtask - 2")).toBe(
      "(convert (subtract (convert curtask:kernel*):u64 208:s64):u64):kernel*",
    );
  });
});

describe("strings have the room that their place gives them", () => {
  const uprobe = "uprobe:libc:malloc";
  const cases: [string, string][] = [
    ["str(arg0)", "(str-user arg0:u64):str1025"],
    ["str(arg0, 10)", "(str-user arg0:u64):str10"],
    ["str(arg0, arg1)", "(str-user arg0:u64 arg1:u64):str1025"],
    ["str(kptr(arg0))", "(str-kernel (convert arg0:u64):kernel*):str1025"],
    ['str(arg0) == "abc"', '(str-equal (str-user arg0:u64):str5 "abc":str4):bool'],
    ['"abc" == str(arg0)', '(str-equal "abc":str4 (str-user arg0:u64):str5):bool'],
    [
      "str(arg0) == str(arg1)",
      "(str-equal (str-user arg0:u64):str1025 (str-user arg1:u64):str1025):bool",
    ],
    ['strncmp(str(arg0), "ab", 2)', '(str-different-2 (str-user arg0:u64):str3 "ab":str3):s64'],
    [
      'strcontains(comm, "ab")',
      '(signed-greaterOrEqual (find-text comm:str16 "ab":str3):s64 0:s64):bool',
    ],
    ["func", "0:name"],
  ];
  test.each(cases)("%s", (text, expected) => {
    expect(checked(text, uprobe)).toBe(expected);
  });

  test("records have more room than maps", () => {
    const [probe] = requireProgram(
      `${uprobe} { printf("%s %s", str(arg0), str(arg0, 4096)); }`,
    ).probes;
    const [statement] = probe?.body ?? [];
    expect(statement?.kind === "record" ? statement.values.map(printChecked) : []).toEqual([
      "(str-user arg0:u64):str1025",
      "(str-user arg0:u64):str1025",
    ]);
  });

  test("max_strlen sets both", () => {
    const source = `config = { max_strlen = 200 } ${uprobe} { printf("%s", str(arg0)); @ = str(arg0) }`;
    const { probes, config } = requireProgram(source);
    expect(config).toMatchObject({ recordStringBytes: 201, storedStringBytes: 201 });
    const types = probes[0]?.body.map((statement) =>
      statement.kind === "record"
        ? statement.values.map(printChecked)
        : statement.kind === "assign"
          ? printChecked(statement.value)
          : "",
    );
    expect(types).toEqual([["(str-user arg0:u64):str201"], "(str-user arg0:u64):str201"]);
  });
});

describe("arguments", () => {
  const openat = "tracepoint:syscalls:sys_enter_openat";
  const cases: [string, string, string, SourceOptions?][] = [
    [openat, "args.dfd", "ctx@16+4:s32"],
    [openat, "args->flags", "ctx@32+4:s32"],
    [openat, "args.mode", "ctx@40+2:u16"],
    [openat, "args.mode", "ctx@46+2:u16", { target: { byteOrder: "big" } }],
    [openat, "args.filename", "ctx@24+8:user*"],
    [openat, "str(args.filename)", "(str-user ctx@24+8:user*):str1025"],
    [openat, "*args.filename", "(read-user ctx@24+8:user*):s8"],
    [
      "tracepoint:arm:sys_enter_openat",
      "args.filename",
      "ctx@16+4:kernel*",
      { target: { pointerSize: 4, architecture: "arm" } },
    ],
    ["t:syscalls:sys_exit_openat", "args.ret", "ctx@16+8:s64"],
    ["t:raw_syscalls:sys_enter", "args.args[5]", "ctx@56+8:u64"],
    ["t:sched:sched_switch", "args.prev_comm", "ctxstr@8+16:str17"],
    ["t:sched:sched_switch", "str(args.prev_comm, 4)", "ctxstr@8+16:str4"],
    ["t:sched:sched_process_exec", "args.filename", "loc@8:str1025"],
    ["t:sched:sched_process_exec", "str(args.filename, 9)", "loc@8:str9"],
    [
      "t:sched:sched_process_exec",
      'args.filename == "/a"',
      '(str-equal loc@8:str4 "/a":str3):bool',
    ],
    ["t:kmem:kmem_cache_alloc", "args.ptr", "ctx@16+8:kernel*"],
    ["rt:sched_switch", "arg0", "arg0:bool"],
    ["rt:sched_switch", "args.prev", "arg1:kernel*"],
    ["rt:sched_switch", "args.prio", "arg2:s32"],
    ["rt:sys_enter", "arg1", "arg1:u64"],
    ["kprobe:vfs_read", "arg2", "arg2:u64"],
    ["kprobe:vfs_read", "str(arg0)", "(str-kernel arg0:u64):str1025"],
    ["kretprobe:vfs_read", "retval", "retval:u64"],
    ["uretprobe:libc:malloc", "(int32)retval", "(convert retval:u64):s32"],
    ["kprobe:vfs_read", "func", "0:name"],
  ];
  // Objects, since jest passes a callback in place of an argument that is left out.
  const rows = cases.map(([probe, text, expected, options]) => ({
    probe,
    text,
    expected,
    options,
  }));
  test.each(rows)("$probe: $text is $expected", ({ probe, text, expected, options }) => {
    expect(checked(text, probe, options)).toBe(expected);
  });
});

describe("positional parameters", () => {
  const positional = ["12", "abc", "-3"];
  const cases: [string, string][] = [
    ["$1", "12:s64"],
    ["$1 + 1", "13:s64"],
    ["$3", "-3:s64"],
    ["$4", "0:s64"],
    ["$#", "3:s64"],
    ["str($2)", '"abc":str4'],
    ["str($1)", '"12":str3'],
    ["str($4)", '"":str1'],
    ["comm == str($2)", '(str-equal comm:str16 "abc":str4):bool'],
  ];
  test.each(cases)("%s", (text, expected) => {
    expect(checked(text, "BEGIN", { positional })).toBe(expected);
  });
});
