import { type TraceCost } from "../trace/cost-meter.js";

/** "cost: programs ran 1204 times, 185 ns each, 0.002 % of a processor; the agent took 0.4 % of one\n": --verbose. */
export function formatCost({ runs, agentSeconds, seconds }: TraceCost): string {
  const share = (spent: number): string =>
    `${((100 * spent) / Math.max(seconds, Number.MIN_VALUE)).toPrecision(2)} %`;
  const agent = `the agent took ${share(agentSeconds)} of one`;
  if (runs === undefined) {
    return `cost: how long programs ran, this kernel does not tell (Linux does since 5.8); ${agent} processor\n`;
  }
  const { count, nanoseconds } = runs;
  const each = count === 0n ? "" : `, ${nanoseconds / count} ns each`;
  const programs = `programs ran ${count} times${each}, ${share(Number(nanoseconds) / 1e9)} of a processor`;
  return `cost: ${programs}; ${agent}\n`;
}
