import { type Machine } from "../system/system.js";
import { type Kernel } from "./kernel.js";
import { OwnedFd } from "./owned-fd.js";
import { addressRoomBytes, decodeIpAddress } from "./socket-address.js";

/** What differs between processors: include/uapi/asm-generic/socket.h, and arch/mips/include/{uapi/,}asm/socket.h. */
interface SocketNumbers {
  readonly SOCK_STREAM: number;
  readonly SOL_SOCKET: number;
  readonly SO_REUSEADDR: number;
}

const generic: SocketNumbers = { SOCK_STREAM: 1, SOL_SOCKET: 1, SO_REUSEADDR: 2 };
const mips: SocketNumbers = { SOCK_STREAM: 2, SOL_SOCKET: 0xffff, SO_REUSEADDR: 4 };

/** include/uapi/linux/in.h, include/uapi/linux/tcp.h */
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

/** Connections that the kernel keeps until they are accepted. */
const backlog = 511;

function socketNumbers(architecture: Machine["architecture"]): SocketNumbers {
  return architecture === "mips" || architecture === "mipsel" ? mips : generic;
}

/** A socket for a stream of bytes, not to block on. Throws SyscallError. */
export function openStreamSocket(kernel: Kernel, action: string, family: number): OwnedFd {
  const { SOCK_STREAM } = socketNumbers(kernel.machine.architecture);
  const { O_NONBLOCK, O_CLOEXEC } = kernel.openFlags;
  const type = SOCK_STREAM | O_NONBLOCK | O_CLOEXEC;
  return new OwnedFd(kernel, kernel.require(action, "socket", family, type, 0));
}

/** A socket that accepts connections to an address. Throws SyscallError. */
export function openListeningSocket(
  kernel: Kernel,
  action: string,
  family: number,
  address: Uint8Array,
): OwnedFd {
  const socket = openStreamSocket(kernel, action, family);
  try {
    const { SOL_SOCKET, SO_REUSEADDR } = socketNumbers(kernel.machine.architecture);
    setOption(kernel, socket.fd, SOL_SOCKET, SO_REUSEADDR);
    kernel.require(action, "bind", socket.fd, address, address.length);
    kernel.require(action, "listen", socket.fd, backlog);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** Who connected. */
export interface AcceptedSocket {
  readonly fd: number;
  /** Undefined on a Unix socket. */
  readonly peer: { readonly address: string; readonly port: number } | undefined;
}

/** The next connection, not to block on; the negated errno when there is none. */
export function acceptSocket(kernel: Kernel, fd: number): AcceptedSocket | number {
  const { O_NONBLOCK, O_CLOEXEC } = kernel.openFlags;
  const address = new Uint8Array(addressRoomBytes);
  const length = new Uint8Array(4);
  kernel.view(length).setUint32(0, address.length, kernel.isLittleEndian);
  const result = kernel.call("accept4", fd, address, length, O_NONBLOCK | O_CLOEXEC);
  return result < 0 ? result : { fd: result, peer: decodeIpAddress(kernel.machine, address) };
}

/** Small messages are sent at once. */
export function setNoDelay(kernel: Kernel, fd: number): void {
  setOption(kernel, fd, IPPROTO_TCP, TCP_NODELAY);
}

/** The port that a socket has been given. Throws SyscallError. */
export function readOwnPort(kernel: Kernel, action: string, fd: number): number {
  const address = new Uint8Array(addressRoomBytes);
  const length = new Uint8Array(4);
  kernel.view(length).setUint32(0, address.length, kernel.isLittleEndian);
  kernel.require(action, "getsockname", fd, address, length);
  return decodeIpAddress(kernel.machine, address)?.port ?? 0;
}

/** It changes nothing that we count on when it is not there. */
function setOption(kernel: Kernel, fd: number, level: number, option: number): void {
  const on = new Uint8Array(4);
  kernel.view(on).setUint32(0, 1, kernel.isLittleEndian);
  kernel.call("setsockopt", fd, level, option, on, on.length);
}
