import { type Result, type TargetDescription } from "@sonde/protocol";
import { type InfoParts } from "../../src/cli/format-info.js";

// Of hello only what is shown.
const hello = { agent: "sonde-agent 0.1.0", major: 1, minor: 0 } as Result<"hello">;
const target: TargetDescription = {
  release: "5.10.0-31-arm",
  version: "#1 SMP",
  machine: "armv7l",
  architecture: "arm",
  pointerSize: 4,
  byteOrder: "little",
  pageSize: 4096,
  possibleCpus: [0, 1, 2, 3],
  onlineCpus: [0, 1],
  hostname: "board",
  bootId: "b",
  buildId: "",
  btfSizeBytes: 0,
  clocks: { monotonic: 0n, boottime: 0n, realtime: 0n },
  tracefs: "/sys/kernel/tracing",
  privileges: { uid: 0, capabilities: 0n, lacking: ["the kernel is locked down (integrity)"] },
};
const advice = ["a kernel with CONFIG_KPROBES (not set in /proc/config.gz)"];
/** What a small board says of itself. */
export const board: InfoParts = {
  hello,
  target,
  // Of this machine.
  clock: { boundNanoseconds: 0n } as InfoParts["clock"],
  inspection: {
    facts: {
      description: target,
      settings: new Map([["kernel.kptr_restrict", "2"]]),
      config: () => Promise.resolve(undefined),
    },
    probes: {
      tracepoint: { state: "supported", mechanism: "perf event link", advice: [] },
      kprobe: {
        state: "unsupported",
        reason: "kprobe PMU: not in this kernel; kprobe_events: open: ENOENT",
        advice,
      },
      kretprobe: { state: "unsupported", reason: "the same", advice },
      watchpoint: { state: "unknown", reason: "perf_event_open: EACCES", advice: [] },
    },
    symbols: {
      state: "unsupported",
      reason: "/proc/kallsyms shows no addresses",
      advice: ["on the target: sysctl -w kernel.kptr_restrict=1 (it is 2)"],
    },
    features: {
      kprobe: { state: "unsupported", reason: "told by the probes" },
      ringbuf: { state: "unsupported", reason: "bpf(BPF_MAP_CREATE): EINVAL" },
      jump32: { state: "supported" },
      of_a_newer_agent: { state: "supported" },
    },
  },
};
