import { type Line } from "@sonde/protocol";
import { type Kernel } from "../kernel/kernel.js";
import { type OwnedFd } from "../kernel/owned-fd.js";
import { openSerialPort, unsentBytes } from "../kernel/serial-port.js";
import { type Timer, type Watch } from "../system/system.js";
import { adviseOnSerialPort } from "./serial-advice.js";

const chunkSizeBytes = 4096;
/** A driver that takes nothing more says so without blocking; a byte takes 87 µs at 115,200 baud. */
const retryMilliseconds = 5;

export interface SerialLineOptions {
  readonly kernel: Kernel;
  readonly path: string;
  readonly baud: number;
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Once: the port has gone (unplugged, hung up). The line is closed by then. */
  readonly onLost: (reason: string) => void;
}

/** An open serial port. Never blocks. */
export class SerialLine implements Line {
  readonly #options: SerialLineOptions;
  readonly #port: OwnedFd;
  readonly #watch: Watch;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #retry: Timer | undefined;
  #isClosed = false;

  /** Throws SyscallError, NotSupportedError. */
  constructor(options: SerialLineOptions) {
    const { kernel, path, baud } = options;
    this.#options = options;
    this.#port = openSerialPort(kernel, path, baud);
    this.#watch = kernel.system.watch(this.#port.fd, () => {
      this.#read();
    });
  }

  /** What a person should know of others who use the port. */
  advice(): string[] {
    return adviseOnSerialPort(this.#options.kernel, this.#port.fd);
  }

  write(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (this.#retry === undefined) this.#drain();
  }

  outsideBytes(): number {
    if (this.#isClosed) return 0;
    return this.#queuedBytes + unsentBytes(this.#options.kernel, this.#port);
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#watch.close();
    this.#port.close();
  }

  #read(): void {
    const { kernel, onBytes } = this.#options;
    if (this.#isClosed) return;
    const buffer = new Uint8Array(chunkSizeBytes);
    const length = kernel.call("read", this.#port.fd, buffer, buffer.length);
    if (length > 0) onBytes(buffer.subarray(0, length));
    else if (!kernel.isErrno(length, "EAGAIN", "EINTR")) this.#lost();
  }

  #drain(): void {
    const { kernel } = this.#options;
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      const written = kernel.call("write", this.#port.fd, first, first.length);
      if (kernel.isErrno(written, "EINTR")) continue;
      if (kernel.isErrno(written, "EAGAIN")) break;
      if (written < 0) {
        this.#lost();
        return;
      }
      this.#queuedBytes -= written;
      if (written === first.length) this.#queue.shift();
      else this.#queue[0] = first.subarray(written);
    }
    if (this.#queue.length === 0) return;
    this.#retry = kernel.system.after(retryMilliseconds, () => {
      this.#retry = undefined;
      this.#drain();
    });
  }

  #lost(): void {
    if (this.#isClosed) return;
    this.close();
    this.#options.onLost(`${this.#options.path} hung up`);
  }
}
