import { RefusalError } from "../kernel/errors.js";
import { Kernel } from "../kernel/kernel.js";
import { type System } from "../system/system.js";

/** include/uapi/asm-generic/fcntl.h */
const LOCK_EX = 2;
const LOCK_NB = 4;

/** The file system has no locks, or the file cannot be locked. */
export class FileLockError extends Error {
  override readonly name = "FileLockError";
}

/**
 * Takes flock(2) of an open file for this process alone, without waiting; whether it got it. The lock goes with the
 * descriptor, however the process ends. Throws FileLockError.
 */
export function lockFile(system: System, path: string, fd: number): boolean {
  const kernel = new Kernel(system);
  const result = kernel.call("flock", fd, LOCK_EX | LOCK_NB);
  if (kernel.isErrno(result, "EAGAIN")) return false;
  try {
    kernel.check(`lock ${path}`, "flock", result);
    return true;
  } catch (cause) {
    if (cause instanceof RefusalError) throw new FileLockError(cause.message, { cause });
    throw cause;
  }
}
