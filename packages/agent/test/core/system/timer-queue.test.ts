import { describe, expect, test } from "@jest/globals";
import { TimerQueue } from "../../../src/system/micro/timer-queue.js";

describe("a queue of timers", () => {
  test("calls what is due, in the order of its times, once", () => {
    const queue = new TimerQueue();
    const called: string[] = [];
    for (const [time, name] of [
      [30, "c"],
      [10, "a"],
      [20, "b"],
      [10, "a2"],
    ] as const) {
      queue.add(time, () => called.push(name));
    }
    expect(queue.nextDueAt).toBe(10);
    queue.run(9);
    expect(called).toEqual([]);
    queue.run(20);
    queue.run(20);
    expect(called).toEqual(["a", "a2", "b"]);
    expect(queue.nextDueAt).toBe(30);
    queue.run(1000);
    expect(called).toEqual(["a", "a2", "b", "c"]);
    expect(queue.nextDueAt).toBeUndefined();
  });

  test("does not call what has been cancelled, also by another that is due with it", () => {
    const queue = new TimerQueue();
    const called: string[] = [];
    const late = queue.add(2, () => called.push("late"));
    queue.add(1, () => {
      late.cancel();
    });
    queue.add(3, () => called.push("never")).cancel();
    queue.run(5);
    late.cancel();
    expect(called).toEqual([]);
    expect(queue.nextDueAt).toBeUndefined();
  });

  test("leaves to the next time what is added meanwhile", () => {
    const queue = new TimerQueue();
    let count = 0;
    const again = (): void => {
      count += 1;
      queue.add(0, again);
    };
    again();
    queue.run(1);
    expect(count).toBe(2);
    expect(queue.nextDueAt).toBe(0);
  });
});
