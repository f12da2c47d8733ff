import { type Acknowledgement } from "./frame.js";

/** So many numbers before the largest are remembered: more than a window holds. */
const rememberedFrames = 64;
const half = 0x8000;

/** Which numbers of the other side's frames have come. */
export class ReceivedFrames {
  #largest = -1;
  readonly #recent = new Set<number>();

  /** Counts a frame by the lower 16 bits of its number. Tells whether it is the one that was due. */
  receive(low: number): { readonly isNext: boolean } {
    const number = expand(low, this.#largest);
    const isNext = number === this.#largest + 1;
    if (number > this.#largest) this.#largest = number;
    if (number > this.#largest - rememberedFrames) this.#recent.add(number);
    if (this.#recent.size > 2 * rememberedFrames) this.#forget();
    return { isNext };
  }

  /** Undefined as long as nothing has come. */
  acknowledgement(): Acknowledgement | undefined {
    if (this.#largest < 0) return undefined;
    const earlier = new Uint8Array(8);
    let length = 0;
    for (let index = 0; index < rememberedFrames; index++) {
      if (!this.#recent.has(this.#largest - 1 - index)) continue;
      earlier[index >> 3] = (earlier[index >> 3] ?? 0) | (1 << (index & 7));
      // Four bytes say enough where nothing is missing: each acknowledgement says again what those before it said.
      if (index < 32 || this.#hasGap(index)) length = (index >> 3) + 1;
    }
    return { largest: this.#largest & 0xffff, earlier: earlier.subarray(0, length) };
  }

  #hasGap(limit: number): boolean {
    for (let index = 0; index < limit; index++) {
      const number = this.#largest - 1 - index;
      if (number >= 0 && !this.#recent.has(number)) return true;
    }
    return false;
  }

  #forget(): void {
    for (const number of this.#recent) {
      if (number <= this.#largest - 1 - rememberedFrames) this.#recent.delete(number);
    }
  }
}

/** The number with these lower 16 bits that is closest to the one after `largest`. */
function expand(low: number, largest: number): number {
  const due = largest + 1;
  const distance = (low - due) & 0xffff;
  const number = due + (distance < half ? distance : distance - 0x1_0000);
  return Math.max(0, number);
}
