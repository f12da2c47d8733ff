import { SyscallError } from "../kernel/errors.js";
import { openFile } from "../kernel/files.js";
import { openPerfEvent } from "../kernel/perf.js";
import { encodeCString } from "../kernel/text.js";
import { answerOfCreation, defineProbe, type ProbeAnswer, supported } from "./probe.js";
import { type Target } from "./target.js";

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
    name: "btf",
    since: "5.4",
    run: (target) => tryOpen(target, "/sys/kernel/btf/vmlinux", 0),
  }),
] as const;
