/** RFC 6298's weights. */
const meanWeight = 1 / 8;
const deviationWeight = 1 / 4;
const shortestDeviationMilliseconds = 5;
/** The shortest round trip is that of the last two periods of this length: routes change. */
const periodMilliseconds = 30_000;

/** What the line's round trips tell. Each frame has a number of its own, so every answer is a sample (Karn's rule). */
export class RoundTrip {
  #mean: number | undefined;
  #deviation = 0;
  #shortest = Infinity;
  #shortestBefore = Infinity;
  #periodStart = -Infinity;

  /** `ownMilliseconds`: how long the frame itself was on the line. */
  sample(milliseconds: number, ownMilliseconds: number, now: number): void {
    if (this.#mean === undefined) {
      this.#mean = milliseconds;
      this.#deviation = milliseconds / 2;
    } else {
      const error = milliseconds - this.#mean;
      this.#deviation += deviationWeight * (Math.abs(error) - this.#deviation);
      this.#mean += meanWeight * error;
    }
    if (now - this.#periodStart > periodMilliseconds) {
      this.#shortestBefore = this.#shortest;
      this.#shortest = Infinity;
      this.#periodStart = now;
    }
    this.#shortest = Math.min(this.#shortest, Math.max(0, milliseconds - ownMilliseconds));
  }

  /** Of a byte on a line with nothing queued; 0 as long as nothing is known. */
  get shortestMilliseconds(): number {
    const shortest = Math.min(this.#shortest, this.#shortestBefore);
    return shortest === Infinity ? 0 : shortest;
  }

  /** After so long without an answer, one has gone missing. */
  get timeoutMilliseconds(): number {
    if (this.#mean === undefined) return 500;
    return this.#mean + 4 * Math.max(shortestDeviationMilliseconds, this.#deviation);
  }

  get meanMilliseconds(): number {
    return this.#mean ?? 0;
  }
}
