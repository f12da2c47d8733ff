import { readAt } from "../kernel/files.js";
import { type Kernel } from "../kernel/kernel.js";
import { type OwnedFd } from "../kernel/owned-fd.js";

/** Of procfs and sysfs a read gives no more than a page, whatever is asked for. */
export const pageSizeBytes = 4096;

/** A part of an open file in memory, which moves over the file as it is asked for other bytes. */
export class FileWindow {
  readonly #kernel: Kernel;
  readonly #path: string;
  readonly #file: OwnedFd;
  #buffer = new Uint8Array(0);
  #start = 0;
  #length = 0;

  constructor(kernel: Kernel, path: string, file: OwnedFd) {
    this.#kernel = kernel;
    this.#path = path;
    this.#file = file;
  }

  /** Whether `view` has these bytes without reading. */
  holds(offset: number, length: number): boolean {
    return offset >= this.#start && offset + length <= this.#start + this.#length;
  }

  /**
   * What there is from an offset on, at least `length` bytes unless the file ends before; reads `ahead` bytes when it
   * has to read. Good until the next call. Throws SyscallError.
   */
  view(offset: number, length: number, ahead: number): Uint8Array {
    if (!this.holds(offset, length)) this.#read(offset, Math.max(length, ahead));
    return this.#buffer.subarray(offset - this.#start, this.#length);
  }

  #read(offset: number, length: number): void {
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(length);
    const target = this.#buffer.subarray(0, length);
    this.#start = offset;
    this.#length = readAt(this.#kernel, this.#path, this.#file.fd, BigInt(offset), target);
  }
}
