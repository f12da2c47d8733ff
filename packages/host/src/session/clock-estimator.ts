/** One round trip: when it began and ended by this machine's clock, and what the target's clock said in between. Nanoseconds. */
export interface ClockSample {
  readonly sent: bigint;
  readonly received: bigint;
  readonly target: bigint;
}

/** What has to be added to the target's clock to have this machine's, and by how much that can be wrong. Nanoseconds. */
export interface ClockOffset {
  readonly offset: bigint;
  readonly bound: bigint;
}

/** By how many millionths the target's clock is faster than ours, and by how much that can be wrong. */
export interface ClockDrift {
  readonly ppm: number;
  readonly boundPpm: number;
}

/** How clocks are believed to run. */
export interface ClockLimits {
  /** The rates of two clocks differ by this at most: quartzes by 100, and as much as kernels correct them, 500 each. */
  readonly mostDriftPpm: number;
  /** Between its extremes that difference changes by this at most, from warmth and correction. */
  readonly mostWanderPpm: number;
}

export const ordinaryClocks: ClockLimits = { mostDriftPpm: 1000, mostWanderPpm: 20 };

const million = 1e6;
/** Half an hour of a sample every 30 s. */
const windowSamples = 64;

/** A sample as the offsets that it allows, at a moment of the target's clock; all counted from the first sample. */
interface AllowedOffsets {
  readonly at: number;
  readonly least: number;
  readonly most: number;
}

interface Start {
  readonly target: bigint;
  readonly offset: bigint;
}

/**
 * How one clock stands to another, from round trips. Nothing is assumed of how a round trip's time divides into its ways: the
 * target's reading lay between sending and receiving, so each sample allows a range of offsets, as wide as it took. What all
 * of the last samples allow, at the rates that they allow, has the true offset in it; its middle is the estimate and its half
 * width the bound. So a slow round trip does no harm, and the quickest ones decide. Of samples that contradict each other (a
 * clock was set) the older are forgotten.
 */
export class ClockEstimator {
  readonly #limits: { readonly drift: number; readonly wander: number };
  #start: Start | undefined;
  #samples: readonly AllowedOffsets[] = [];
  /** Change of the offset in nanoseconds per nanosecond of the target's clock: what the samples allow. */
  #rate: { readonly least: number; readonly most: number };

  constructor({ mostDriftPpm, mostWanderPpm }: ClockLimits = ordinaryClocks) {
    this.#limits = { drift: mostDriftPpm / million, wander: mostWanderPpm / million };
    this.#rate = { least: -this.#limits.drift, most: this.#limits.drift };
  }

  /** Takes a sample, later than those before it. */
  add(sample: ClockSample): void {
    const { sent, received, target } = sample;
    this.#start ??= startAt(sample);
    const { offset } = this.#start;
    let samples = [
      ...this.#samples.slice(1 - windowSamples),
      {
        at: Number(target - this.#start.target),
        least: Number(sent - target - offset),
        most: Number(received - target - offset),
      },
    ];
    let rate = this.#allowedRate(samples);
    while (rate === undefined) {
      samples = samples.slice(1);
      rate = this.#allowedRate(samples);
    }
    if (samples.length === 1) {
      // Counted from here on: numbers of years have no nanoseconds.
      this.#start = startAt(sample);
      samples = [{ at: 0, least: 0, most: Number(received - sent) }];
    }
    this.#samples = samples;
    this.#rate = rate;
  }

  /** At a moment of the target's clock, before, between or after the samples. Undefined without any. */
  offsetAt(target: bigint): ClockOffset | undefined {
    if (this.#start === undefined) return undefined;
    const at = Number(target - this.#start.target);
    let least = -Infinity;
    let most = Infinity;
    for (const sample of this.#samples) {
      const distance = at - sample.at;
      const changes = [this.#rate.least * distance, this.#rate.most * distance];
      least = Math.max(least, sample.least + Math.min(...changes));
      most = Math.min(most, sample.most + Math.max(...changes));
    }
    const middle = Math.round((least + most) / 2);
    return {
      offset: this.#start.offset + BigInt(middle),
      // One for rounding.
      bound: BigInt(Math.ceil(Math.max(0, most - least) / 2) + 1),
    };
  }

  /** Undefined as long as nothing is known that was not believed before. */
  get drift(): ClockDrift | undefined {
    const { least, most } = this.#rate;
    if (most - least >= 2 * this.#limits.drift) return undefined;
    // An offset that shrinks means that the target is the faster.
    return { ppm: (-(least + most) / 2) * million, boundPpm: ((most - least) / 2) * million };
  }

  /** The rates that the pairs of samples allow; undefined when there is none that all of them do. */
  #allowedRate(samples: readonly AllowedOffsets[]): { least: number; most: number } | undefined {
    const { drift, wander } = this.#limits;
    // Of the middle between the extremes, from which each pair's mean rate is half the wander away at most.
    let least = -drift;
    let most = drift;
    for (const [index, later] of samples.entries()) {
      for (const earlier of samples.slice(0, index)) {
        const distance = later.at - earlier.at;
        if (distance <= 0) {
          if (later.least > earlier.most || later.most < earlier.least) return undefined;
          continue;
        }
        least = Math.max(least, (later.least - earlier.most) / distance - wander / 2);
        most = Math.min(most, (later.most - earlier.least) / distance + wander / 2);
      }
    }
    return least > most ? undefined : { least: least - wander / 2, most: most + wander / 2 };
  }
}

function startAt({ sent, target }: ClockSample): Start {
  return { target, offset: sent - target };
}
