import { encodeUtf8 } from "../text/utf8.js";

const digits = new Uint8Array(20);
const zero = 0x30;
const space = 0x20;
const lowerHexadecimal = encodeUtf8("0123456789abcdef");

/**
 * Text in UTF-8 that is being put together. Before writing, `reserve` makes room; what `take` gives away is not written to
 * again.
 */
export class TextBuffer {
  length = 0;
  #bytes: Uint8Array;
  readonly #sizeBytes: number;

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    this.#bytes = new Uint8Array(sizeBytes);
  }

  /** The text so far, which the caller then owns. */
  take(): Uint8Array {
    let text: Uint8Array;
    if (this.length < this.#bytes.length / 2) {
      text = this.#bytes.slice(0, this.length);
    } else {
      text = this.#bytes.subarray(0, this.length);
      this.#bytes = new Uint8Array(this.#sizeBytes);
    }
    this.length = 0;
    return text;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
  }

  appendText(text: string): void {
    this.appendBytes(encodeUtf8(text));
  }

  appendBytes(bytes: Uint8Array): void {
    this.appendRange(bytes, 0, bytes.length);
  }

  appendByte(byte: number): void {
    this.reserve(1);
    this.#bytes[this.length++] = byte;
  }

  /** The bytes from `start` to `end`, as they are. */
  appendRange(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    if (end - start > 64) {
      this.#bytes.set(bytes.subarray(start, end), this.length);
      this.length += end - start;
      return;
    }
    const target = this.#bytes;
    let to = this.length;
    for (let from = start; from < end; from++) target[to++] = bytes[from] ?? 0;
    this.length = to;
  }

  /** A number below 2^32, in decimal. */
  appendUint32(value: number): void {
    this.reserve(10);
    this.#appendBelow32(value);
  }

  appendInt32(value: number): void {
    this.reserve(11);
    if (value < 0) {
      this.#bytes[this.length++] = 0x2d;
      this.#appendBelow32(-value);
    } else {
      this.#appendBelow32(value);
    }
  }

  /** high * 2^32 + low, in decimal. */
  appendUint64(high: number, low: number): void {
    this.reserve(20);
    if (high === 0) {
      this.#appendBelow32(low);
    } else if (high < 0x20_0000) {
      // Below 2^53: exact as a number.
      const value = high * 0x1_0000_0000 + low;
      const upper = Math.floor(value / 100_000_000);
      this.#appendBelow32(upper);
      this.#appendPadded(value - upper * 100_000_000, 8);
    } else {
      this.#appendLarge(high, low);
    }
  }

  /** The two halves of a signed number. */
  appendInt64(high: number, low: number): void {
    if ((high | 0) >= 0) {
      this.appendUint64(high >>> 0, low);
      return;
    }
    this.reserve(21);
    this.#bytes[this.length++] = 0x2d;
    const negatedLow = -low >>> 0;
    this.appendUint64((~high + (negatedLow === 0 ? 1 : 0)) >>> 0, negatedLow);
  }

  /** high * 2^32 + low, in lower-case hexadecimal. */
  appendHexadecimal(high: number, low: number): void {
    this.reserve(16);
    const topBit = high !== 0 ? 63 - Math.clz32(high) : 31 - Math.clz32(low | 1);
    for (let shift = topBit & ~3; shift >= 0; shift -= 4) {
      const word = shift >= 32 ? high >>> (shift - 32) : low >>> shift;
      this.#bytes[this.length++] = lowerHexadecimal[word & 15] ?? 0;
    }
  }

  /** Makes what was written since `start` at least `width` bytes wide, with spaces before or after it. */
  pad(start: number, width: number, isLeft: boolean): void {
    const written = this.length - start;
    const missing = width - written;
    if (missing <= 0) return;
    this.reserve(missing);
    const bytes = this.#bytes;
    if (isLeft) {
      for (let at = this.length; at < start + width; at++) bytes[at] = space;
    } else {
      for (let at = this.length - 1; at >= start; at--) bytes[at + missing] = bytes[at] ?? 0;
      for (let at = start; at < start + missing; at++) bytes[at] = space;
    }
    this.length += missing;
  }

  #appendBelow32(value: number): void {
    const bytes = this.#bytes;
    let to = this.length;
    if (value < 10) {
      bytes[to++] = zero + value;
      this.length = to;
      return;
    }
    let count = 0;
    let rest = value;
    while (rest !== 0) {
      const quotient = Math.floor(rest / 10);
      digits[count++] = zero + (rest - quotient * 10);
      rest = quotient;
    }
    while (count > 0) bytes[to++] = digits[--count] ?? 0;
    this.length = to;
  }

  #appendPadded(value: number, width: number): void {
    const bytes = this.#bytes;
    let rest = value;
    for (let at = this.length + width - 1; at >= this.length; at--) {
      const quotient = Math.floor(rest / 10);
      bytes[at] = zero + (rest - quotient * 10);
      rest = quotient;
    }
    this.length += width;
  }

  /** Long division by 10,000, in limbs of 16 bits. */
  #appendLarge(high: number, low: number): void {
    const limbs = [high >>> 16, high & 0xffff, low >>> 16, low & 0xffff];
    const groups: number[] = [];
    for (let group = 0; group < 5; group++) {
      let remainder = 0;
      for (let at = 0; at < 4; at++) {
        const value = remainder * 0x1_0000 + (limbs[at] ?? 0);
        limbs[at] = Math.floor(value / 10_000);
        remainder = value % 10_000;
      }
      groups.push(remainder);
    }
    let at = 4;
    while (groups[at] === 0) at--;
    this.#appendBelow32(groups[at] ?? 0);
    while (at > 0) this.#appendPadded(groups[--at] ?? 0, 4);
  }
}
