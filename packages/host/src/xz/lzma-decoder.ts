import { type OutputWindow } from "./output-window.js";
import { evenOdds, type RangeDecoder } from "./range-decoder.js";
import { XzError } from "./xz-error.js";

/** How many bits of what goes before choose probabilities: `literalContext` and `literalPosition` those of literals. */
export interface LzmaProperties {
  readonly literalContext: number;
  readonly literalPosition: number;
  readonly position: number;
}

const states = 12;
const positions = 16;
/** Up to this state the last thing was a literal. */
const literalStates = 7;
const shortestMatch = 2;
const lengthGroups = 4;
const slotBits = 6;
const alignBits = 4;
/** Distances from this slot on have their middle bits without probabilities, those below it have all by one. */
const firstDirectSlot = 14;
const lastOwnSlot = 3;
const literalOdds = 0x300;
/** Of one kind of lengths: two choices, then 8 short and 8 middle ones for each position, then 256 long ones. */
const lengthPlaces = {
  choice: 0,
  second: 1,
  low: 2,
  middle: 2 + positions * 8,
  high: 2 + positions * 16,
};
const lengthOdds = lengthPlaces.high + 256;

/** Where the probabilities of each decision begin. */
const places = (() => {
  let next = 0;
  const take = (count: number): number => (next += count) - count;
  return {
    isMatch: take(states * positions),
    isRepeat: take(states),
    isOlder: take(states),
    isThirdOrFourth: take(states),
    isFourth: take(states),
    isLong: take(states * positions),
    slots: take(lengthGroups << slotBits),
    distances: take(128),
    align: take(1 << alignBits),
    matchLength: take(lengthOdds),
    repeatLength: take(lengthOdds),
    literals: next,
  };
})();

/** Expands LZMA: what it has learned stays from one chunk to the next until it is reset. Throws XzError. */
export class LzmaDecoder {
  readonly #output: OutputWindow;
  #properties: LzmaProperties = { literalContext: 0, literalPosition: 0, position: 0 };
  #odds = new Uint16Array(0);
  #state = 0;
  /** Distances less 1, the last one first. */
  #distances: [number, number, number, number] = [0, 0, 0, 0];

  constructor(output: OutputWindow) {
    this.#output = output;
  }

  /** Forgets what it has learned. */
  reset(properties: LzmaProperties = this.#properties): void {
    this.#properties = properties;
    const literalBits = properties.literalContext + properties.literalPosition;
    this.#odds = new Uint16Array(places.literals + (literalOdds << literalBits)).fill(evenOdds);
    this.#state = 0;
    this.#distances = [0, 0, 0, 0];
  }

  /** A chunk that has so many bytes in it. */
  decode(input: RangeDecoder, count: number): void {
    const output = this.#output;
    const odds = this.#odds;
    output.reserve(count);
    const end = output.length + count;
    const positionMask = (1 << this.#properties.position) - 1;
    while (output.length < end) {
      const position = output.position & positionMask;
      const state = this.#state;
      if (input.bit(odds, places.isMatch + state * positions + position) === 0) {
        this.#literal(input);
        continue;
      }
      const length =
        input.bit(odds, places.isRepeat + state) === 0
          ? this.#match(input, position)
          : this.#repeat(input, position);
      if (length > end - output.length) throw new XzError("a chunk holds more than it says");
      output.repeat(this.#distances[0] + 1, length);
    }
    if (!input.isFinished) throw new XzError("a chunk is damaged, or longer than it says");
  }

  #literal(input: RangeDecoder): void {
    const output = this.#output;
    const { literalContext, literalPosition } = this.#properties;
    const position = output.position & ((1 << literalPosition) - 1);
    const context = (position << literalContext) + (output.back(1) >> (8 - literalContext));
    const base = places.literals + literalOdds * context;
    const odds = this.#odds;
    let node = 1;
    if (this.#state >= literalStates) {
      // After a match, what would have gone on there is probably not what comes.
      let expected = output.back(this.#distances[0] + 1);
      while (node < 0x100) {
        const bit = expected >> 7;
        expected = (expected << 1) & 0xff;
        const real = input.bit(odds, base + ((1 + bit) << 8) + node);
        node = (node << 1) | real;
        if (real !== bit) break;
      }
    }
    while (node < 0x100) node = (node << 1) | input.bit(odds, base + node);
    output.push(node & 0xff);
    this.#state = this.#state < 4 ? 0 : this.#state - (this.#state < 10 ? 3 : 6);
  }

  /** At a new distance; gives the length. */
  #match(input: RangeDecoder, position: number): number {
    const [first, second, third] = this.#distances;
    this.#state = this.#state < literalStates ? 7 : 10;
    const length = this.#length(input, places.matchLength, position);
    const group = Math.min(length - shortestMatch, lengthGroups - 1);
    const slot = input.tree(this.#odds, places.slots + (group << slotBits), slotBits);
    this.#distances = [this.#distance(input, slot), first, second, third];
    return length;
  }

  #distance(input: RangeDecoder, slot: number): number {
    if (slot <= lastOwnSlot) return slot;
    const bits = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** bits;
    if (slot < firstDirectSlot) {
      return base + input.reverseTree(this.#odds, places.distances + base - slot, bits);
    }
    const high = input.direct(bits - alignBits) * (1 << alignBits);
    return base + high + input.reverseTree(this.#odds, places.align, alignBits);
  }

  /** At one of the last four distances, which becomes the last one; gives the length. */
  #repeat(input: RangeDecoder, position: number): number {
    const [odds, state] = [this.#odds, this.#state];
    const [first, second, third, fourth] = this.#distances;
    if (input.bit(odds, places.isOlder + state) === 0) {
      if (input.bit(odds, places.isLong + state * positions + position) === 0) {
        this.#state = state < literalStates ? 9 : 11;
        return 1;
      }
    } else if (input.bit(odds, places.isThirdOrFourth + state) === 0) {
      this.#distances = [second, first, third, fourth];
    } else if (input.bit(odds, places.isFourth + state) === 0) {
      this.#distances = [third, first, second, fourth];
    } else {
      this.#distances = [fourth, first, second, third];
    }
    this.#state = state < literalStates ? 8 : 11;
    return this.#length(input, places.repeatLength, position);
  }

  #length(input: RangeDecoder, base: number, position: number): number {
    const odds = this.#odds;
    if (input.bit(odds, base + lengthPlaces.choice) === 0) {
      return shortestMatch + input.tree(odds, base + lengthPlaces.low + position * 8, 3);
    }
    if (input.bit(odds, base + lengthPlaces.second) === 0) {
      return shortestMatch + 8 + input.tree(odds, base + lengthPlaces.middle + position * 8, 3);
    }
    return shortestMatch + 16 + input.tree(odds, base + lengthPlaces.high, 8);
  }
}
