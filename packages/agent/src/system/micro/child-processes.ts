import { type CallByName } from "../epoll.js";
import { type Machine } from "../system.js";
import { type SignalDescriptor } from "./signal-descriptor.js";

/** include/uapi/linux/sched.h */
const CLONE_FILES = 0x400;
/** include/uapi/linux/wait.h */
const WNOHANG = 1;

/** Copies of this process that do one thing and end: the engine has no threads. */
export class ChildProcesses {
  readonly #call: CallByName;
  readonly #machine: Machine;
  readonly signals: SignalDescriptor;
  readonly #onExit = new Map<number, (status: number) => void>();

  constructor(call: CallByName, machine: Machine, signals: SignalDescriptor) {
    this.#call = call;
    this.#machine = machine;
    this.signals = signals;
    signals.on("SIGCHLD", () => {
      this.#reap();
    });
  }

  /**
   * Does something in a process that has the same descriptors as this one: what it opens or closes is opened or closed here,
   * too. Resolves once it has ended; false when there can be no process more.
   */
  run(work: () => void): Promise<boolean> {
    return new Promise((resolve) => {
      const child = this.#fork(CLONE_FILES, work);
      if (child > 0) {
        this.#onExit.set(child, () => {
          resolve(true);
        });
      } else {
        resolve(false);
      }
    });
  }

  /**
   * Does something in a process of its own, where signals do what they do by default. Gives its number, or the negated errno;
   * `onExit` hears the status that wait4(2) gives.
   */
  start(work: () => void, onExit: (status: number) => void): number {
    const child = this.#fork(0, () => {
      this.signals.letThrough();
      work();
    });
    if (child > 0) this.#onExit.set(child, onExit);
    return child;
  }

  /** In the child this never returns. */
  #fork(flags: number, work: () => void): number {
    const all = flags | this.signals.numberOf("SIGCHLD");
    // arch/s390/kernel/process.c takes the stack first.
    const isSwapped = this.#machine.architecture === "s390x";
    const child = isSwapped
      ? this.#call("clone", 0, all, 0, 0, 0)
      : this.#call("clone", all, 0, 0, 0, 0);
    if (child !== 0) return child;
    try {
      work();
    } finally {
      for (;;) this.#call("exit_group", 127);
    }
  }

  #reap(): void {
    const status = new Uint8Array(4);
    for (;;) {
      const child = this.#call("wait4", -1, status, WNOHANG, 0);
      if (child <= 0) return;
      const onExit = this.#onExit.get(child);
      this.#onExit.delete(child);
      onExit?.(new DataView(status.buffer).getInt32(0, this.#machine.isLittleEndian));
    }
  }
}
