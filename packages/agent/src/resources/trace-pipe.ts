import { type Target } from "../features/target.js";
import { CancelledError, MissingError, SyscallError } from "../kernel/errors.js";
import { openFile } from "../kernel/files.js";
import { type Kernel } from "../kernel/kernel.js";
import { type OwnedFd } from "../kernel/owned-fd.js";
import { delay } from "./pacer.js";
import { type Resource } from "./resource.js";

/** The kernel counts a trace_pipe as readable when half of its buffer is full (since 5.15), so it is asked so often. */
const pollMilliseconds = 50;

/** The lines that the kernel's own tracing writes, and programs by bpf_trace_printk: whoever reads them takes them. */
export class TracePipe implements Resource {
  readonly #kernel: Kernel;
  readonly #path: string;
  readonly #fd: OwnedFd;
  #isReleased = false;

  constructor(kernel: Kernel, path: string, fd: OwnedFd) {
    this.#kernel = kernel;
    this.#path = path;
    this.#fd = fd;
  }

  /** Throws MissingError without tracefs, SyscallError. */
  static open({ kernel, tracefs }: Target): TracePipe {
    const path = `${tracefs}/trace_pipe`;
    if (tracefs === "") {
      throw new MissingError("open trace_pipe: there is no tracefs", {
        hint: "mount it on the target: mount -t tracefs tracefs /sys/kernel/tracing",
      });
    }
    try {
      return new TracePipe(kernel, path, openFile(kernel, path, kernel.openFlags.O_NONBLOCK));
    } catch (error) {
      if (!(error instanceof SyscallError) || error.errno !== kernel.errno.EBUSY) throw error;
      // Since 6.6 it can be open once.
      throw new SyscallError(error, {
        cause: error,
        hint: "it has another reader: a cat on the target, or another sonde trace-pipe",
      });
    }
  }

  /**
   * Waits for bytes as long as `isWanted`, and gives those that have come: none when it is not wanted any more. Throws
   * SyscallError, CancelledError.
   */
  async read(limitBytes: number, isWanted: () => boolean): Promise<Uint8Array> {
    for (;;) {
      const data = this.#readNow(limitBytes);
      if (data.length > 0 || !isWanted()) return data;
      await delay(this.#kernel.system, pollMilliseconds);
      if (this.#isReleased) throw new CancelledError("the session has ended");
    }
  }

  release(): readonly number[] {
    this.#isReleased = true;
    return [this.#fd.release()];
  }

  /** The kernel gives a page of whole lines at a time. */
  #readNow(limitBytes: number): Uint8Array {
    const buffer = new Uint8Array(limitBytes);
    let length = 0;
    while (length < limitBytes) {
      const rest = buffer.subarray(length);
      const result = this.#kernel.call("read", this.#fd.fd, rest, rest.length);
      // 0: tracing is switched off (tracing_on).
      if (result === 0 || this.#kernel.isErrno(result, "EAGAIN", "EINTR")) break;
      length += this.#kernel.check(`read ${this.#path}`, "read", result);
    }
    return buffer.subarray(0, length);
  }
}
