import { ControlCodec, controlMessageKind } from "../src/codec.js";
import { type ControlMessage } from "../src/control.js";

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
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 4) {
      const word = this.word();
      for (let index = 0; index < 4; index++) bytes[at + index] = word >>> (8 * index);
    }
    return bytes;
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

/** What frames are bent from. */
export interface HostileCorpus {
  readonly frames: readonly Uint8Array[];
  readonly messages: readonly ControlMessage[];
}

/** What an attacker may send: noise, valid frames bent in every way, and values that lie about their size. */
export function createHostileFrame(random: Random, corpus: HostileCorpus): Uint8Array {
  const { frames, messages } = corpus;
  const frame = Uint8Array.from(random.pick(frames));
  switch (random.below(12)) {
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
        random.pick(frames).subarray(random.below(20)),
        0,
      );
    case 6:
    case 7:
    case 8:
    case 9:
      // The codec takes whatever msgpack can hold; that it is no message any more is the point.
      return new ControlCodec().encode(bend(random, random.pick(messages)) as ControlMessage);
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
  const frame = new Uint8Array(2 + level.length * random.below(100));
  for (let at = 1; at + level.length < frame.length; at += level.length) frame.set(level, at);
  frame[0] = controlMessageKind;
  return frame;
}

const strangeValues: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  2 ** 53,
  Number.NaN,
  5n,
  -(2n ** 63n),
  2n ** 64n - 1n,
  "",
  "toString",
  "/../../etc/shadow",
  "\0",
  "x".repeat(300),
  [],
  Array.from({ length: 100 }, () => null),
  {},
  { constructor: 1, hasOwnProperty: 2 },
  { handle: 1, step: 1 },
  new Uint8Array(0),
  new Uint8Array(100),
];

/** The message with one of its values, however deep, replaced by a strange one, or with one more key. */
function bend(random: Random, value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) {
    return random.pick(strangeValues);
  }
  if (random.below(6) === 0) return random.pick(strangeValues);
  if (Array.isArray(value)) {
    const bent: unknown[] = value.slice();
    if (bent.length > 0) {
      const index = random.below(bent.length);
      bent[index] = bend(random, bent[index]);
    }
    return bent;
  }
  const bent: Record<string, unknown> = { ...value };
  const key = random.pick([...Object.keys(bent), "more"]);
  bent[key] = bend(random, bent[key]);
  return bent;
}
