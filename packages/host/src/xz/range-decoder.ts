import { XzError } from "./xz-error.js";

/** Probabilities are out of 2048; a bit moves its own by a 32nd of what is left. */
const probabilityBits = 11;
const moveBits = 5;
/** A bit that may as well be 0 as 1. */
export const evenOdds = 1 << (probabilityBits - 1);
const smallestRange = 2 ** 24;

/** LZMA's range coder: bits, each by a probability that learns, of a part of a stream. Throws XzError. */
export class RangeDecoder {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  #range = 0xffff_ffff;
  #code = 0;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start + 5;
    this.#end = end;
    if (end - start < 5 || bytes[start] !== 0)
      throw new XzError("a chunk does not begin as LZMA does");
    for (let at = start + 1; at < start + 5; at++) this.#code = this.#code * 256 + (bytes[at] ?? 0);
  }

  /** Whether all of the part has been used up, as an encoder leaves it. */
  get isFinished(): boolean {
    return this.#at === this.#end && this.#code === 0;
  }

  /** By the probability at an index, which it changes. */
  bit(odds: Uint16Array, index: number): 0 | 1 {
    const odd = odds[index] ?? evenOdds;
    const bound = (this.#range >>> probabilityBits) * odd;
    if (this.#code < bound) {
      this.#range = bound;
      odds[index] = odd + (((1 << probabilityBits) - odd) >>> moveBits);
      if (bound < smallestRange) this.#refill();
      return 0;
    }
    this.#range -= bound;
    this.#code -= bound;
    odds[index] = odd - (odd >>> moveBits);
    if (this.#range < smallestRange) this.#refill();
    return 1;
  }

  /** A number of so many bits, the highest first, each by its place in a tree whose root is at `base` + 1. */
  tree(odds: Uint16Array, base: number, bits: number): number {
    let node = 1;
    for (let left = bits; left > 0; left--) node = (node << 1) | this.bit(odds, base + node);
    return node - (1 << bits);
  }

  /** The same, the lowest bit first. */
  reverseTree(odds: Uint16Array, base: number, bits: number): number {
    let node = 1;
    let value = 0;
    for (let place = 0; place < bits; place++) {
      const bit = this.bit(odds, base + node);
      node = (node << 1) | bit;
      value |= bit << place;
    }
    return value;
  }

  /** A number of so many bits that are as likely 0 as 1. */
  direct(bits: number): number {
    let value = 0;
    for (let left = bits; left > 0; left--) {
      this.#range >>>= 1;
      const bit = this.#code >= this.#range ? 1 : 0;
      if (bit === 1) this.#code -= this.#range;
      value = value * 2 + bit;
      if (this.#range < smallestRange) this.#refill();
    }
    return value;
  }

  #refill(): void {
    if (this.#at >= this.#end) throw new XzError("a chunk ends too soon");
    this.#range *= 256;
    this.#code = this.#code * 256 + (this.#bytes[this.#at] ?? 0);
    this.#at++;
    // Only damaged data has it so.
    if (this.#code >= this.#range) throw new XzError("a chunk is damaged");
  }
}
