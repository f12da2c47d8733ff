const nanosecondsPerMillisecond = 1_000_000n;

/**
 * This machine's wall clock, in finer steps than the milliseconds of Date.now(): a steady clock, kept within what Date.now()
 * says. When the wall clock is set, or the machine has slept, it follows at once.
 */
export class WallClock {
  readonly #readSteady: () => bigint;
  readonly #readMilliseconds: () => number;
  #wallMinusSteady: bigint | undefined;

  /** `readSteady` gives nanoseconds from any start, `readMilliseconds` whole milliseconds since 1970. */
  constructor(readSteady: () => bigint, readMilliseconds: () => number) {
    this.#readSteady = readSteady;
    this.#readMilliseconds = readMilliseconds;
  }

  /** Nanoseconds since 1970. Takes up to a millisecond the first time. */
  now(): bigint {
    if (this.#wallMinusSteady === undefined) this.#waitForNextMillisecond();
    return this.#read();
  }

  #read(): bigint {
    const before = this.#readSteady();
    const milliseconds = BigInt(this.#readMilliseconds()) * nanosecondsPerMillisecond;
    const after = this.#readSteady();
    // At some moment between the two it was in this millisecond.
    const least = milliseconds - after;
    const most = milliseconds + nanosecondsPerMillisecond - before;
    const kept = this.#wallMinusSteady ?? least;
    this.#wallMinusSteady = kept < least ? least : kept > most ? most : kept;
    return after + this.#wallMinusSteady;
  }

  /** When the millisecond changes, both clocks are known to stand where they stand. */
  #waitForNextMillisecond(): void {
    const start = this.#readMilliseconds();
    const startSteady = this.#readSteady();
    this.#read();
    while (
      this.#readMilliseconds() === start &&
      this.#readSteady() - startSteady < 2n * nanosecondsPerMillisecond
    ) {
      this.#read();
    }
    this.#read();
  }
}

/** The one of this process: what several targets' times are compared by. */
export const wallClock = new WallClock(
  () => process.hrtime.bigint(),
  () => Date.now(),
);
