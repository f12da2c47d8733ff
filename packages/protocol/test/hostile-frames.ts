import { controlMessageKind } from "../src/codec.js";

/** A small generator (mulberry32): the same seed gives the same frames on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to 2³²-1. */
  word(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  below(limit: number): number {
    return this.word() % limit;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.word() & 0xff);
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new TypeError("nothing to pick from");
    return value;
  }
}

/** Headers that promise far more than there is. */
const hugeHeaders = [
  [0xdd, 0xff, 0xff, 0xff, 0xff],
  [0xdd, 0x00, 0x0f, 0xff, 0xff],
  [0xdc, 0xff, 0xff],
  [0xdf, 0xff, 0xff, 0xff, 0xff],
  [0xde, 0xff, 0xff],
  [0xc6, 0xff, 0xff, 0xff, 0xff],
  [0xdb, 0x7f, 0xff, 0xff, 0xff],
  [0xc9, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xd4, 0x72, 0x40],
  [0xd6, 0xff],
  [0xc1],
  [0xa9, 0x5f, 0x5f, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x5f, 0x5f],
];

/** What an attacker may send: noise, valid frames bent in every way, and values that lie about their size. */
export function createHostileFrame(random: Random, validFrames: readonly Uint8Array[]): Uint8Array {
  const frame = Uint8Array.from(random.pick(validFrames));
  switch (random.below(8)) {
    case 0:
      return random.bytes(random.below(64));
    case 1:
      return Uint8Array.of(random.below(5), ...random.bytes(random.below(64)));
    case 2:
      return frame.subarray(0, random.below(frame.length));
    case 3:
      return splice(frame, random.below(frame.length), random.pick(hugeHeaders), random.below(3));
    case 4:
      return nested(random);
    case 5:
      return splice(
        frame,
        random.below(frame.length),
        random.pick(validFrames).subarray(random.below(20)),
        0,
      );
    default:
      for (let count = 1 + random.below(4); count > 0; count--) {
        frame[random.below(frame.length)] = random.word() & 0xff;
      }
      return frame;
  }
}

function splice(
  frame: Uint8Array,
  at: number,
  inserted: Iterable<number>,
  removed: number,
): Uint8Array {
  return Uint8Array.from([...frame.subarray(0, at), ...inserted, ...frame.subarray(at + removed)]);
}

function nested(random: Random): Uint8Array {
  const level = random.pick([[0x91], [0x81, 0xa1, 0x61], [0xdc, 0x00, 0x01]]);
  const levels = Array.from({ length: random.below(200) }, () => level).flat();
  return Uint8Array.from([controlMessageKind, ...levels, random.word() & 0xff]);
}
