import { SyscallError } from "../kernel/errors.js";
import { openFile } from "../kernel/files.js";
import { Kernel } from "../kernel/kernel.js";
import { statOpen } from "../kernel/paths.js";
import { type System } from "../system/system.js";
import { UsageError } from "./usage-error.js";

/** Permission bits of those who are neither the owner nor of the group. */
const othersPermissions = 0o007;

/** A file that the command line names. */
export interface InputFile {
  /** What the file is, to stand before its name: "key file". */
  readonly what: string;
  readonly path: string;
  readonly limitBytes: number;
  /** Others than the owner and the group must not have been able to read it. */
  readonly isSecret: boolean;
}

/** Reads it, whole. Throws UsageError. */
export function readInputFile(system: System, file: InputFile): Uint8Array {
  const { what, path, limitBytes } = file;
  const kernel = new Kernel(system);
  try {
    using open = openFile(kernel, path);
    const status = statOpen(kernel, path, open.fd);
    if (file.isSecret && status !== undefined && (status.permissions & othersPermissions) !== 0) {
      throw new UsageError(`${what} ${path} is open to every user: chmod 600 ${path}`);
    }
    const content = readUpTo(kernel, open.fd, limitBytes + 1);
    if (content.length > limitBytes)
      throw new UsageError(`${what} ${path} is too long for a ${what}`);
    return content;
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    throw new UsageError(`read ${what} ${path}: ${cause.errnoName}`, { cause });
  }
}

/** To the end, which it need not have yet when it is a pipe. Throws SyscallError. */
function readUpTo(kernel: Kernel, fd: number, limitBytes: number): Uint8Array {
  const content = new Uint8Array(limitBytes);
  for (let done = 0; done < limitBytes;) {
    const rest = content.subarray(done);
    const result = kernel.call("read", fd, rest, rest.length);
    if (kernel.isErrno(result, "EINTR")) continue;
    const length = kernel.check("read", "read", result);
    if (length === 0) return content.subarray(0, done);
    done += length;
  }
  return content;
}
