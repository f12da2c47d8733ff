import { type CallByName, signalSetSizeBytes } from "../epoll.js";
import { type Machine, type System } from "../system.js";

/** include/uapi/asm-generic/signal.h; those that mips numbers otherwise are in its own table. */
const numbers = {
  ...{ SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGPIPE: 13, SIGTERM: 15, SIGCHLD: 17, SIGCONT: 18 },
} as const;
const mipsNumbers = { ...numbers, SIGCHLD: 18, SIGCONT: 25 } as const;
/** What the agent hears. */
const heard = ["SIGHUP", "SIGINT", "SIGTERM", "SIGCHLD"] as const;

export type SignalName = keyof typeof numbers;

/** How rt_sigprocmask(2) is told to set the mask (arch/mips/include/uapi/asm/signal.h counts from 1). */
const SIG_SETMASK = 2;
const mipsSigSetMask = 3;

/** O_CLOEXEC (include/uapi/asm-generic/fcntl.h) */
const SFD_CLOEXEC = 0o2_000_000;
/** include/uapi/linux/signalfd.h, struct signalfd_siginfo: the number comes first. */
const siginfoSizeBytes = 128;

/**
 * Signals as something to read (signalfd(2)): no code is interrupted by them. SIGPIPE is held back for good, so that a write to
 * a pipe that nobody reads is an error like any other.
 */
export class SignalDescriptor {
  readonly #call: CallByName;
  readonly #machine: Machine;
  readonly #numbers: Readonly<Record<SignalName, number>>;
  readonly #handlers = new Map<number, () => void>();

  constructor(call: CallByName, machine: Machine, watch: System["watch"]) {
    const isMips = machine.architecture === "mips" || machine.architecture === "mipsel";
    this.#call = call;
    this.#machine = machine;
    this.#numbers = isMips ? mipsNumbers : numbers;
    const read = heard.map((name) => this.#numbers[name]);
    this.#setMask([this.#numbers.SIGPIPE, ...read]);
    const mask = this.#encodeSet(read);
    const fd = call("signalfd4", -1, mask, mask.length, SFD_CLOEXEC);
    watch(fd, () => {
      this.#read(fd);
    });
  }

  /** One handler for each signal: the last. Without one it is ignored. */
  on(name: SignalName, handler: () => void): void {
    this.#handlers.set(this.#numbers[name], handler);
  }

  numberOf(name: SignalName): number {
    return this.#numbers[name];
  }

  /** In a child process that is about to run another program: signals do there what they do by default. */
  letThrough(): void {
    this.#setMask([]);
  }

  #read(fd: number): void {
    const info = new Uint8Array(siginfoSizeBytes);
    if (this.#call("read", fd, info, info.length) !== info.length) return;
    const number = new DataView(info.buffer).getUint32(0, this.#machine.isLittleEndian);
    this.#handlers.get(number)?.();
  }

  #setMask(signals: readonly number[]): void {
    const mask = this.#encodeSet(signals);
    const how = this.#numbers === mipsNumbers ? mipsSigSetMask : SIG_SETMASK;
    this.#call("rt_sigprocmask", how, mask, 0, mask.length);
  }

  /** A sigset_t: an array of longs, the signal 1 being the lowest bit of the first. */
  #encodeSet(signals: readonly number[]): Uint8Array {
    const { architecture, pointerSize, isLittleEndian } = this.#machine;
    const set = new Uint8Array(signalSetSizeBytes(architecture));
    for (const signal of signals) {
      const bit = signal - 1;
      const byte = bit >> 3;
      // Within its long the lowest byte is the last one where the processor is a big-endian one.
      const index = isLittleEndian ? byte : byte ^ (pointerSize - 1);
      set[index] = (set[index] ?? 0) | (1 << (bit & 7));
    }
    return set;
  }
}
