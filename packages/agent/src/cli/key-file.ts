import { randomBytes } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { parseKeyFile } from "@sonde/protocol";
import { errorCode } from "../system/node/system-error.js";
import { UsageError } from "./command-line.js";

const newKeySizeBytes = 32;
const fileLimitBytes = 4096;
/** Permission bits of those who are neither the owner nor of the group. */
const othersPermissions = 0o007;

/** A new key, in hexadecimal. */
export function generateKey(): string {
  return randomBytes(newKeySizeBytes).toString("hex");
}

/** The key in a file. Throws UsageError when it is too short, cannot be read, or others could have read it. */
export function readKeyFile(path: string): Uint8Array {
  const parsed = parseKeyFile(readPrivateFile(path));
  if (parsed.kind === "problem") throw new UsageError(`key file ${path} ${parsed.problem}`);
  return parsed.key;
}

function readPrivateFile(path: string): Uint8Array {
  const fd = open(path);
  try {
    const { mode, size } = fstatSync(fd);
    if ((mode & othersPermissions) !== 0) {
      throw new UsageError(`key file ${path} is open to every user: chmod 600 ${path}`);
    }
    if (size > fileLimitBytes) throw new UsageError(`key file ${path} is too long for a key`);
    const content = new Uint8Array(fileLimitBytes);
    return content.subarray(0, readSync(fd, content));
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw readError(path, cause);
  } finally {
    closeSync(fd);
  }
}

function open(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw readError(path, cause);
  }
}

function readError(path: string, cause: unknown): UsageError {
  return new UsageError(`read key file ${path}: ${errorCode(cause)}`, { cause });
}
