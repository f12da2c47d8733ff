/** So much of a processor's time may be spent at once after a quiet time, in milliseconds. */
const burstMilliseconds = 20;

/** Keeps what the agent takes of a processor at a share of it, by having streams wait before they are drained. */
export class CpuBudget {
  readonly #share: number;
  readonly #now: () => number;
  readonly #spent: () => number;
  /** What may be spent; below zero: what was spent too much. */
  #left = burstMilliseconds;
  #lastNow: number;
  #lastSpent: number;

  /** `share` of a processor, above 0; `now` and `spent` are clocks in milliseconds, `spent` that of the processor's time. */
  constructor(share: number, now: () => number, spent: () => number) {
    this.#share = share;
    this.#now = now;
    this.#spent = spent;
    this.#lastNow = now();
    this.#lastSpent = spent();
  }

  /** How long to wait until there is something to spend again; 0: no longer. */
  get delayMilliseconds(): number {
    const [now, spent] = [this.#now(), this.#spent()];
    const earned = (now - this.#lastNow) * this.#share;
    this.#left = Math.min(burstMilliseconds, this.#left + earned - (spent - this.#lastSpent));
    this.#lastNow = now;
    this.#lastSpent = spent;
    return this.#left > 0 ? 0 : Math.max(1, -this.#left / this.#share);
  }
}
