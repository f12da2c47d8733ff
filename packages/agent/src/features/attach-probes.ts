import { SyscallError } from "../kernel/errors.js";
import { openFile } from "../kernel/files.js";
import { openPerfEvent } from "../kernel/perf.js";
import { encodeCString } from "../kernel/text.js";
import {
  BPF_PROG_TYPE_KPROBE,
  BPF_TRACE_KPROBE_MULTI,
  BPF_TRACE_UPROBE_MULTI,
  HW_BREAKPOINT_W,
  PERF_COUNT_HW_CPU_CYCLES,
  PERF_TYPE_BREAKPOINT,
  PERF_TYPE_HARDWARE,
} from "../kernel/uapi.js";
import { answerOf, answerOfCreation, defineProbe, type ProbeAnswer, supported } from "./probe.js";
import { type Target } from "./target.js";
import { exit, loadTrial, move } from "./trial-program.js";

/** Asks a unit for a probe on what does not exist: ENOENT comes from one that works, and nothing was changed. */
function tryProbePmu(target: Target, type: number, name: string): ProbeAnswer {
  const { kernel } = target;
  const cpu = target.onlineCpus[0] ?? 0;
  const attributes = { type, config: 0n, name: encodeCString(name) };
  const fd = openPerfEvent(kernel, attributes, { pid: -1, cpu });
  return answerOfCreation(kernel, "perf_event_open", fd, {
    supported: ["ENOENT"],
    unsupported: ["EOPNOTSUPP", "ENOTSUPP", "ENODEV", "EINVAL", "ENOSYS"],
  });
}

/** Whether a file can be opened for writing, which changes nothing yet, or for reading. */
function tryOpen(target: Target, path: string, flags: number): ProbeAnswer {
  const { kernel } = target;
  try {
    openFile(kernel, path, flags).close();
    return supported;
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const state = error.errno === kernel.errno.ENOENT ? "unsupported" : "unknown";
    return { state, reason: error.message };
  }
}

/** Without the unit: the control file in tracefs. */
function tryProbeEvents(target: Target, kind: "kprobe" | "uprobe"): ProbeAnswer {
  const { tracefs } = target;
  if (tracefs === "") {
    return { state: "unknown", reason: `no ${kind} unit in sysfs, and there is no tracefs` };
  }
  return tryOpen(target, `${tracefs}/${kind}_events`, target.kernel.openFlags.O_WRONLY);
}

/** Asks for a link to many functions at once, without any. */
function tryMulti(
  target: Target,
  attachType: number,
  ask: (program: number) => number,
): ProbeAnswer {
  const { kernel } = target;
  const program = loadTrial(target, [move(0, 0), exit], BPF_PROG_TYPE_KPROBE, attachType);
  if (program < 0) {
    return answerOf(kernel, "bpf(BPF_PROG_LOAD)", program, { supported: [], unsupported: [] });
  }
  const result = ask(program);
  kernel.call("close", program);
  return answerOfCreation(kernel, "bpf(BPF_LINK_CREATE)", result, {
    supported: ["EFAULT"],
    unsupported: ["EINVAL", "EOPNOTSUPP", "ENOTSUPP"],
  });
}

export const attachProbes = [
  defineProbe({
    name: "kprobe",
    since: "4.1",
    run(target) {
      const pmu = target.kprobePmu;
      if (pmu === undefined) return tryProbeEvents(target, "kprobe");
      return tryProbePmu(target, pmu.type, "sonde_no_such_symbol");
    },
  }),
  defineProbe({
    name: "uprobe",
    since: "4.1",
    run(target) {
      const pmu = target.uprobePmu;
      if (pmu === undefined) return tryProbeEvents(target, "uprobe");
      return tryProbePmu(target, pmu.type, "/proc/self/no-such-file");
    },
  }),
  defineProbe({
    name: "kprobe_multi",
    since: "5.18",
    run: (target) =>
      tryMulti(target, BPF_TRACE_KPROBE_MULTI, (program) => target.bpf.askForKprobeMulti(program)),
  }),
  defineProbe({
    name: "uprobe_multi",
    since: "6.6",
    run: (target) =>
      tryMulti(target, BPF_TRACE_UPROBE_MULTI, (program) => target.bpf.askForUprobeMulti(program)),
  }),
  defineProbe({
    name: "uprobe_semaphore",
    since: "4.20",
    run(target) {
      const pmu = target.uprobePmu;
      if (pmu?.referenceCounterShift !== undefined) return supported;
      const reason = pmu === undefined ? "there is no uprobe unit" : "its unit takes no semaphore";
      return { state: "unsupported", reason };
    },
  }),
  defineProbe({
    name: "hardware_event",
    since: "4.9",
    run(target) {
      const { kernel } = target;
      const attributes = { type: PERF_TYPE_HARDWARE, config: BigInt(PERF_COUNT_HW_CPU_CYCLES) };
      const fd = openPerfEvent(kernel, attributes, { pid: -1, cpu: target.onlineCpus[0] ?? 0 });
      return answerOfCreation(kernel, "perf_event_open", fd, {
        supported: [],
        unsupported: ["ENOENT", "EOPNOTSUPP", "ENODEV", "EINVAL"],
      });
    },
  }),
  defineProbe({
    // Of memory of our own, in this thread.
    name: "breakpoint",
    since: "4.9",
    run({ kernel }) {
      const memory = new Uint8Array(8);
      const address = kernel.addressOf(memory);
      const breakpoint = { type: HW_BREAKPOINT_W, address, sizeBytes: 4 };
      const attributes = { type: PERF_TYPE_BREAKPOINT, config: 0n, breakpoint };
      const fd = openPerfEvent(kernel, attributes, { pid: 0, cpu: -1 });
      return answerOfCreation(kernel, "perf_event_open", fd, {
        supported: [],
        unsupported: ["ENOENT", "EOPNOTSUPP", "ENOTSUPP", "ENODEV", "EINVAL", "ENOSPC"],
      });
    },
  }),
  defineProbe({
    name: "btf",
    since: "5.4",
    run: (target) => tryOpen(target, "/sys/kernel/btf/vmlinux", 0),
  }),
] as const;
