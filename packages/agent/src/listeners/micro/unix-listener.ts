import { SyscallError } from "../../kernel/errors.js";
import { Kernel } from "../../kernel/kernel.js";
import { type OwnedFd } from "../../kernel/owned-fd.js";
import { folderOf, removeFile, statPath } from "../../kernel/paths.js";
import { AF_UNIX, encodeUnixAddress } from "../../kernel/socket-address.js";
import { openListeningSocket, openStreamSocket } from "../../kernel/sockets.js";
import { S_IFSOCK } from "../../kernel/uapi.js";
import { type System } from "../../system/system.js";
import { type Listener, type ListenerOptions } from "../listener.js";
import { ListenError } from "../listener-error.js";
import { ConnectionAcceptor } from "./connection-acceptor.js";

/** Nothing for the group, nothing for others. */
const ownersOnly = 0o177;

/** Listens on a Unix socket that only its owner can open. Throws ListenError, also when an agent listens there. */
export function listenOnUnix(
  system: System,
  options: ListenerOptions & { readonly path: string },
): Listener {
  const kernel = new Kernel(system);
  const { path } = options;
  const action = `listen on ${path}`;
  try {
    const address = encodeUnixAddress(kernel.machine, path);
    if (address === undefined)
      throw new ListenError(`${action}: the path is too long for a socket`);
    removeDeadSocket(kernel, action, path, address);
    const acceptor = new ConnectionAcceptor(kernel, openSocket(kernel, action, address), options);
    return {
      address: `unix:${path}`,
      close: () => {
        acceptor.close();
        removeFile(kernel, path);
      },
    };
  } catch (cause) {
    if (cause instanceof SyscallError)
      throw new ListenError(`${action}: ${cause.errnoName}`, { cause });
    throw cause;
  }
}

/** bind(2) makes the file: it must never have been open to others. */
function openSocket(kernel: Kernel, action: string, address: Uint8Array): OwnedFd {
  const before = kernel.call("umask", ownersOnly);
  try {
    return openListeningSocket(kernel, action, AF_UNIX, address);
  } finally {
    kernel.call("umask", before);
  }
}

/** A socket on which nobody listens is what a killed agent left behind. */
function removeDeadSocket(kernel: Kernel, action: string, path: string, address: Uint8Array): void {
  const status = statPath(kernel, path);
  if (status === undefined) {
    const folder = folderOf(path);
    if (statPath(kernel, folder) !== undefined) return;
    throw new ListenError(`${action}: there is no folder ${folder}`);
  }
  if (status.type !== S_IFSOCK) {
    throw new ListenError(`${action}: there is a file of that name, and it is no socket`);
  }
  if (isAnswered(kernel, action, address)) {
    throw new ListenError(`${action}: another agent listens there`);
  }
  removeFile(kernel, path);
}

function isAnswered(kernel: Kernel, action: string, address: Uint8Array): boolean {
  using socket = openStreamSocket(kernel, action, AF_UNIX);
  const result = kernel.call("connect", socket.fd, address, address.length);
  if (kernel.isErrno(result, "ECONNREFUSED", "ENOENT")) return false;
  // EAGAIN: more connections wait there than it has room for.
  if (!kernel.isErrno(result, "EAGAIN")) kernel.check(action, "connect", result);
  return true;
}
