import { type Kernel } from "./kernel.js";

/** A descriptor with one owner, closed once. */
export class OwnedFd implements Disposable {
  readonly #kernel: Kernel;
  #fd: number;

  constructor(kernel: Kernel, fd: number) {
    this.#kernel = kernel;
    this.#fd = fd;
  }

  /** -1 once closed or released: the kernel answers EBADF. */
  get fd(): number {
    return this.#fd;
  }

  /** Hands the descriptor to another owner. */
  release(): number {
    const fd = this.#fd;
    this.#fd = -1;
    return fd;
  }

  close(): void {
    const fd = this.release();
    if (fd >= 0) this.#kernel.call("close", fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
