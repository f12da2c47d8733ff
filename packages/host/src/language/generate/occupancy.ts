import { type LiveRange, type LiveRanges } from "./liveness.js";

/** When a real register is taken: ranges that do not overlap, in rising order. */
export class Occupancy {
  readonly #ranges: LiveRange[];

  constructor(ranges: LiveRanges) {
    this.#ranges = [...ranges];
  }

  /** Whether the register is free all through these ranges. */
  isFree(ranges: LiveRanges): boolean {
    return ranges.every(({ from, to }) => {
      const next = this.#ranges[this.#firstEndingAfter(from)];
      return next === undefined || next.from >= to;
    });
  }

  /** Takes the register for ranges in which it is free. */
  take(ranges: LiveRanges): void {
    for (const range of ranges) this.#ranges.splice(this.#firstEndingAfter(range.from), 0, range);
  }

  #firstEndingAfter(place: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const range = this.#ranges[middle];
      if (range !== undefined && range.to <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
