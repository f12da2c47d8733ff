import { ProtocolError } from "../errors.js";

/** Reads bits, the lowest of each byte first. Throws ProtocolError at the end. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #next = 0;
  #held = 0;
  #heldBits = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** At most 16 bits at a time. */
  take(bits: number): number {
    while (this.#heldBits < bits) {
      const byte = this.#bytes[this.#next++];
      if (byte === undefined) throw new ProtocolError("a compressed message ends too soon");
      this.#held |= byte << this.#heldBits;
      this.#heldBits += 8;
    }
    const value = this.#held & ((1 << bits) - 1);
    this.#held >>>= bits;
    this.#heldBits -= bits;
    return value;
  }

  /** Goes on at the next byte's beginning. */
  align(): void {
    this.#held = 0;
    this.#heldBits = 0;
  }

  get isAtEnd(): boolean {
    return this.#heldBits === 0 && this.#next >= this.#bytes.length;
  }

  /** Whole bytes, at a byte's beginning: a view. */
  takeBytes(length: number): Uint8Array {
    if (this.#next + length > this.#bytes.length) {
      throw new ProtocolError("a compressed message ends too soon");
    }
    this.#next += length;
    return this.#bytes.subarray(this.#next - length, this.#next);
  }
}
