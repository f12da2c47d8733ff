import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { errorCode } from "../system/node/system-error.js";
import { type InputFile } from "../program/runtime.js";
import { UsageError } from "../program/usage-error.js";

/** Permission bits of those who are neither the owner nor of the group. */
const othersPermissions = 0o007;

/** A file that the command line names, whole. Throws UsageError. */
export function readInputFile(file: InputFile): Uint8Array {
  const { what, path, limitBytes } = file;
  const fd = open(file);
  try {
    const { mode, size } = fstatSync(fd);
    if (file.isSecret && (mode & othersPermissions) !== 0) {
      throw new UsageError(`${what} ${path} is open to every user: chmod 600 ${path}`);
    }
    if (size > limitBytes) throw new UsageError(`${what} ${path} is too long for a ${what}`);
    const content = new Uint8Array(limitBytes);
    return content.subarray(0, readSync(fd, content));
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw readError(file, cause);
  } finally {
    closeSync(fd);
  }
}

function open(file: InputFile): number {
  try {
    return openSync(file.path, "r");
  } catch (cause) {
    throw readError(file, cause);
  }
}

function readError({ what, path }: InputFile, cause: unknown): UsageError {
  return new UsageError(`read ${what} ${path}: ${errorCode(cause)}`, { cause });
}
