import { expect, test } from "@jest/globals";
import { CpuBudget } from "../../../src/resources/cpu-budget.js";

test("a budget of a tenth has whoever spends it wait for nine times as long, in the long run", () => {
  let [now, spent, drained] = [0, 0, 0];
  const budget = new CpuBudget(
    0.1,
    () => now,
    () => spent,
  );
  while (now < 60_000) {
    const delay = budget.delayMilliseconds;
    now += delay;
    if (delay > 0) continue;
    // Each drain takes 5 ms.
    now += 5;
    spent += 5;
    drained++;
  }
  expect(drained * 5).toBeGreaterThan(5_900);
  expect(drained * 5).toBeLessThan(6_100);
});

test("a budget that is not spent holds nobody up, and does not grow for ever", () => {
  let [now, spent] = [0, 0];
  const budget = new CpuBudget(
    0.5,
    () => now,
    () => spent,
  );
  expect(budget.delayMilliseconds).toBe(0);
  now = 3_600_000;
  expect(budget.delayMilliseconds).toBe(0);
  // 20 ms are there, 30 were spent: the rest takes twice as long to earn.
  spent = 30;
  expect(budget.delayMilliseconds).toBe(20);
  now += 21;
  expect(budget.delayMilliseconds).toBe(0);
});
