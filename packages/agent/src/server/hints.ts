import { hasCapability, readLockdown } from "../features/privileges.js";
import { type Target } from "../features/target.js";
import { type SyscallError } from "../kernel/errors.js";
import { type CapabilityName } from "../kernel/uapi.js";

/** What the person can do about a system call that was refused; `undefined` when there is nothing to say. */
export function hintFor(target: Target, error: SyscallError): string | undefined {
  if (error.hint !== undefined) return error.hint;
  switch (error.errnoName) {
    case "EPERM":
    case "EACCES":
      return permissionHint(target, error);
    case "ENOSYS":
      return `this kernel was built without ${configOf(error.syscall)}`;
    case "EMFILE":
      return "the agent has too many files open: raise its limit (ulimit -n)";
    case "ENOMEM":
      return "the target has too little memory for it: smaller maps and buffers need less";
    case "EOPNOTSUPP":
    case "ENOTSUPP":
      return "this kernel cannot do it on this processor, or to a program of another word size";
    default:
      return undefined;
  }
}

function permissionHint(target: Target, { syscall, errnoName }: SyscallError): string | undefined {
  const needed = capabilitiesFor(syscall);
  const lacking = needed.filter((name) => !hasCapability(target.privileges, name));
  if (lacking.length > 0) {
    return `the agent lacks ${lacking.join(" and ")}: start it as root, or give it ${lacking.length > 1 ? "these" : "that"}`;
  }
  const lockdown = readLockdown(target.kernel);
  if (lockdown !== undefined) return `the kernel is locked down (${lockdown})`;
  // The verifier says EACCES where it means the program.
  if (errnoName === "EACCES" && syscall.startsWith("bpf")) return undefined;
  return "a security module, a container's filter or the kernel's configuration forbids it";
}

function capabilitiesFor(syscall: string): readonly CapabilityName[] {
  if (syscall === "bpf(BPF_MAP_CREATE)") return ["CAP_BPF"];
  if (syscall.startsWith("bpf")) return ["CAP_BPF", "CAP_PERFMON"];
  if (syscall === "perf_event_open" || syscall.startsWith("ioctl")) return ["CAP_PERFMON"];
  return ["CAP_DAC_READ_SEARCH"];
}

function configOf(syscall: string): string {
  if (syscall.startsWith("bpf")) return "CONFIG_BPF_SYSCALL";
  return syscall === "perf_event_open" ? "CONFIG_PERF_EVENTS" : `the system call ${syscall}`;
}
