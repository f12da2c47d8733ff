import { type Kernel } from "../kernel/kernel.js";
import { statPath } from "../kernel/paths.js";
import { encodeCString } from "../kernel/text.js";
import { AT_FDCWD } from "../kernel/uapi.js";
import { RelayError } from "../program/relay-error.js";

const everyonesTemporaryFolders = ["/tmp", "/data/local/tmp"];
/** Permission bits of everyone but the owner. */
const othersPermissions = 0o077;
/** include/uapi/linux/stat.h */
const S_IFDIR = 0o040_000;

const hint = "name a place for the agent's socket: --socket PATH";

/** Where `connect` and the agents that it starts meet, one folder for each user: the same as Node's agent has. */
export function meetingFolder(kernel: Kernel): string {
  const user = kernel.call("geteuid");
  if (user === 0 && statPath(kernel, "/run") !== undefined) return "/run/sonde";
  const isThere = (folder: string): boolean => statPath(kernel, folder) !== undefined;
  return `${everyonesTemporaryFolders.find(isThere) ?? "/tmp"}/sonde-${user}`;
}

/** Makes a folder that this user alone can open, or makes sure that it is one. Throws RelayError when it is not. */
export function makePrivateFolder(kernel: Kernel, path: string): void {
  const result = kernel.call("mkdirat", AT_FDCWD, encodeCString(path), 0o700);
  if (result < 0 && !kernel.isErrno(result, "EEXIST")) {
    const cause = kernel.failure(`make folder ${path}`, "mkdirat", -result);
    throw new RelayError(`make folder ${path}: ${cause.errnoName}`, { cause, hint });
  }
  requirePrivateFolder(kernel, path);
}

/** Throws RelayError when it is there, and is not a folder that this user alone can open. */
export function requirePrivateFolder(kernel: Kernel, path: string): void {
  const status = statPath(kernel, path);
  if (status === undefined) return;
  const isOurs = status.type === S_IFDIR && status.owner === kernel.call("geteuid");
  if (!isOurs || (status.permissions & othersPermissions) !== 0) {
    throw new RelayError(`${path} is not a folder of this user's alone`, { hint });
  }
}
