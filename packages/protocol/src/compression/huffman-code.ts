import { ProtocolError } from "../errors.js";
import { type BitReader } from "./bit-reader.js";

const longestCode = 15;

/** A code as its symbols' lengths define it (RFC 1951, 3.2.2). Throws ProtocolError for lengths that no code has. */
export class HuffmanCode {
  /** How many codes there are of each length; and the symbols, by length, then by number. */
  readonly #counts = new Uint16Array(longestCode + 1);
  readonly #symbols: Uint16Array;

  constructor(lengths: Uint8Array) {
    for (const length of lengths) this.#counts[length] = (this.#counts[length] ?? 0) + 1;
    this.#counts[0] = 0;
    const firsts = new Uint16Array(longestCode + 2);
    let left = 1;
    for (let bits = 1; bits <= longestCode; bits++) {
      const count = this.#counts[bits] ?? 0;
      left = left * 2 - count;
      if (left < 0) throw new ProtocolError("a compressed message has a code that is too full");
      firsts[bits + 1] = (firsts[bits] ?? 0) + count;
    }
    this.#symbols = new Uint16Array(lengths.length);
    for (const [symbol, length] of lengths.entries()) {
      if (length === 0) continue;
      const at = firsts[length] ?? 0;
      this.#symbols[at] = symbol;
      firsts[length] = at + 1;
    }
  }

  /** Reads one symbol. */
  read(reader: BitReader): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let bits = 1; bits <= longestCode; bits++) {
      const count = this.#counts[bits] ?? 0;
      code |= reader.take(1);
      if (code - first < count) return this.#symbols[index + code - first] ?? 0;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new ProtocolError("a compressed message has a code that stands for nothing");
  }
}
