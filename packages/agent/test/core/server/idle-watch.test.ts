import { describe, expect, test } from "@jest/globals";
import { IdleWatch } from "../../../src/server/idle-watch.js";

/** Time that passes when a test says so. */
class FakeClock {
  #time = 0;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  now(): number {
    return this.#time;
  }

  after(milliseconds: number, callback: () => void): { cancel(): void } {
    const timer = { at: this.#time + milliseconds, callback };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  pass(milliseconds: number): void {
    const end = this.#time + milliseconds;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#time = next.at;
      next.callback();
    }
    this.#time = end;
  }
}

function watch(clock: FakeClock, isBusy: () => boolean): { watch: IdleWatch; calls: number[] } {
  const calls: number[] = [];
  const options = { system: clock, idleSeconds: 60, isBusy, onIdle: () => calls.push(clock.now()) };
  return { watch: new IdleWatch(options), calls };
}

describe("watching for idleness", () => {
  test("calls back once, after a minute in which nothing began", () => {
    const clock = new FakeClock();
    const { calls } = watch(clock, () => false);
    clock.pass(59_999);
    expect(calls).toEqual([]);
    clock.pass(600_000);
    expect(calls).toEqual([60_000]);
  });

  test("begins anew when something was going on", () => {
    const clock = new FakeClock();
    let isBusy = true;
    const { calls } = watch(clock, () => isBusy);
    clock.pass(3_600_000);
    isBusy = false;
    clock.pass(59_999);
    expect(calls).toEqual([]);
    clock.pass(15_001);
    expect(calls).toHaveLength(1);
  });

  test("calls back no more once stopped", () => {
    const clock = new FakeClock();
    const { watch: idle, calls } = watch(clock, () => false);
    idle.stop();
    clock.pass(600_000);
    expect(calls).toEqual([]);
  });
});
