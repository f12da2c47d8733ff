// RFC 1951, 3.2.5: what the codes of lengths (257 to 285) and distances (0 to 29) stand for.

/** The first length or distance of each code, and how many bits follow that are added to it. */
export interface CodeRanges {
  readonly bases: Uint16Array;
  readonly extraBits: Uint8Array;
}

export const endOfBlock = 256;
export const firstLengthCode = 257;
export const smallestMatch = 3;
export const longestMatch = 258;

/** A match reaches back no further, within a message or into those before it. */
export const windowSizeBytes = 16_384;

export const lengthRanges = createRanges({ count: 29, first: smallestMatch, codesPerStep: 4 });
// The last length has a code of its own.
lengthRanges.bases[28] = longestMatch;
lengthRanges.extraBits[28] = 0;

export const distanceRanges = createRanges({ count: 30, first: 1, codesPerStep: 2 });

/** Every so many codes, but for the first two steps, each code stands for twice as many values. */
function createRanges(shape: {
  readonly count: number;
  readonly first: number;
  readonly codesPerStep: number;
}): CodeRanges {
  const bases = new Uint16Array(shape.count);
  const extraBits = new Uint8Array(shape.count);
  let base = shape.first;
  for (let code = 0; code < shape.count; code++) {
    const bits = Math.max(0, Math.floor(code / shape.codesPerStep) - 1);
    bases[code] = base;
    extraBits[code] = bits;
    base += 1 << bits;
  }
  return { bases, extraBits };
}

/** The code whose range a length or distance is in. */
export function codeOf({ bases }: CodeRanges, value: number): number {
  let low = 0;
  let high = bases.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((bases[middle] ?? 0) <= value) low = middle;
    else high = middle;
  }
  return low;
}

/** Lengths of the fixed codes (3.2.6) of literals and lengths. */
export function fixedLengths(): Uint8Array {
  const lengths = new Uint8Array(288).fill(8);
  lengths.fill(9, 144, 256);
  lengths.fill(7, 256, 280);
  return lengths;
}

/** And of distances. */
export const fixedDistanceBits = 5;
