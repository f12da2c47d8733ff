/** FIPS 180-4, section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const roundConstants = constants((prime) => Math.cbrt(prime), 64);
/** Section 5.3.3: of the square roots of the first 8. */
const initialState = constants((prime) => Math.sqrt(prime), 8);

export const sha256SizeBytes = 32;
export const sha256BlockSizeBytes = 64;

/** SHA-256 in pieces: `update` as often as needed, `digest` once. */
export class Sha256 {
  readonly #state = Uint32Array.from(initialState);
  readonly #block = new Uint8Array(sha256BlockSizeBytes);
  readonly #schedule = new Uint32Array(64);
  #blockLength = 0;
  #totalBytes = 0;

  update(bytes: Uint8Array): this {
    this.#totalBytes += bytes.length;
    let offset = 0;
    if (this.#blockLength > 0) {
      offset = Math.min(sha256BlockSizeBytes - this.#blockLength, bytes.length);
      this.#block.set(bytes.subarray(0, offset), this.#blockLength);
      this.#blockLength += offset;
      if (this.#blockLength < sha256BlockSizeBytes) return this;
      this.#compress(this.#block, 0);
      this.#blockLength = 0;
    }
    for (; offset + sha256BlockSizeBytes <= bytes.length; offset += sha256BlockSizeBytes) {
      this.#compress(bytes, offset);
    }
    this.#block.set(bytes.subarray(offset));
    this.#blockLength = bytes.length - offset;
    return this;
  }

  digest(): Uint8Array {
    const block = this.#block;
    block[this.#blockLength] = 0x80;
    block.fill(0, this.#blockLength + 1);
    if (this.#blockLength + 9 > sha256BlockSizeBytes) {
      this.#compress(block, 0);
      block.fill(0);
    }
    const length = new DataView(block.buffer, 56, 8);
    length.setUint32(0, Math.floor(this.#totalBytes / 0x2000_0000));
    length.setUint32(4, (this.#totalBytes * 8) >>> 0);
    this.#compress(block, 0);
    const digest = new Uint8Array(sha256SizeBytes);
    const view = new DataView(digest.buffer);
    this.#state.forEach((word, index) => {
      view.setUint32(4 * index, word);
    });
    return digest;
  }

  /** Section 6.2.2. */
  #compress(bytes: Uint8Array, offset: number): void {
    const words = this.#schedule;
    expandSchedule(words, bytes, offset);
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = this.#state;
    for (let round = 0; round < 64; round++) {
      const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const choice = (e & f) ^ (~e & g);
      const first = (h + sum1 + choice + (roundConstants[round] ?? 0) + (words[round] ?? 0)) | 0;
      const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const majority = (a & b) ^ (a & c) ^ (b & c);
      h = g;
      g = f;
      f = e;
      e = (d + first) | 0;
      d = c;
      c = b;
      b = a;
      a = (first + sum0 + majority) | 0;
    }
    const state = this.#state;
    [a, b, c, d, e, f, g, h].forEach((word, index) => {
      state[index] = (state[index] ?? 0) + word;
    });
  }
}

/** The SHA-256 of the bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Sha256().update(bytes).digest();
}

function expandSchedule(words: Uint32Array, bytes: Uint8Array, offset: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, sha256BlockSizeBytes);
  for (let index = 0; index < 16; index++) words[index] = view.getUint32(4 * index);
  for (let index = 16; index < 64; index++) {
    const older = words[index - 15] ?? 0;
    const newer = words[index - 2] ?? 0;
    const sigma0 = rotate(older, 7) ^ rotate(older, 18) ^ (older >>> 3);
    const sigma1 = rotate(newer, 17) ^ rotate(newer, 19) ^ (newer >>> 10);
    words[index] = (words[index - 16] ?? 0) + sigma0 + (words[index - 7] ?? 0) + sigma1;
  }
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function constants(root: (prime: number) => number, count: number): Uint32Array {
  const words = new Uint32Array(count);
  let found = 0;
  for (let candidate = 2; found < count; candidate++) {
    if (isPrime(candidate)) {
      const value = root(candidate);
      words[found++] = Math.floor((value - Math.floor(value)) * 2 ** 32);
    }
  }
  return words;
}

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) {
    if (candidate % divisor === 0) return false;
  }
  return true;
}
