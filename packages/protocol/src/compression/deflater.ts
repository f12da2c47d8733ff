import { lazily } from "../lazily.js";
import { BitWriter } from "./bit-writer.js";
import {
  codeOf,
  distanceRanges,
  endOfBlock,
  firstLengthCode,
  fixedDistanceBits,
  fixedLengths,
  lengthRanges,
  longestMatch,
  smallestMatch,
  windowSizeBytes,
} from "./symbols.js";

/** Compressed as one block: messages are mostly smaller, and what is stored instead is not much. */
const blockSizeBytes = 4096;
/** Matches that are tried, the nearest first, and the length that is long enough. */
const mostTries = 48;
const longEnough = 64;
/** The shortest match costs more than its bytes when it is further back. */
const furthestShortMatch = 2048;
const hashBits = 12;

/**
 * Compresses messages one after the other with the fixed codes of DEFLATE (RFC 1951), each with what was in those before
 * it: so small messages that are alike shrink well. The other side needs all of them, in their order. Keeps 74 kB.
 */
export class Deflater {
  /** The last messages' bytes, and the present one's. */
  readonly #bytes = new Uint8Array(2 * windowSizeBytes);
  #end = 0;
  /** By the hash of three bytes: one more than the last place where they were; and by place the one before that. */
  readonly #lastPlaces = new Uint16Array(1 << hashBits);
  readonly #earlierPlaces = new Uint16Array(windowSizeBytes);
  /** Places before this one are in the two tables. */
  #known = 0;

  /**
   * The message as RFC 7692 (permessage-deflate) sends it, without the four bytes at the end that are always the same;
   * behind a byte that says what it is.
   */
  compress(message: Uint8Array, kind: number): Uint8Array {
    const blocks = Math.ceil(message.length / blockSizeBytes);
    const output = new BitWriter(message.length + (message.length >> 3) + 8 * blocks + 8);
    output.put(kind, 8);
    for (let at = 0; at < message.length; at += blockSizeBytes) {
      this.#writeBlock(output, message.subarray(at, at + blockSizeBytes));
    }
    // The head of an empty stored block, whose length is what is left out.
    output.put(0, 3);
    output.align();
    return output.take();
  }

  #writeBlock(output: BitWriter, block: Uint8Array): void {
    const before = output.bits;
    this.#append(block);
    output.put(fixedBlock, 3);
    this.#writeMatches(output, this.#end - block.length);
    putCode(output, endOfBlock);
    const storedBits = 3 + 7 + 32 + block.length * 8;
    if (output.bits - before <= storedBits) return;
    output.rewind(before);
    output.put(storedBlock, 3);
    output.align();
    output.put(block.length, 16);
    output.put(~block.length & 0xffff, 16);
    output.putBytes(block);
  }

  #append(block: Uint8Array): void {
    if (this.#end + block.length > this.#bytes.length) this.#slide();
    this.#bytes.set(block, this.#end);
    this.#end += block.length;
  }

  #slide(): void {
    this.#bytes.copyWithin(0, windowSizeBytes, this.#end);
    this.#end -= windowSizeBytes;
    this.#known -= windowSizeBytes;
    for (const places of [this.#lastPlaces, this.#earlierPlaces]) {
      for (let at = 0; at < places.length; at++) {
        places[at] = Math.max(0, (places[at] ?? 0) - windowSizeBytes);
      }
    }
  }

  #writeMatches(output: BitWriter, start: number): void {
    let match = this.#findMatch(start);
    for (let at = start; at < this.#end;) {
      const length = match >>> 16;
      const isShort = length < longEnough && at + 1 < this.#end;
      const next = length > 0 && isShort ? this.#findMatch(at + 1) : 0;
      // A longer match that begins one byte later is worth a byte.
      if (length === 0 || next >>> 16 > length) {
        putCode(output, this.#bytes[at] ?? 0);
        at += 1;
        match = length === 0 ? this.#findMatch(at) : next;
      } else {
        putMatch(output, length, match & 0xffff);
        at += length;
        match = this.#findMatch(at);
      }
    }
  }

  /** The longest match for what is at a place: its length in the upper half, its distance in the lower; 0 for none. */
  #findMatch(at: number): number {
    const bytes = this.#bytes;
    this.#learnUpTo(at);
    const limit = Math.min(longestMatch, this.#end - at);
    if (limit < smallestMatch) return 0;
    let best = smallestMatch - 1;
    let bestDistance = 0;
    let place = (this.#lastPlaces[this.#hash(at)] ?? 0) - 1;
    for (let tries = 0; tries < mostTries && place >= 0; tries++) {
      const distance = at - place;
      if (distance > windowSizeBytes) break;
      if (bytes[place + best] === bytes[at + best]) {
        let length = 0;
        while (length < limit && bytes[place + length] === bytes[at + length]) length++;
        if (length > best) {
          best = length;
          bestDistance = distance;
          if (length >= longEnough || length === limit) break;
        }
      }
      place = (this.#earlierPlaces[place % windowSizeBytes] ?? 0) - 1;
    }
    const isWorthIt = best > smallestMatch || bestDistance <= furthestShortMatch;
    return bestDistance > 0 && isWorthIt ? (best << 16) | bestDistance : 0;
  }

  /** Places whose three bytes are not there yet wait for the next message. */
  #learnUpTo(end: number): void {
    const limit = Math.min(end, this.#end - smallestMatch + 1);
    for (; this.#known < limit; this.#known++) {
      const hash = this.#hash(this.#known);
      this.#earlierPlaces[this.#known % windowSizeBytes] = this.#lastPlaces[hash] ?? 0;
      this.#lastPlaces[hash] = this.#known + 1;
    }
  }

  #hash(at: number): number {
    const bytes = this.#bytes;
    const three = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    // Knuth's multiplier; the upper bits depend on all three bytes.
    return Math.imul(three, 0x9e37_79b1) >>> (32 - hashBits);
  }
}

const storedBlock = 0b000;
const fixedBlock = 0b010;

/** The fixed codes of literals and lengths, their first bit lowest. */
const fixedCodes = lazily(() => {
  const bits = fixedLengths();
  return { bits, codes: reversedCodes(bits) };
});

function putCode(output: BitWriter, symbol: number): void {
  const { bits, codes } = fixedCodes();
  output.put(codes[symbol] ?? 0, bits[symbol] ?? 0);
}

function putMatch(output: BitWriter, length: number, distance: number): void {
  const lengthCode = codeOf(lengthRanges, length);
  putCode(output, firstLengthCode + lengthCode);
  output.put(
    length - (lengthRanges.bases[lengthCode] ?? 0),
    lengthRanges.extraBits[lengthCode] ?? 0,
  );
  const code = codeOf(distanceRanges, distance);
  output.put(reverse(code, fixedDistanceBits), fixedDistanceBits);
  output.put(distance - (distanceRanges.bases[code] ?? 0), distanceRanges.extraBits[code] ?? 0);
}

/** RFC 1951, 3.2.2: codes of one length follow each other, the shorter ones come first. */
function reversedCodes(lengths: Uint8Array): Uint16Array {
  const codes = new Uint16Array(lengths.length);
  let next = 0;
  for (let bits = 1; bits <= 9; bits++) {
    next <<= 1;
    for (const [symbol, length] of lengths.entries()) {
      if (length === bits) codes[symbol] = reverse(next++, bits);
    }
  }
  return codes;
}

function reverse(code: number, bits: number): number {
  let reversed = 0;
  for (let bit = 0; bit < bits; bit++) reversed |= ((code >>> bit) & 1) << (bits - 1 - bit);
  return reversed;
}
