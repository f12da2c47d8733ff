import { closeSync, fstatSync, mkdirSync, openSync, rmdirSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { FileLockError, lockFile } from "../server/file-lock.js";
import { ListenError } from "../listeners/listener-error.js";
import { type Listener } from "../listeners/listener.js";
import { listenOnUnix, type UnixOptions } from "../listeners/node/listeners.js";
import { errorCode } from "../system/node/system-error.js";
import { type System } from "../system/system.js";
import { meetingFolder } from "./private-folder.js";
import { RelayHeldError } from "../program/relay-error.js";

/** Where the agent that `connect` started for a socket writes its log. */
export function relayLog(path: string): string {
  return `${path}.log`;
}

/**
 * Listens on the Unix socket that `connect` reaches. A lock on a file beside it makes sure that of several agents that are
 * started at once one serves. Closing leaves no file behind. Throws RelayHeldError and ListenError.
 */
export async function listenOnRelay(system: System, options: UnixOptions): Promise<Listener> {
  const { path } = options;
  const lock = takeLock(system, `${path}.lock`);
  try {
    const listener = await listenOnUnix(options);
    return {
      address: listener.address,
      close: () => {
        listener.close();
        rmSync(relayLog(path), { force: true });
        lock.release();
        removeMeetingFolder(dirname(path));
      },
    };
  } catch (cause) {
    lock.release();
    throw cause;
  }
}

interface Lock {
  /** Removes the file and lets go of it. */
  release(): void;
}

function takeLock(system: System, path: string): Lock {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    for (;;) {
      const fd = openSync(path, "a", 0o600);
      if (!lockFile(system, path, fd)) {
        closeSync(fd);
        throw new RelayHeldError(`${path}: another agent has locked it`);
      }
      if (isStillThere(path, fd)) return ownLock(path, fd);
      // Its owner removed it between our opening and our locking it.
      closeSync(fd);
    }
  } catch (cause) {
    if (cause instanceof RelayHeldError) throw cause;
    const why = cause instanceof FileLockError ? cause.message : `${path}: ${errorCode(cause)}`;
    throw new ListenError(`lock the socket: ${why}`, { cause });
  }
}

function isStillThere(path: string, fd: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino;
}

function ownLock(path: string, fd: number): Lock {
  return {
    release: () => {
      rmSync(path, { force: true });
      closeSync(fd);
    },
  };
}

function removeMeetingFolder(path: string): void {
  if (path !== meetingFolder()) return;
  try {
    rmdirSync(path);
  } catch {
    // Another agent, with another socket, is there; or the next one already.
  }
}
