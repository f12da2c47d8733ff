import { type Kernel } from "../kernel/kernel.js";

/** RLIMIT_MEMLOCK (include/uapi/asm-generic/resource.h; arch/mips/include/uapi/asm/resource.h). */
const memlock = (kernel: Kernel): number =>
  kernel.machine.architecture.startsWith("mips") ? 9 : 8;

/**
 * Makes a map or program; when that is refused with EPERM, lifts RLIMIT_MEMLOCK and tries again: before 5.11 maps and
 * programs were charged against it.
 */
export function withLockedMemory(kernel: Kernel, make: () => number): number {
  const result = make();
  if (!kernel.isErrno(result, "EPERM")) return result;
  const unlimited = new Uint8Array(16).fill(0xff);
  const raised = kernel.call("prlimit64", 0, memlock(kernel), unlimited, 0);
  return raised < 0 ? result : make();
}
