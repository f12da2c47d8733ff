/** Writes bits, the lowest of each byte first, as RFC 1951 has them. */
export class BitWriter {
  readonly #bytes: Uint8Array;
  #length = 0;
  /** Bits that do not make a byte yet. */
  #held = 0;
  #heldBits = 0;

  constructor(capacityBytes: number) {
    this.#bytes = new Uint8Array(capacityBytes);
  }

  /** At most 16 bits at a time. */
  put(value: number, bits: number): void {
    this.#held |= value << this.#heldBits;
    this.#heldBits += bits;
    while (this.#heldBits >= 8) {
      this.#bytes[this.#length++] = this.#held & 0xff;
      this.#held >>>= 8;
      this.#heldBits -= 8;
    }
  }

  /** Fills the last byte with zeros. */
  align(): void {
    if (this.#heldBits > 0) this.put(0, 8 - this.#heldBits);
  }

  /** Whole bytes, at a byte's beginning. */
  putBytes(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  get bits(): number {
    return this.#length * 8 + this.#heldBits;
  }

  /** Takes everything back that was written since so many bits had been. */
  rewind(bits: number): void {
    this.#length = bits >>> 3;
    this.#heldBits = bits & 7;
    this.#held = (this.#bytes[this.#length] ?? 0) & ((1 << this.#heldBits) - 1);
  }

  /** What was written: whole bytes. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
