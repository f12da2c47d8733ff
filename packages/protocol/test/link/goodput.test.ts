import { describe, expect, test } from "@jest/globals";
import { type Fault } from "./simulated-line.js";
import { Simulation } from "./simulation.js";

const messageBytes = 300;

/** The share of a line's capacity that arrives as messages when the agent has always something to say. */
function goodput(options: {
  readonly baud: number;
  readonly seconds: number;
  readonly faults: readonly Fault[];
  readonly latencyMilliseconds?: number;
}): number {
  const simulation = new Simulation({
    seed: 7,
    baud: options.baud,
    latencyMilliseconds: options.latencyMilliseconds ?? 1,
    towardsHost: options.faults,
    towardsAgent: options.faults,
  });
  const { host, agent } = simulation;
  simulation.run(5000, () => agent.link.isOpen);
  const message = simulation.random.bytes(messageBytes);
  const begin = simulation.now;
  const refill = (): void => {
    while (agent.link.queuedBytes < 100 * messageBytes) agent.link.send(message, "stream");
  };
  refill();
  simulation.poll(agent);
  const end = begin + options.seconds * 1000;
  host.onArrival = () => {
    refill();
  };
  simulation.run(end);
  const arrived = host.arrivals.length * messageBytes;
  return arrived / ((options.baud / 10) * options.seconds);
}

/** Corruption, loss and duplication of so many bytes each. */
function damage(perByte: number): readonly Fault[] {
  return (["corrupt", "lose", "duplicate"] as const).map((kind) => ({
    kind,
    perByte,
    from: 0,
    to: Infinity,
  }));
}

const clean = goodput({ baud: 115_200, seconds: 30, faults: [] });

describe("what of a line's capacity arrives as messages", () => {
  test("a clean line of 115,200 baud carries messages with at least 95 % of its bytes", () => {
    expect(clean).toBeGreaterThan(0.95);
  });

  test("a line with a latency of 100 ms carries as much", () => {
    const far = goodput({ baud: 115_200, seconds: 30, faults: [], latencyMilliseconds: 100 });
    expect(far).toBeGreaterThan(0.94);
  });

  test.each([
    { baud: 9600, least: 0.76 },
    { baud: 1_000_000, least: 0.95 },
  ])("a clean line of $baud baud carries messages with $least of its bytes", ({ baud, least }) => {
    expect(goodput({ baud, seconds: 20, faults: [] })).toBeGreaterThan(least);
  });

  test("with 1 byte in 10,000 damaged, lost and doubled it is at least 85 % of the clean line's", () => {
    const share = goodput({ baud: 115_200, seconds: 60, faults: damage(1e-4) }) / clean;
    expect(share).toBeGreaterThan(0.85);
  });

  test("with 1 byte in 1,000 damaged, lost and doubled it is at least 65 % of the clean line's", () => {
    const share = goodput({ baud: 115_200, seconds: 60, faults: damage(1e-3) }) / clean;
    expect(share).toBeGreaterThan(0.65);
  });
});
