import { expect, test } from "@jest/globals";
import { formatCost } from "../../src/cli/format-cost.js";

test("what tracing has cost is told in nanoseconds and in parts of a processor", () => {
  const runs = { count: 2_000_000n, nanoseconds: 500_000_000n };
  expect(formatCost({ runs, agentSeconds: 0.1, seconds: 10 })).toBe(
    "cost: programs ran 2000000 times, 250 ns each, 5.0 % of a processor; the agent took 1.0 % of one\n",
  );
});

test("programs that never ran have no time of each", () => {
  const runs = { count: 0n, nanoseconds: 0n };
  expect(formatCost({ runs, agentSeconds: 0, seconds: 2 })).toBe(
    "cost: programs ran 0 times, 0.0 % of a processor; the agent took 0.0 % of one\n",
  );
});

test("an old kernel's programs are not guessed at", () => {
  expect(formatCost({ runs: undefined, agentSeconds: 1, seconds: 4 })).toBe(
    "cost: how long programs ran, this kernel does not tell (Linux does since 5.8); the agent took 25 % of one processor\n",
  );
});
