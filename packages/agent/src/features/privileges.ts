import { tryReadTextFile } from "../kernel/files.js";
import { type Kernel } from "../kernel/kernel.js";
import { capabilityBits, type CapabilityName } from "../kernel/uapi.js";

/** What the agent may do on this kernel. */
export interface Privileges {
  readonly uid: number;
  /** CapEff of /proc/self/status. */
  readonly capabilities: bigint;
}

export function readPrivileges(kernel: Kernel): Privileges {
  const status = tryReadTextFile(kernel, "/proc/self/status") ?? "";
  const uid = /^Uid:\t\d+\t(\d+)/m.exec(status)?.[1];
  const capabilities = /^CapEff:\t([0-9a-f]{1,16})$/m.exec(status)?.[1];
  return { uid: Number(uid ?? 0), capabilities: BigInt(`0x${capabilities ?? "0"}`) };
}

/** CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON (include/linux/capability.h), which only 5.8 took out of it. */
export function hasCapability({ capabilities }: Privileges, name: CapabilityName): boolean {
  const has = (bit: number): boolean => ((capabilities >> BigInt(bit)) & 1n) === 1n;
  if (has(capabilityBits[name])) return true;
  return (name === "CAP_BPF" || name === "CAP_PERFMON") && has(capabilityBits.CAP_SYS_ADMIN);
}

/** What each capability is for, in the order in which its lack hurts. */
const uses: readonly (readonly [CapabilityName, string])[] = [
  ["CAP_BPF", "no program can be loaded and no map made"],
  ["CAP_PERFMON", "no tracing program can be loaded and nothing attached"],
  ["CAP_SYS_PTRACE", "other users' processes cannot be looked at"],
  ["CAP_SYSLOG", "addresses of kernel symbols are hidden"],
  ["CAP_DAC_READ_SEARCH", "files of other users and tracefs may be unreadable"],
];

/** One sentence on each thing that is lacking, and what that costs. */
export function describeLacking(kernel: Kernel, privileges: Privileges): string[] {
  const sentences = uses
    .filter(([name]) => !hasCapability(privileges, name))
    .map(([name, cost]) => `the agent lacks ${name}: ${cost}`);
  const setting = (name: string): string | undefined =>
    tryReadTextFile(kernel, `/proc/sys/kernel/${name}`);
  if (setting("kptr_restrict") === "2") {
    sentences.push(
      "kernel.kptr_restrict is 2: addresses of kernel symbols are hidden from everyone",
    );
  }
  const paranoia = Number(setting("perf_event_paranoid") ?? 0);
  if (paranoia > 1 && !hasCapability(privileges, "CAP_PERFMON")) {
    sentences.push(
      `kernel.perf_event_paranoid is ${paranoia}: only CAP_PERFMON may sample the kernel`,
    );
  }
  const lockdown = readLockdown(kernel);
  if (lockdown !== undefined)
    sentences.push(`the kernel is locked down (${lockdown}): it may refuse tracing`);
  return sentences;
}

/** The mode in force, when it is not "none" and can be read. */
export function readLockdown(kernel: Kernel): string | undefined {
  const mode = /\[(\w+)\]/.exec(
    tryReadTextFile(kernel, "/sys/kernel/security/lockdown") ?? "",
  )?.[1];
  return mode === "none" ? undefined : mode;
}
