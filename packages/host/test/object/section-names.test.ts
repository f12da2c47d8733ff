import { describe, expect, test } from "@jest/globals";
import { type AttachRule, readSectionName } from "../../src/object/section-names.js";

const path = "/usr/lib/libc.so.6";

const attached: readonly {
  readonly section: string;
  readonly type: string;
  readonly attachType?: string;
  readonly sleeps?: true;
  readonly attach: AttachRule;
}[] = [
  {
    section: "kprobe/do_nanosleep",
    type: "kprobe",
    attach: { kind: "kprobe", isReturn: false, symbol: "do_nanosleep", offset: 0n },
  },
  {
    section: "kprobe/foo.isra.0+0x1f",
    type: "kprobe",
    attach: { kind: "kprobe", isReturn: false, symbol: "foo.isra.0", offset: 31n },
  },
  {
    section: "kprobe",
    type: "kprobe",
    attach: { kind: "kprobe", isReturn: false, symbol: undefined, offset: 0n },
  },
  {
    section: "kretprobe/foo",
    type: "kprobe",
    attach: { kind: "kprobe", isReturn: true, symbol: "foo", offset: 0n },
  },
  {
    section: "ksyscall/openat",
    type: "kprobe",
    attach: { kind: "systemCall", isReturn: false, name: "openat" },
  },
  {
    section: "kretsyscall/openat",
    type: "kprobe",
    attach: { kind: "systemCall", isReturn: true, name: "openat" },
  },
  {
    section: "kprobe.multi/tcp_*",
    type: "kprobe",
    attachType: "trace_kprobe_multi",
    attach: { kind: "kprobeMulti", isReturn: false, isSession: false, pattern: "tcp_*" },
  },
  {
    section: "kretprobe.multi/tcp_*",
    type: "kprobe",
    attachType: "trace_kprobe_multi",
    attach: { kind: "kprobeMulti", isReturn: true, isSession: false, pattern: "tcp_*" },
  },
  {
    section: "kprobe.session/tcp_*",
    type: "kprobe",
    attachType: "trace_kprobe_session",
    attach: { kind: "kprobeMulti", isReturn: false, isSession: true, pattern: "tcp_*" },
  },
  {
    section: `uprobe/${path}:malloc+4`,
    type: "kprobe",
    attach: { kind: "uprobe", isReturn: false, place: { path, function: "malloc", offset: 4n } },
  },
  {
    section: `uprobe/${path}:0x1234`,
    type: "kprobe",
    attach: {
      kind: "uprobe",
      isReturn: false,
      place: { path, function: undefined, offset: 0x1234n },
    },
  },
  {
    section: "uretprobe.s/libc:getaddrinfo@@GLIBC_2.2.5",
    type: "kprobe",
    sleeps: true,
    attach: {
      kind: "uprobe",
      isReturn: true,
      place: { path: "libc", function: "getaddrinfo@@GLIBC_2.2.5", offset: 0n },
    },
  },
  {
    section: "uprobe",
    type: "kprobe",
    attach: { kind: "uprobe", isReturn: false, place: undefined },
  },
  {
    section: `uprobe.multi.s/${path}:mem*`,
    type: "kprobe",
    attachType: "trace_uprobe_multi",
    sleeps: true,
    attach: {
      kind: "uprobeMulti",
      isReturn: false,
      isSession: false,
      place: { path, pattern: "mem*" },
    },
  },
  {
    section: `uprobe.session/${path}:mem*`,
    type: "kprobe",
    attachType: "trace_uprobe_session",
    attach: {
      kind: "uprobeMulti",
      isReturn: false,
      isSession: true,
      place: { path, pattern: "mem*" },
    },
  },
  {
    section: `usdt/${path}:libc:setjmp`,
    type: "kprobe",
    attach: { kind: "usdt", place: { path, provider: "libc", name: "setjmp" } },
  },
  { section: "usdt.s", type: "kprobe", sleeps: true, attach: { kind: "usdt", place: undefined } },
  {
    section: "tracepoint/sched/sched_switch",
    type: "tracepoint",
    attach: { kind: "tracepoint", event: { category: "sched", name: "sched_switch" } },
  },
  {
    section: "tp/sched/sched_switch",
    type: "tracepoint",
    attach: { kind: "tracepoint", event: { category: "sched", name: "sched_switch" } },
  },
  {
    section: "raw_tracepoint/sched_switch",
    type: "raw_tracepoint",
    attach: { kind: "rawTracepoint", name: "sched_switch" },
  },
  {
    section: "raw_tp.w/bpf_test",
    type: "raw_tracepoint_writable",
    attach: { kind: "rawTracepoint", name: "bpf_test" },
  },
  {
    section: "tp_btf/sched_switch",
    type: "tracing",
    attachType: "trace_raw_tp",
    attach: { kind: "tracing", name: "sched_switch" },
  },
  {
    section: "fentry.s/foo",
    type: "tracing",
    attachType: "trace_fentry",
    sleeps: true,
    attach: { kind: "tracing", name: "foo" },
  },
  {
    section: "fexit/foo",
    type: "tracing",
    attachType: "trace_fexit",
    attach: { kind: "tracing", name: "foo" },
  },
  {
    section: "fexit",
    type: "tracing",
    attachType: "trace_fexit",
    attach: { kind: "tracing", name: undefined },
  },
  {
    section: "fmod_ret/foo",
    type: "tracing",
    attachType: "modify_return",
    attach: { kind: "tracing", name: "foo" },
  },
  {
    section: "lsm.s/file_open",
    type: "lsm",
    attachType: "lsm_mac",
    sleeps: true,
    attach: { kind: "tracing", name: "file_open" },
  },
  {
    section: "iter/task",
    type: "tracing",
    attachType: "trace_iter",
    attach: { kind: "tracing", name: "task" },
  },
  { section: "perf_event", type: "perf_event", attach: { kind: "perfEvent" } },
];

describe("a program's section says what it attaches to", () => {
  for (const { section, type, attachType, sleeps, attach } of attached) {
    test(section, () => {
      expect(readSectionName(section)).toEqual({
        type,
        attachType,
        isSleepable: sleeps === true,
        attach,
      });
    });
  }
});

describe("a section that does not say it well is still of its type", () => {
  for (const section of [
    "uretprobe/readline",
    "kretprobe/foo+4",
    "kprobe/foo bar",
    "tracepoint/sched",
    "usdt/libc:x",
    "perf_event/1",
  ]) {
    test(section, () => {
      expect(readSectionName(section)).toMatchObject({
        attach: {
          kind: "malformed",
          reason: expect.stringMatching(/^".*" in the section's name is not /),
        },
      });
    });
  }
});

describe("programs that do not trace have a reason", () => {
  for (const section of [
    "xdp",
    "xdp.frags/x",
    "tc",
    "classifier/in",
    "socket",
    "cgroup/connect4",
    "cgroup_skb/egress",
    "struct_ops/init",
    "struct_ops.s/x",
    "sk_msg",
    "lsm_cgroup/bind",
    "syscall",
    "freplace/f",
    "netfilter",
  ]) {
    test(section, () => {
      expect(readSectionName(section)).toEqual({
        type: undefined,
        reason: `programs of section "${section}" do not trace`,
      });
    });
  }
  test("so have those of sections that nobody knows", () => {
    expect(readSectionName("fnetry/foo")).toEqual({
      type: undefined,
      reason: 'section "fnetry/foo" is of no known kind',
    });
  });
});
