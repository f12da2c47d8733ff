// What packages/agent/native/unpack.c takes apart again: the block format of LZ4, which is unpacked in a millisecond where a
// tighter one takes ten, at each start. https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md

const shortestMatch = 4;
const furthestMatch = 0xffff;
/** Of a token's two halves: more is said by the bytes that follow. */
const halfLimit = 15;
const chainLimit = 512;
/** A token and a distance. */
const matchCost = 3;

/** @param {Uint8Array} input */
export function pack(input) {
  const { lengths, distances } = cheapestSteps(input);
  /** @type {number[]} */
  const bytes = [];
  let literals = 0;
  for (let at = 0; at < input.length;) {
    const length = lengths[at] ?? 1;
    if (length === 1) {
      at += 1;
      literals += 1;
      continue;
    }
    const distance = distances[at] ?? 0;
    putLiterals(bytes, input.subarray(at - literals, at), length - shortestMatch);
    bytes.push(distance & 0xff, distance >> 8);
    putRest(bytes, length - shortestMatch);
    at += length;
    literals = 0;
  }
  putLiterals(bytes, input.subarray(input.length - literals), 0);
  return Uint8Array.from(bytes);
}

/**
 * A sequence up to its match.
 *
 * @param {number[]} bytes
 * @param {Uint8Array} literals
 * @param {number} matchRest  of the match's length, what is more than the shortest
 */
function putLiterals(bytes, literals, matchRest) {
  bytes.push((Math.min(literals.length, halfLimit) << 4) | Math.min(matchRest, halfLimit));
  putRest(bytes, literals.length);
  for (const byte of literals) bytes.push(byte);
}

/**
 * @param {number[]} bytes
 * @param {number} count
 */
function putRest(bytes, count) {
  for (let rest = count - halfLimit; rest >= 0; rest -= 255) bytes.push(Math.min(rest, 255));
}

/**
 * For each place what is cheapest from there to the end: a literal (length 1), or a match.
 *
 * @param {Uint8Array} input
 */
function cheapestSteps(input) {
  const { lengths: longest, distances } = longestMatches(input);
  const lengths = new Int32Array(input.length);
  const costs = new Float64Array(input.length + 1);
  for (let at = input.length - 1; at >= 0; at--) {
    let best = 1;
    let cost = 1 + (costs[at + 1] ?? 0);
    for (let length = shortestMatch; length <= (longest[at] ?? 0); length++) {
      const rest = length - shortestMatch - halfLimit;
      const more = rest >= 0 ? 1 + Math.floor(rest / 255) : 0;
      const whole = matchCost + more + (costs[at + length] ?? 0);
      if (whole < cost) [best, cost] = [length, whole];
    }
    lengths[at] = best;
    costs[at] = cost;
  }
  return { lengths, distances };
}

/**
 * For each place the longest match with what came before it, the nearest of those that are equal.
 *
 * @param {Uint8Array} input
 */
function longestMatches(input) {
  const lengths = new Int32Array(input.length);
  const distances = new Int32Array(input.length);
  /** By four bytes: the last place where they stand, and for each place the one before it. */
  const heads = new Map();
  const previous = new Int32Array(input.length).fill(-1);
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  for (let at = 0; at + shortestMatch <= input.length; at++) {
    const key = view.getUint32(at);
    let candidate = heads.get(key) ?? -1;
    previous[at] = candidate;
    heads.set(key, at);
    for (let count = 0; candidate >= 0 && count < chainLimit; count++) {
      if (at - candidate > furthestMatch) break;
      let length = shortestMatch;
      while (at + length < input.length && input[at + length] === input[candidate + length]) {
        length++;
      }
      if (length > (lengths[at] ?? 0)) [lengths[at], distances[at]] = [length, at - candidate];
      candidate = previous[candidate] ?? -1;
    }
  }
  return { lengths, distances };
}
