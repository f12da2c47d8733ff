import { type ProbeKind } from "./probe-kind.js";
import { attachedTrial, loadedTrial, runTrial, tracingTrial } from "./trial-objects.js";

/** Functions that nearly every kernel has, and that run seldom: not all are there on each. */
const functions = ["hrtimer_nanosleep", "do_nanosleep", "kernel_wait4", "do_exit"] as const;
/** Events of the same kind. */
const events = ["sched_process_exit", "sched_process_exec", "sched_switch"] as const;
const systemCalls = ["sys_enter_sync", "sys_enter_openat"] as const;

/** enum perf_type_id and enum perf_sw_ids (include/uapi/linux/perf_event.h). */
const softwareEvent = { type: 1, clock: 0n, faults: 2n };

const kprobes = (isReturn: boolean) =>
  functions.map((symbol) =>
    attachedTrial("kprobe", { kind: "kprobe", symbol, offset: 0n, isReturn }),
  );

const uprobe = (isReturn: boolean) => (path: string, offset: bigint) =>
  attachedTrial("kprobe", { kind: "uprobe", path, offset, isReturn });

const btfOption = "CONFIG_DEBUG_INFO_BTF";
const trampolineOptions = [
  btfOption,
  "CONFIG_BPF_JIT",
  "CONFIG_FUNCTION_TRACER",
  "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
];

/** Every kind of probe, in the order in which they are told. */
export const probeKinds: readonly ProbeKind[] = [
  {
    name: "BEGIN, END",
    trial: { kind: "attach", to: [runTrial()] },
    options: [],
    since: "5.10",
  },
  {
    name: "tracepoint",
    trial: {
      kind: "attach",
      to: events.map((event) =>
        attachedTrial("tracepoint", { kind: "tracepoint", category: "sched", name: event }),
      ),
    },
    options: ["CONFIG_EVENT_TRACING"],
    since: "4.7",
    needsTracefs: true,
    instead: { kind: "rawtracepoint", how: "rawtracepoint: sees the same events" },
  },
  {
    name: "tracepoint:syscalls",
    trial: {
      kind: "attach",
      to: systemCalls.map((call) =>
        attachedTrial("tracepoint", { kind: "tracepoint", category: "syscalls", name: call }),
      ),
    },
    options: ["CONFIG_FTRACE_SYSCALLS"],
    since: "4.7",
    needsTracefs: true,
    instead: {
      kind: "rawtracepoint",
      how: "rawtracepoint:sys_enter and rawtracepoint:sys_exit see the same calls",
    },
  },
  {
    name: "rawtracepoint",
    trial: {
      kind: "attach",
      to: events.map((event) =>
        attachedTrial("raw_tracepoint", { kind: "rawTracepoint", name: event }),
      ),
    },
    options: ["CONFIG_TRACEPOINTS"],
    since: "4.17",
    instead: { kind: "tracepoint", how: "tracepoint: sees the same events" },
  },
  {
    name: "tp_btf",
    trial: {
      kind: "attach",
      to: events.map((event) => tracingTrial("trace_raw_tp", `btf_trace_${event}`)),
    },
    options: [btfOption],
    since: "5.5",
    needsBtf: true,
    instead: { kind: "rawtracepoint", how: "rawtracepoint: sees the same events" },
  },
  {
    name: "kprobe",
    trial: { kind: "attach", to: kprobes(false) },
    options: ["CONFIG_KPROBES", "CONFIG_KPROBE_EVENTS"],
    since: "4.1",
    instead: { kind: "fentry", how: "fentry: sees the same functions" },
  },
  {
    name: "kretprobe",
    trial: { kind: "attach", to: kprobes(true) },
    options: ["CONFIG_KPROBES", "CONFIG_KPROBE_EVENTS", "CONFIG_KRETPROBES"],
    since: "4.1",
    instead: { kind: "fexit", how: "fexit: sees the same functions" },
  },
  {
    name: "kprobe.multi",
    trial: { kind: "feature", names: ["kprobe_multi"] },
    options: ["CONFIG_FPROBE"],
    since: "5.18",
    instead: { kind: "kprobe", how: "many kprobes are attached one by one" },
  },
  {
    name: "fentry",
    trial: {
      kind: "attach",
      to: functions.map((symbol) => tracingTrial("trace_fentry", symbol)),
    },
    options: trampolineOptions,
    since: "5.5",
    needsBtf: true,
    needsJit: true,
    instead: { kind: "kprobe", how: "kprobe: sees the same functions" },
  },
  {
    name: "fexit",
    trial: { kind: "attach", to: functions.map((symbol) => tracingTrial("trace_fexit", symbol)) },
    options: trampolineOptions,
    since: "5.5",
    needsBtf: true,
    needsJit: true,
    instead: { kind: "kretprobe", how: "kretprobe: sees the same functions" },
  },
  {
    name: "uprobe",
    trial: { kind: "attachToAgent", to: uprobe(false) },
    options: ["CONFIG_UPROBES", "CONFIG_UPROBE_EVENTS"],
    since: "4.1",
  },
  {
    name: "uretprobe",
    trial: { kind: "attachToAgent", to: uprobe(true) },
    options: ["CONFIG_UPROBES", "CONFIG_UPROBE_EVENTS"],
    since: "4.1",
  },
  {
    name: "uprobe.multi",
    trial: { kind: "feature", names: ["uprobe_multi"] },
    options: ["CONFIG_UPROBES"],
    since: "6.6",
    instead: { kind: "uprobe", how: "many uprobes are attached one by one" },
  },
  {
    name: "usdt",
    trial: { kind: "feature", names: ["uprobe", "uprobe_semaphore"] },
    options: ["CONFIG_UPROBES", "CONFIG_UPROBE_EVENTS"],
    since: "4.20",
    instead: { kind: "uprobe", how: "those without a semaphore work, as uprobes do" },
  },
  {
    name: "interval",
    trial: {
      kind: "attach",
      to: [
        attachedTrial("perf_event", {
          kind: "perfEvent",
          type: softwareEvent.type,
          config: softwareEvent.clock,
          sampling: { period: 1_000_000_000n },
          cpus: "one",
        }),
      ],
    },
    options: [],
    since: "4.9",
  },
  {
    name: "profile",
    trial: {
      kind: "attach",
      to: [
        attachedTrial("perf_event", {
          kind: "perfEvent",
          type: softwareEvent.type,
          config: softwareEvent.clock,
          sampling: { frequency: 49n },
          cpus: "each",
        }),
      ],
    },
    options: [],
    since: "4.9",
  },
  {
    name: "software",
    trial: {
      kind: "attach",
      to: [
        attachedTrial("perf_event", {
          kind: "perfEvent",
          type: softwareEvent.type,
          config: softwareEvent.faults,
          sampling: { period: 1000n },
          cpus: "each",
        }),
      ],
    },
    options: [],
    since: "4.9",
  },
  {
    name: "hardware",
    trial: { kind: "feature", names: ["hardware_event"] },
    options: [],
    since: "4.9",
    usualReason:
      "a processor whose counters the kernel has a driver for; a virtual machine has them where its host passes them on",
    instead: { kind: "profile", how: "profile: samples by the clock" },
  },
  {
    name: "watchpoint",
    trial: { kind: "feature", names: ["breakpoint"] },
    options: ["CONFIG_HAVE_HW_BREAKPOINT"],
    since: "4.9",
  },
  {
    name: "iter",
    trial: { kind: "attach", to: [loadedTrial("trace_iter", "bpf_iter_task")] },
    options: [btfOption],
    since: "5.8",
    needsBtf: true,
  },
];
