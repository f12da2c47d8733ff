import process from "node:process";
import { describe, expect } from "@jest/globals";
import { startAgentOnLine } from "../support/agent-on-line.js";
import { type LineFaults } from "../support/line.js";
import { loadLine } from "../support/line-load.js";
import { requiresCommand } from "../support/requires.js";

const tracing = requiresCommand(
  "socat",
  "socat",
  "tracepoint",
  "raw_tracepoint",
  "ringbuf",
  "program_run",
);

/** `npm run bench -- lines` measures for longer. */
const seconds = 6;
const baud = 115_200;

const faultsOf = (chance: number): LineFaults => ({
  corrupt: chance,
  lose: chance,
  textMilliseconds: 1000,
  stall: { everyMilliseconds: 6000, forMilliseconds: 1500 },
});

describe("a line that is kept busy", () => {
  let cleanPerSecond = 0;

  tracing("delivers each event once, or counts it", async () => {
    const { target, line } = await startAgentOnLine({ baud });
    const load = await loadLine(target, line, seconds);
    cleanPerSecond = load.perSecond;
    expect(load).toMatchObject({ misplaced: 0, exitCode: 130 });
    expect(load.lost).toBeGreaterThan(0);
    expect(load.delivered + load.lost).toBe(load.made);
  });

  // Of the clean line's: about 90 and 70 % where nothing else runs, which is the benchmark's to show.
  for (const { chance, goodput } of [
    { chance: 1e-4, goodput: 0.4 },
    { chance: 1e-3, goodput: 0.25 },
  ]) {
    tracing(`does so when it damages and loses one byte in ${1 / chance}`, async () => {
      const faults = faultsOf(chance);
      const { target, line } = await startAgentOnLine({
        ...{ baud, seed: 7, towardsHost: faults, towardsDevice: faults },
      });
      const load = await loadLine(target, line, seconds);
      const share = load.perSecond / cleanPerSecond;
      process.stdout.write(
        `links: ${Math.round(load.perSecond)} events/s with faults of ${chance}, ${Math.round(share * 100)} % of the clean line's\n`,
      );
      expect(load).toMatchObject({ misplaced: 0, exitCode: 130 });
      expect(load.delivered + load.lost).toBe(load.made);
      expect(share).toBeGreaterThan(goodput);
    });
  }
});
