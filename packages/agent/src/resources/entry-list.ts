import { LimitError } from "../kernel/errors.js";

/** What the protocol lets one dump's keys, and its values, take (map.dump). */
const limitBytes = 268_435_456;

/** Entries of a map as they are read, grown as they come. */
export class EntryList {
  readonly #action: string;
  readonly #keys: GrowingBytes;
  readonly #values: GrowingBytes;
  readonly #keySizeBytes: number;
  readonly #valueSizeBytes: number;
  #count = 0;

  constructor(action: string, keySizeBytes: number, valueSizeBytes: number) {
    this.#action = action;
    this.#keySizeBytes = keySizeBytes;
    this.#valueSizeBytes = valueSizeBytes;
    this.#keys = new GrowingBytes();
    this.#values = new GrowingBytes();
  }

  /** Copies the first entries of two buffers. Throws LimitError. */
  add(keys: Uint8Array, values: Uint8Array, count: number): void {
    const keysSize = count * this.#keySizeBytes;
    const valuesSize = count * this.#valueSizeBytes;
    if (
      this.#keys.length + keysSize > limitBytes ||
      this.#values.length + valuesSize > limitBytes
    ) {
      throw new LimitError(
        `${this.#action}: it holds too much for one reply, in bytes`,
        limitBytes,
      );
    }
    this.#keys.add(keys.subarray(0, keysSize));
    this.#values.add(values.subarray(0, valuesSize));
    this.#count += count;
  }

  finish(): { count: number; keys: Uint8Array; values: Uint8Array } {
    return { count: this.#count, keys: this.#keys.finish(), values: this.#values.finish() };
  }
}

class GrowingBytes {
  #bytes = new Uint8Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(part: Uint8Array): void {
    const needed = this.#length + part.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(1024, needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(part, this.#length);
    this.#length = needed;
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
