import { lazily } from "./lazily.js";

/** FIPS 180-4, section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const roundConstants = lazily(() => rootFractions((prime) => Math.cbrt(prime), 64));
/** Section 5.3.3: of the square roots of the first 8. */
const initialState = lazily(() => rootFractions((prime) => Math.sqrt(prime), 8));

export const sha256SizeBytes = 32;
export const sha256BlockSizeBytes = 64;

/** The message schedule of the block being compressed; nothing runs in between. */
const schedule = new Int32Array(64);

/** Takes so many whole blocks, from the start of the bytes, into the state. */
type Sha256Compression = (
  state: Int32Array,
  roundConstants: Int32Array,
  bytes: Uint8Array,
  count: number,
) => void;

let compress: Sha256Compression = compressBlocks;

/** For an engine that compiles nothing: from here on, another does the work for everybody. */
export function setSha256Compression(other: Sha256Compression): void {
  compress = other;
}

/** SHA-256 in pieces: `update` as often as needed, `digest` once. */
export class Sha256 {
  readonly #state = Int32Array.from(initialState());
  readonly #block = new Uint8Array(sha256BlockSizeBytes);
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
      this.#compress(this.#block);
      this.#blockLength = 0;
    }
    offset += this.#compress(bytes.subarray(offset));
    this.#block.set(bytes.subarray(offset));
    this.#blockLength = bytes.length - offset;
    return this;
  }

  digest(): Uint8Array {
    const block = this.#block;
    block[this.#blockLength] = 0x80;
    block.fill(0, this.#blockLength + 1);
    if (this.#blockLength + 9 > sha256BlockSizeBytes) {
      this.#compress(block);
      block.fill(0);
    }
    const length = new DataView(block.buffer, 56, 8);
    length.setUint32(0, Math.floor(this.#totalBytes / 0x2000_0000));
    length.setUint32(4, (this.#totalBytes * 8) >>> 0);
    this.#compress(block);
    const digest = new Uint8Array(sha256SizeBytes);
    const view = new DataView(digest.buffer);
    for (let index = 0; index < 8; index++) view.setInt32(4 * index, word(this.#state, index));
    return digest;
  }

  /** All whole blocks, and how many bytes they are. */
  #compress(bytes: Uint8Array): number {
    const count = Math.floor(bytes.length / sha256BlockSizeBytes);
    if (count > 0) compress(this.#state, roundConstants(), bytes, count);
    return count * sha256BlockSizeBytes;
  }
}

function compressBlocks(
  state: Int32Array,
  constants: Int32Array,
  bytes: Uint8Array,
  count: number,
): void {
  for (let block = 0; block < count; block++) {
    expandSchedule(bytes, block * sha256BlockSizeBytes);
    compressSchedule(state, constants);
  }
}

/** Section 6.2.2. */
function compressSchedule(state: Int32Array, constants: Int32Array): void {
  let a = word(state, 0);
  let b = word(state, 1);
  let c = word(state, 2);
  let d = word(state, 3);
  let e = word(state, 4);
  let f = word(state, 5);
  let g = word(state, 6);
  let h = word(state, 7);
  for (let round = 0; round < 64; round++) {
    const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = (h + sum1 + choice + word(constants, round) + word(schedule, round)) | 0;
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
  state[0] = word(state, 0) + a;
  state[1] = word(state, 1) + b;
  state[2] = word(state, 2) + c;
  state[3] = word(state, 3) + d;
  state[4] = word(state, 4) + e;
  state[5] = word(state, 5) + f;
  state[6] = word(state, 6) + g;
  state[7] = word(state, 7) + h;
}

/** The SHA-256 of the bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Sha256().update(bytes).digest();
}

function expandSchedule(bytes: Uint8Array, offset: number): void {
  for (let index = 0; index < 16; index++) {
    const at = offset + 4 * index;
    schedule[index] =
      (byte(bytes, at) << 24) |
      (byte(bytes, at + 1) << 16) |
      (byte(bytes, at + 2) << 8) |
      byte(bytes, at + 3);
  }
  for (let index = 16; index < 64; index++) {
    const older = word(schedule, index - 15);
    const newer = word(schedule, index - 2);
    const sigma0 = rotate(older, 7) ^ rotate(older, 18) ^ (older >>> 3);
    const sigma1 = rotate(newer, 17) ^ rotate(newer, 19) ^ (newer >>> 10);
    schedule[index] = word(schedule, index - 16) + sigma0 + word(schedule, index - 7) + sigma1;
  }
}

/** Words are signed here: what an engine does its 32-bit arithmetic in. */
function word(words: Int32Array, index: number): number {
  return words[index] ?? 0;
}

function byte(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

function rotate(value: number, bits: number): number {
  return (value >>> bits) | (value << (32 - bits));
}

function rootFractions(root: (prime: number) => number, count: number): Int32Array {
  const words = new Int32Array(count);
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
