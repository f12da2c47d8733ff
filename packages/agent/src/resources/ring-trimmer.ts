import { type System, type Timer } from "../system/system.js";

export interface RingTrimmerOptions {
  readonly system: Pick<System, "after">;
  readonly sizeBytes: number;
  /** Bytes that wait in the ring. */
  readonly waiting: () => number;
  /** Drops the oldest records, of at most so many bytes. */
  readonly drop: (limitBytes: number) => void;
}

const shortestLookMilliseconds = 5;
const longestLookMilliseconds = 50;

/**
 * Makes room in a ring that nobody reads: fuller than three quarters, it loses its oldest records until it is half full. The
 * kernel does not wake a reader that has not caught up, so it looks by timer: often while records come fast, and else seldom.
 */
export class RingTrimmer {
  readonly #options: RingTrimmerOptions;
  #timer: Timer | undefined;

  constructor(options: RingTrimmerOptions) {
    this.#options = options;
  }

  /** Idempotent. */
  start(): void {
    if (this.#timer === undefined) this.#look(shortestLookMilliseconds);
  }

  /** Touches the ring no more. Idempotent. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(pauseMilliseconds: number): void {
    const { system, sizeBytes, waiting, drop } = this.#options;
    const excess = waiting() - sizeBytes / 2;
    if (excess > sizeBytes / 4) drop(excess);
    const left = waiting();
    this.#timer = system.after(pauseMilliseconds, () => {
      const isFast = waiting() - left > sizeBytes / 16;
      const next = isFast ? shortestLookMilliseconds : pauseMilliseconds * 2;
      this.#look(Math.min(next, longestLookMilliseconds));
    });
  }
}
