import { SyscallError } from "../kernel/errors.js";
import { Kernel } from "../kernel/kernel.js";
import { OwnedFd } from "../kernel/owned-fd.js";
import { folderOf, removeFile, statOpen, statPath } from "../kernel/paths.js";
import { encodeCString } from "../kernel/text.js";
import { AT_FDCWD } from "../kernel/uapi.js";
import { ListenError } from "../listeners/listener-error.js";
import { type Listener, type ListenerOptions } from "../listeners/listener.js";
import { listenOnUnix } from "../listeners/micro/unix-listener.js";
import { RelayHeldError } from "../program/relay-error.js";
import { FileLockError, lockFile } from "../server/file-lock.js";
import { type System } from "../system/system.js";
import { meetingFolder } from "./meeting-folder.js";

/** include/uapi/linux/fcntl.h */
const AT_REMOVEDIR = 0x200;
const ownersOnly = 0o600;

/** Where the agent that `connect` started for a socket writes its log. */
export function relayLog(path: string): string {
  return `${path}.log`;
}

/** Opens a file of the owner's alone to append to it; makes it. Throws SyscallError. */
export function openToAppend(kernel: Kernel, path: string): OwnedFd {
  const { O_WRONLY, O_APPEND, O_CREAT, O_CLOEXEC } = kernel.openFlags;
  const flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC;
  const name = encodeCString(path);
  return new OwnedFd(
    kernel,
    kernel.require(`open ${path}`, "openat", AT_FDCWD, name, flags, ownersOnly),
  );
}

/**
 * Listens on the Unix socket that `connect` reaches. A lock on a file beside it makes sure that of several agents that are
 * started at once one serves. Closing leaves no file behind. Throws RelayHeldError and ListenError.
 */
export function listenOnRelay(
  system: System,
  options: ListenerOptions & { readonly path: string },
): Listener {
  const kernel = new Kernel(system);
  const { path } = options;
  const lockPath = `${path}.lock`;
  const lock = takeLock(kernel, lockPath);
  const release = (): void => {
    removeFile(kernel, lockPath);
    lock.close();
  };
  try {
    const listener = listenOnUnix(system, options);
    return {
      address: listener.address,
      close: () => {
        listener.close();
        removeFile(kernel, relayLog(path));
        release();
        removeMeetingFolder(kernel, folderOf(path));
      },
    };
  } catch (cause) {
    release();
    throw cause;
  }
}

function takeLock(kernel: Kernel, path: string): OwnedFd {
  try {
    kernel.call("mkdirat", AT_FDCWD, encodeCString(folderOf(path)), 0o700);
    for (;;) {
      const file = openToAppend(kernel, path);
      if (!lockFile(kernel.system, path, file.fd)) {
        file.close();
        throw new RelayHeldError(`${path}: another agent has locked it`);
      }
      const there = statPath(kernel, path);
      if (there?.inode === statOpen(kernel, path, file.fd)?.inode) return file;
      // Its owner removed it between our opening and our locking it.
      file.close();
    }
  } catch (cause) {
    if (cause instanceof SyscallError) {
      throw new ListenError(`lock the socket: ${path}: ${cause.errnoName}`, { cause });
    }
    if (cause instanceof FileLockError) {
      throw new ListenError(`lock the socket: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

/** It stays where another agent, with another socket, is in it. */
function removeMeetingFolder(kernel: Kernel, path: string): void {
  if (path !== meetingFolder(kernel)) return;
  kernel.call("unlinkat", AT_FDCWD, encodeCString(path), AT_REMOVEDIR);
}
