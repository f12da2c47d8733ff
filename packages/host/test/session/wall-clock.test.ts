import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { WallClock } from "../../src/session/wall-clock.js";

/** A machine whose every reading of a clock takes a moment. */
class Machine {
  /** Nanoseconds since 1970. */
  time = 1_750_000_000_000_300_000n;
  /** While a machine sleeps, or when its clock is set, this stays. */
  steadyStart = 77n;
  readonly clock = new WallClock(
    () => {
      this.time += 40n;
      return this.time - this.steadyStart;
    },
    () => {
      this.time += 40n;
      return Number(this.time / 1_000_000n);
    },
  );
}

describe("the wall clock", () => {
  test("tells microseconds, from the first reading on", () => {
    const machine = new Machine();
    const now = machine.clock.now();
    expect(Math.abs(Number(now - machine.time))).toBeLessThan(1000);
  });

  test("stays as exact, however time passes", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 3_600_000_000_000n })), (pauses) => {
        const machine = new Machine();
        machine.clock.now();
        for (const pause of pauses) {
          machine.time += pause;
          const now = machine.clock.now();
          expect(Math.abs(Number(now - machine.time))).toBeLessThan(1000);
        }
      }),
    );
  });

  test("follows at once, within a millisecond, when it is set or the machine has slept", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), (step) => {
        const machine = new Machine();
        machine.clock.now();
        machine.time += step;
        machine.steadyStart += step;
        const now = machine.clock.now();
        expect(Math.abs(Number(now - machine.time))).toBeLessThanOrEqual(1_000_000);
      }),
    );
  });
});
