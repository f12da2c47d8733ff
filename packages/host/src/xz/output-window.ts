import { XzError } from "./xz-error.js";

/** What has been expanded: also the dictionary, from which text is repeated. Grows up to a limit. Throws XzError. */
export class OutputWindow {
  readonly #mostBytes: number;
  #bytes = new Uint8Array(0x1_0000);
  #length = 0;
  /** Nothing before it can be repeated. */
  #start = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** Since the dictionary was emptied. */
  get position(): number {
    return this.#length - this.#start;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  emptyDictionary(): void {
    this.#start = this.#length;
  }

  /** Makes room for so much more. */
  reserve(count: number): void {
    const needed = this.#length + count;
    if (needed > this.#mostBytes)
      throw new XzError(`it has more than ${this.#mostBytes} bytes in it`);
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.bytes());
    this.#bytes = larger;
  }

  /** Room must have been made. */
  push(byte: number): void {
    this.#bytes[this.#length++] = byte;
  }

  append(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** The byte so far back, 1 for the last one; 0 where there is none yet. */
  back(distance: number): number {
    return distance > this.position ? 0 : (this.#bytes[this.#length - distance] ?? 0);
  }

  /** Repeats what is so far back; it may run into itself. */
  repeat(distance: number, count: number): void {
    if (distance > this.position) throw new XzError("it repeats what is not there");
    const [bytes, length] = [this.#bytes, this.#length];
    for (let at = length; at < length + count; at++) bytes[at] = bytes[at - distance] ?? 0;
    this.#length += count;
  }
}
