// What packages/agent/native/unpack.c takes apart again: matches with what came before (LZ77), in bits that a range coder
// writes by how often each came out so far in its context.

const literalContexts = 16;
const windowLimit = 1 << 20;
const shortestMatch = 2;
const longestMatch = 257;
const chainLimit = 512;

/** The same choices as unpack.c makes, by the same numbers: half is 1024 of 2048, and each bit moves it by a 32nd. */
class RangeEncoder {
  /** @type {number[]} */
  bytes = [];
  #low = 0n;
  #range = 0xffff_ffff;

  /**
   * @param {Uint16Array} odds
   * @param {number} index
   * @param {number} bit
   */
  bit(odds, index, bit) {
    const chance = odds[index] ?? 0;
    const bound = (this.#range >>> 11) * chance;
    if (bit === 0) {
      this.#range = bound;
      odds[index] = chance + ((2048 - chance) >> 5);
    } else {
      this.#low += BigInt(bound);
      this.#range -= bound;
      odds[index] = chance - (chance >> 5);
    }
    while (this.#range < 0x100_0000) {
      this.#range = (this.#range << 8) >>> 0;
      this.#shift();
    }
  }

  /**
   * @param {Uint16Array} odds
   * @param {number} base
   * @param {number} count
   * @param {number} value
   */
  tree(odds, base, count, value) {
    let node = 1;
    for (let index = count - 1; index >= 0; index--) {
      const bit = (value >> index) & 1;
      this.bit(odds, base + node, bit);
      node = (node << 1) | bit;
    }
  }

  end() {
    for (let count = 0; count < 4; count++) this.#shift();
    return Uint8Array.from(this.bytes);
  }

  /** One byte more is certain, but for a carry into those before it. */
  #shift() {
    if (this.#low > 0xffff_ffffn) {
      for (let index = this.bytes.length - 1; index >= 0; index--) {
        const byte = ((this.bytes[index] ?? 0) + 1) & 0xff;
        this.bytes[index] = byte;
        if (byte !== 0) break;
      }
      this.#low &= 0xffff_ffffn;
    }
    this.bytes.push(Number(this.#low >> 24n));
    this.#low = (this.#low & 0xff_ffffn) << 8n;
  }
}

/** Where each context's odds begin, as in unpack.c. */
const places = {
  isMatch: 0,
  isRepeated: 2,
  length: 4,
  distanceBits: 4 + 2 * 256,
  distance: 4 + 2 * 256 + 4 * 32,
  literal: 4 + 2 * 256 + 4 * 32 + 32 * 64,
};
const oddsCount = places.literal + literalContexts * 256;

/** @param {Uint8Array} input */
export function pack(input) {
  const encoder = new RangeEncoder();
  const odds = new Uint16Array(oddsCount).fill(1024);
  const finder = new MatchFinder(input);
  let wasMatch = 0;
  let lastDistance = 1;
  for (let at = 0; at < input.length;) {
    const match = chooseMatch(finder, at, lastDistance);
    encoder.bit(odds, places.isMatch + wasMatch, match === undefined ? 0 : 1);
    if (match === undefined) {
      const context = (input[at - 1] ?? 0) >> 4;
      encoder.tree(odds, places.literal + context * 256, 8, input[at] ?? 0);
      finder.advance(at++);
      wasMatch = 0;
      continue;
    }
    const { length, distance } = match;
    const isRepeated = distance === lastDistance ? 1 : 0;
    encoder.bit(odds, places.isRepeated + wasMatch, isRepeated);
    encoder.tree(odds, places.length + isRepeated * 256, 8, length - shortestMatch);
    if (isRepeated === 0) encodeDistance(encoder, odds, length, distance);
    lastDistance = distance;
    wasMatch = 1;
    for (const end = at + length; at < end;) finder.advance(at++);
  }
  return encoder.end();
}

/**
 * @param {RangeEncoder} encoder
 * @param {Uint16Array} odds
 * @param {number} length
 * @param {number} distance
 */
function encodeDistance(encoder, odds, length, distance) {
  const bits = 31 - Math.clz32(distance);
  const lengthClass = Math.min(length - shortestMatch, 3);
  encoder.tree(odds, places.distanceBits + lengthClass * 32, 5, bits);
  let node = 1;
  for (let index = bits - 1; index >= 0; index--) {
    const bit = (distance >> index) & 1;
    encoder.bit(odds, places.distance + bits * 64 + (node < 32 ? node : 32 + index), bit);
    node = (node << 1) | bit;
  }
}

/**
 * @param {MatchFinder} finder
 * @param {number} at
 * @param {number} lastDistance
 */
function chooseMatch(finder, at, lastDistance) {
  const repeated = finder.lengthAt(at, lastDistance);
  const found = finder.find(at);
  const gain = (/** @type {number} */ length, /** @type {number} */ distance) =>
    distance === lastDistance ? 6.5 * length - 6 : 6.5 * length - 14 - (31 - Math.clz32(distance));
  const best =
    repeated >= shortestMatch && gain(repeated, lastDistance) >= gain(found.length, found.distance)
      ? { length: repeated, distance: lastDistance }
      : found;
  if (best.length < shortestMatch || gain(best.length, best.distance) <= 0) return undefined;
  // A longer one that begins with the next byte is worth more than this one.
  const next = finder.find(at + 1);
  const isNextBetter = gain(next.length, next.distance) > gain(best.length, best.distance) + 4;
  return isNextBetter ? undefined : best;
}

/** The longest match with what came before, the nearest of those that are equal. */
class MatchFinder {
  #input;
  /** By three bytes: the last place where they stand, and for each place the one before it. */
  #heads = new Map();
  #previous;

  /** @param {Uint8Array} input */
  constructor(input) {
    this.#input = input;
    this.#previous = new Int32Array(input.length).fill(-1);
  }

  /** @param {number} at */
  advance(at) {
    const key = this.#keyOf(at);
    this.#previous[at] = this.#heads.get(key) ?? -1;
    this.#heads.set(key, at);
  }

  /** @param {number} at */
  find(at) {
    let length = 0;
    let distance = 1;
    let candidate = this.#heads.get(this.#keyOf(at)) ?? -1;
    for (let count = 0; candidate >= 0 && count < chainLimit; count++) {
      if (at - candidate > windowLimit) break;
      const found = this.lengthAt(at, at - candidate);
      if (found > length) [length, distance] = [found, at - candidate];
      candidate = this.#previous[candidate] ?? -1;
    }
    return { length, distance };
  }

  /**
   * @param {number} at
   * @param {number} distance
   */
  lengthAt(at, distance) {
    if (distance > at) return 0;
    const limit = Math.min(longestMatch, this.#input.length - at);
    let length = 0;
    while (length < limit && this.#input[at + length] === this.#input[at + length - distance]) {
      length++;
    }
    return length;
  }

  /** @param {number} at */
  #keyOf(at) {
    const [first = 0, second = 0, third = 0] = this.#input.subarray(at, at + 3);
    return (first << 16) | (second << 8) | third;
  }
}
