import { existsSync, lstatSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../system/node/system-error.js";
import { RelayError } from "../program/relay-error.js";

const everyonesTemporaryFolders = ["/tmp", "/data/local/tmp"];
/** Permission bits of everyone but the owner. */
const othersPermissions = 0o077;

/**
 * Where `connect` and the agents that it starts meet, one folder for each user. Not in $XDG_RUNTIME_DIR, which is emptied
 * when a user's last login ends: that is what a cut ssh does.
 */
export function meetingFolder(): string {
  const user = process.geteuid?.() ?? 0;
  if (user === 0 && existsSync("/run")) return "/run/sonde";
  // On Android there is no /tmp.
  const base = everyonesTemporaryFolders.find((folder) => existsSync(folder)) ?? "/tmp";
  return join(base, `sonde-${user}`);
}

/** Makes a folder that this user alone can open, or makes sure that it is one. Throws RelayError when it is not. */
export function makePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    if (errorCode(cause) !== "EEXIST") {
      throw new RelayError(`make folder ${path}: ${errorCode(cause)}`, { cause, hint });
    }
  }
  requirePrivateFolder(path);
}

/** Throws RelayError when it is there, and is not a folder that this user alone can open. */
export function requirePrivateFolder(path: string): void {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return;
  const isOurs = status.isDirectory() && status.uid === process.geteuid?.();
  if (!isOurs || (status.mode & othersPermissions) !== 0) {
    throw new RelayError(`${path} is not a folder of this user's alone`, { hint });
  }
}

const hint = "name a place for the agent's socket: --socket PATH";
