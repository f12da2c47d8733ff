import { RemoteError, type TargetClocks } from "@sonde/protocol";
import { ClockEstimator, type ClockDrift, type ClockOffset } from "./clock-estimator.js";

/** How the target's wall clock stands to this machine's. */
export interface ClockReport {
  /** How far it is ahead, at its last reading; negative when it is behind. */
  readonly aheadNanoseconds: bigint;
  /** By how much that can be wrong. */
  readonly boundNanoseconds: bigint;
  /** How much faster its clock runs, once that is known. */
  readonly drift: ClockDrift | undefined;
}

export interface TargetClockOptions {
  /** Asks the target; rejects with RemoteError when its agent cannot be asked, ConnectionClosedError when the session is over. */
  readonly read: () => Promise<TargetClocks>;
  /** This machine's wall clock. */
  readonly now: () => bigint;
  /** Between two readings, once some have been made. */
  readonly seldomMilliseconds: number;
}

/** The first pause is so much shorter than the later ones; each is twice as long as the one before. */
const firstPausePart = 1 / 600;
const measuringReadings = 8;

/** A target's clocks and how they stand to this machine's: read a few times at first, and then seldom. */
export class TargetClock {
  readonly #options: TargetClockOptions;
  readonly #estimator: ClockEstimator;
  #last: TargetClocks;
  #timer: NodeJS.Timeout | undefined;
  #isWatching = false;

  private constructor(options: TargetClockOptions, estimator: ClockEstimator, last: TargetClocks) {
    this.#options = options;
    this.#estimator = estimator;
    this.#last = last;
  }

  /** From a first reading between two times of this machine's clock. */
  static ofTarget(
    options: TargetClockOptions,
    clocks: TargetClocks,
    { sent, received }: { readonly sent: bigint; readonly received: bigint },
  ): TargetClock {
    const clock = new TargetClock(options, new ClockEstimator(), clocks);
    clock.#add(clocks, sent, received);
    return clock;
  }

  /** Of this machine: its wall clock is the target's, and there is nothing to ask. */
  static ofThisMachine(clocks: TargetClocks): TargetClock {
    const estimator = new ClockEstimator({ mostDriftPpm: 0, mostWanderPpm: 0 });
    const options = {
      read: () => Promise.resolve(clocks),
      now: () => clocks.realtime,
      seldomMilliseconds: Infinity,
    };
    const clock = new TargetClock(options, estimator, clocks);
    clock.#add(clocks, clocks.realtime, clocks.realtime);
    return clock;
  }

  /** Reads the clock from now on, in the background, until `stop`. Idempotent. */
  watch(): void {
    if (this.#isWatching || this.#options.seldomMilliseconds === Infinity) return;
    this.#isWatching = true;
    void this.#readAgain(this.#options.seldomMilliseconds * firstPausePart);
  }

  stop(): void {
    this.#isWatching = false;
    clearTimeout(this.#timer);
  }

  /** Reads the clock a few times now. Rejects with ConnectionClosedError. */
  async measure(): Promise<ClockReport> {
    for (let count = 0; count < measuringReadings; count++) {
      if (!(await this.#read())) break;
    }
    return this.report;
  }

  get report(): ClockReport {
    const { boottime, realtime } = this.#last;
    const { offset, bound } = this.#offsetAt(boottime);
    return {
      aheadNanoseconds: realtime - boottime - offset,
      boundNanoseconds: bound,
      drift: this.#estimator.drift,
    };
  }

  /** What makes this machine's wall clock, at the moment of the last reading, out of the target's clocks. */
  get hostMinusBoottime(): bigint {
    return this.#offsetAt(this.#last.boottime).offset;
  }

  get hostMinusMonotonic(): bigint {
    return this.hostMinusBoottime + this.#last.boottime - this.#last.monotonic;
  }

  /** This machine's wall clock when a clock of the target stood there, in nanoseconds since 1970. */
  toHostTime(nanoseconds: bigint, clock: "boottime" | "monotonic"): bigint {
    const suspended = clock === "boottime" ? 0n : this.#last.boottime - this.#last.monotonic;
    const boottime = nanoseconds + suspended;
    return boottime + this.#offsetAt(boottime).offset;
  }

  /** There is always a sample: the one of the beginning. */
  #offsetAt(boottime: bigint): ClockOffset {
    return this.#estimator.offsetAt(boottime) ?? { offset: 0n, bound: 0n };
  }

  #add(clocks: TargetClocks, sent: bigint, received: bigint): void {
    this.#last = clocks;
    this.#estimator.add({ sent, received, target: clocks.boottime });
  }

  /** False when the agent cannot be asked: it is an older one. */
  async #read(): Promise<boolean> {
    const sent = this.#options.now();
    try {
      const clocks = await this.#options.read();
      this.#add(clocks, sent, this.#options.now());
      return true;
    } catch (error) {
      if (error instanceof RemoteError) return false;
      throw error;
    }
  }

  async #readAgain(pauseMilliseconds: number): Promise<void> {
    try {
      if (!(await this.#read())) return;
    } catch {
      // The session is over, and whoever uses it is told.
      return;
    }
    // Stopped meanwhile.
    if (!this.#isWatching) return;
    const pause = Math.min(pauseMilliseconds, this.#options.seldomMilliseconds);
    this.#timer = setTimeout(() => {
      void this.#readAgain(pause * 2);
    }, pause);
    this.#timer.unref();
  }
}
