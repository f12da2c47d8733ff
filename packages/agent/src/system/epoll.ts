import { type SyscallName } from "./syscall-numbers.js";
import { type Machine, type SyscallArgument } from "./system.js";

/** include/uapi/linux/eventpoll.h */
export const EPOLLIN = 1;
export const EPOLLOUT = 4;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;

/** O_CLOEXEC (include/uapi/asm-generic/fcntl.h): the same on every processor that the agent knows. */
const EPOLL_CLOEXEC = 0o2_000_000;

const eventLimit = 64;

/** A system call by name: its result, or the negated errno. */
export type CallByName = (name: SyscallName, ...args: readonly SyscallArgument[]) => number;

/** epoll(7), level-triggered: waits for many descriptors at once. Each is known by a number of the caller's. */
export class Epoll {
  readonly #call: CallByName;
  readonly #isLittleEndian: boolean;
  readonly #signalSetSizeBytes: number;
  readonly #eventSizeBytes: number;
  readonly #event: Uint8Array;
  readonly #events: Uint8Array;
  /** Readable while a descriptor in it is ready, so that one can be in another; negative when the kernel refused. */
  readonly fd: number;

  constructor(call: CallByName, machine: Machine) {
    const { architecture } = machine;
    this.#call = call;
    this.#isLittleEndian = machine.isLittleEndian;
    this.#signalSetSizeBytes = signalSetSizeBytes(architecture);
    // struct epoll_event: u32 events, u64 data. Packed on x86-64; on i386 a u64 is aligned to 4.
    this.#eventSizeBytes = architecture === "x64" || architecture === "ia32" ? 12 : 16;
    this.#event = new Uint8Array(this.#eventSizeBytes);
    this.#events = new Uint8Array(eventLimit * this.#eventSizeBytes);
    this.fd = call("epoll_create1", EPOLL_CLOEXEC);
  }

  /** The negated errno when it cannot be waited for: -EPERM for a regular file. */
  add(fd: number, interest: number, id: number): number {
    const view = new DataView(this.#event.buffer);
    view.setUint32(0, interest, this.#isLittleEndian);
    view.setUint32(this.#eventSizeBytes - 8, id, this.#isLittleEndian);
    return this.#call("epoll_ctl", this.fd, EPOLL_CTL_ADD, fd, this.#event);
  }

  remove(fd: number): void {
    this.#call("epoll_ctl", this.fd, EPOLL_CTL_DEL, fd, this.#event);
  }

  /** Waits at most so long (-1: for ever) and gives the numbers of those that are ready; none also after a signal. */
  wait(timeoutMilliseconds: number): number[] {
    const sizeBytes = this.#signalSetSizeBytes;
    const wait = ["epoll_pwait", this.fd, this.#events, eventLimit, timeoutMilliseconds] as const;
    const count = this.#call(...wait, 0, sizeBytes);
    const view = new DataView(this.#events.buffer);
    const ready: number[] = [];
    for (let index = 1; index <= count; index++) {
      ready.push(view.getUint32(index * this.#eventSizeBytes - 8, this.#isLittleEndian));
    }
    return ready;
  }

  close(): void {
    this.#call("close", this.fd);
  }
}

/** A kernel's sigset_t, in bytes: mips counts 128 signals. */
export function signalSetSizeBytes(architecture: Machine["architecture"]): 8 | 16 {
  return architecture === "mips" || architecture === "mipsel" ? 16 : 8;
}
