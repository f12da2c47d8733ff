import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ClockEstimator, type ClockSample } from "../../src/session/clock-estimator.js";

const second = 1_000_000_000;

/** Two clocks as they might run: the host's is the time itself. */
interface Clocks {
  /** Of the target's clock to the host's when the host's is at 0. */
  readonly offset: bigint;
  readonly driftPpm: number;
  /** The drift swings by this much to each side. */
  readonly wanderPpm: number;
  readonly wanderPeriod: number;
}

const start = 1_750_000_000_000_000_000n;

/** What the target's clock says at a host's time, counted from the start. */
function targetAt({ offset, driftPpm, wanderPpm, wanderPeriod }: Clocks, time: number): bigint {
  const angle = (2 * Math.PI * time) / wanderPeriod;
  const swing = (wanderPeriod / (2 * Math.PI)) * Math.sin(angle);
  const gained = (driftPpm * time + wanderPpm * swing) / 1e6;
  return start + offset + BigInt(Math.round(time + gained));
}

interface Trip {
  readonly pause: number;
  readonly there: number;
  readonly back: number;
}

/** Round trips one after the other; gives the samples and when the last was over. */
function sampled(clocks: Clocks, trips: readonly Trip[], from = 0): [ClockSample[], number] {
  let time = from;
  const samples = trips.map(({ pause, there, back }) => {
    time += pause;
    const sent = time;
    time += there;
    const target = targetAt(clocks, time);
    time += back;
    return { sent: start + BigInt(sent), received: start + BigInt(time), target };
  });
  return [samples, time];
}

const nanoseconds = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most });
const clocksArbitrary = fc.record({
  offset: fc.bigInt({ min: -(2n ** 61n), max: 2n ** 61n }),
  driftPpm: fc.double({ min: -500, max: 500, noNaN: true }),
  wanderPpm: fc.double({ min: 0, max: 10, noNaN: true }),
  wanderPeriod: fc.integer({ min: 60 * second, max: 3600 * second }),
});
/** From a fast network to a slow line with its queues, the ways there and back each as long as they like. */
const wayArbitrary = fc.oneof(
  nanoseconds(200_000),
  nanoseconds(second / 10),
  nanoseconds(3 * second),
);
const tripArbitrary = fc.record({
  pause: fc.oneof(nanoseconds(second), nanoseconds(120 * second)),
  there: wayArbitrary,
  back: wayArbitrary,
});
const tripsArbitrary = fc.array(tripArbitrary, { minLength: 1, maxLength: 100 });

function estimatorOf(samples: readonly ClockSample[]): ClockEstimator {
  const estimator = new ClockEstimator();
  for (const sample of samples) estimator.add(sample);
  return estimator;
}

/** By how much the estimate for a host's time is wrong, and by how much it says that it may be. */
function errorAt(
  estimator: ClockEstimator,
  clocks: Clocks,
  time: number,
): { readonly error: bigint; readonly bound: bigint } {
  const target = targetAt(clocks, time);
  const { offset, bound } = estimator.offsetAt(target) ?? { offset: 0n, bound: -1n };
  const error = target + offset - (start + BigInt(time));
  return { error: error < 0n ? -error : error, bound };
}

describe("the estimate of a target's clock", () => {
  test("is never wrong by more than its bound, whatever the delays, before, between and after the samples", () => {
    fc.assert(
      fc.property(
        clocksArbitrary,
        tripsArbitrary,
        fc.array(fc.integer({ min: -60 * second, max: 4 * 3600 * second }), { minLength: 5 }),
        (clocks, trips, times) => {
          const [samples, end] = sampled(clocks, trips);
          const estimator = estimatorOf(samples);
          for (const time of [...times, 0, end, end + 120 * second]) {
            const { error, bound } = errorAt(estimator, clocks, time);
            expect(error).toBeLessThanOrEqual(bound + 1n);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("is as good as half the quickest round trip, right after it", () => {
    fc.assert(
      fc.property(clocksArbitrary, tripsArbitrary, (clocks, trips) => {
        const [samples, end] = sampled(clocks, [
          ...trips,
          { pause: 0, there: 90_000, back: 110_000 },
        ]);
        const { bound } = errorAt(estimatorOf(samples), clocks, end - 110_000);
        expect(bound).toBeLessThanOrEqual(100_002n);
      }),
    );
  });

  test("knows the drift within the bound that it gives", () => {
    fc.assert(
      fc.property(clocksArbitrary, tripsArbitrary, (clocks, trips) => {
        const { drift } = estimatorOf(sampled(clocks, trips)[0]);
        if (drift === undefined) return;
        const error = Math.abs(drift.ppm - clocks.driftPpm);
        expect(error).toBeLessThanOrEqual(drift.boundPpm + 1);
      }),
    );
  });

  test("learns the drift from some minutes on a network", () => {
    const clocks = { offset: 5n, driftPpm: -37, wanderPpm: 0, wanderPeriod: second };
    const trips = Array.from({ length: 20 }, (_, count) => ({
      pause: 30 * second,
      there: 150_000 + ((count * 7919) % 50_000),
      back: 300_000 - ((count * 104_729) % 90_000),
    }));
    const estimator = estimatorOf(sampled(clocks, trips)[0]);
    expect(estimator.drift?.boundPpm).toBeLessThan(25);
    expect(Math.abs((estimator.drift?.ppm ?? 0) + 37)).toBeLessThan(5);
  });

  test("is right again with the first sample after a clock was set", () => {
    fc.assert(
      fc.property(
        clocksArbitrary,
        tripsArbitrary,
        // More than the longest round trip and the drift of a longest pause together.
        fc.bigInt({ min: 10n * BigInt(second), max: 2n ** 60n }),
        fc.boolean(),
        (before, trips, step, isBack) => {
          const after = { ...before, offset: before.offset + (isBack ? -step : step) };
          const [samples, end] = sampled(before, trips);
          const trip = { pause: second, there: second / 10, back: second / 10 };
          const [later, last] = sampled(after, [trip], end);
          const { error, bound } = errorAt(estimatorOf([...samples, ...later]), after, last);
          expect(error).toBeLessThanOrEqual(bound + 1n);
          expect(bound).toBeLessThan(BigInt(second));
        },
      ),
    );
  });

  test("is nothing without a sample", () => {
    const estimator = new ClockEstimator();
    expect(estimator.offsetAt(0n)).toBeUndefined();
    expect(estimator.drift).toBeUndefined();
  });
});
