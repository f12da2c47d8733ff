import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect } from "@jest/globals";
import { connect } from "../../packages/host/src/index.js";
import { startAgentWithClock } from "../support/agent-with-clock.js";
import { until } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { runSonde } from "../support/sonde.js";

const tracing = requiresFeature("raw_tracepoint", "ringbuf", "program_run");

const folder = mkdtempSync(join(tmpdir(), "sonde-clock-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const year = 365n * 24n * 3600n;
const program = 'BEGIN { printf("%s\\n", strftime("%Y", nsecs)); time("%Y\\n"); exit(); }';
const thisYear = new Date().getFullYear();

async function yearsOf(target: string, ...args: string[]): Promise<string[]> {
  const outcome = await runSonde(["trace", "-t", target, ...args, "-e", program]);
  expect(outcome.code).toBe(0);
  return [...outcome.output.trim().split("\n"), outcome.errors.replace("Attached 1 probe\n", "")];
}

describe("times of a board whose clock stands years ago", () => {
  tracing("are the laptop's, which is said once", async () => {
    const target = await startAgentWithClock(-40n * year);
    expect(await yearsOf(target)).toEqual([
      String(thisYear),
      String(thisYear),
      expect.stringMatching(
        /^sonde: warning: the target's clock is 40 years behind this machine's \(± [\d.]+ [µm]?s\): .*--clock target.*\n$/,
      ),
    ]);
  });

  tracing("are the board's when that is asked for", async () => {
    const target = await startAgentWithClock(-40n * year);
    const then = [expect.stringMatching(`${thisYear - 40}|${thisYear - 39}`)];
    expect(await yearsOf(target, "--clock", "target")).toEqual([...then, ...then, ""]);
  });

  tracing("are the laptop's without a word when that is asked for", async () => {
    const target = await startAgentWithClock(-40n * year);
    const now = String(thisYear);
    expect(await yearsOf(target, "--clock", "host")).toEqual([now, now, ""]);
  });

  tracing("are replayed as they were printed", async () => {
    const target = await startAgentWithClock(-40n * year);
    const file = join(folder, "years.sonde");
    const [years, time] = await yearsOf(target, "--record", file);
    expect(years).toBe(String(thisYear));
    const { output } = await runSonde(["replay", file]);
    expect(output.trim().split("\n")).toEqual([years, time]);
  });
});

describe("a board whose clock is right", () => {
  tracing("keeps it, and says nothing", async () => {
    const target = await startAgentWithClock(0n);
    const now = String(thisYear);
    expect(await yearsOf(target)).toEqual([now, now, ""]);
  });
});

describe("sonde info", () => {
  tracing("tells how a target's clock stands to this machine's", async () => {
    const target = await startAgentWithClock(90n);
    const { output } = await runSonde(["info", "-t", target]);
    expect(output).toMatch(/^clock {6}90 s ahead of this machine's \(± [\d.]+ [µm]s\)$/m);
    const { output: json } = await runSonde(["info", "-t", target, "--json"]);
    const { clockDifference } = JSON.parse(json) as {
      clockDifference: { aheadNanoseconds: string; boundNanoseconds: string };
    };
    const { aheadNanoseconds, boundNanoseconds } = clockDifference;
    const error = Math.abs(Number(aheadNanoseconds) - 90e9);
    // The clock's own reading takes a moment.
    expect(error).toBeLessThan(Number(boundNanoseconds) + 1e6);
  });

  tracing("tells that this machine's clock is its own", async () => {
    const { output } = await runSonde(["info"]);
    expect(output).toMatch(/^clock {6}this machine's$/m);
  });
});

describe("a target's nsecs", () => {
  for (const way of ["local:", "ws://"]) {
    tracing(`can be had as this machine's time, over ${way}`, async () => {
      const address = way === "local:" ? way : await startAgentWithClock(-40n * year);
      const target = await connect(address);
      try {
        const compiled = await target.compile('BEGIN { printf("%llu", nsecs); }');
        const before = BigInt(Date.now()) * 1_000_000n;
        const trace = await target.start(compiled);
        const times: bigint[] = [];
        for await (const event of trace.events()) {
          const value = event.kind === "printf" ? event.args[0] : undefined;
          if (value?.kind === "integer") times.push(target.toHostTime(value.value));
        }
        const after = BigInt(Date.now() + 1) * 1_000_000n;
        const slack = target.clock.boundNanoseconds + 5_000_000n;
        expect(times).toHaveLength(1);
        expect(times[0]).toBeGreaterThan(before - slack);
        expect(times[0]).toBeLessThan(after + slack);
      } finally {
        await target.close();
      }
    });
  }

  tracing("become more exact while a trace runs", async () => {
    const target = await connect(await startAgentWithClock(0n));
    try {
      const { boundNanoseconds } = target.clock;
      const compiled = await target.compile("BEGIN { } interval:s:1 { }");
      const trace = await target.start(compiled);
      const isBetter = await until(() => target.clock.boundNanoseconds < boundNanoseconds, 10_000);
      await trace.stop();
      expect(isBetter).toBe(true);
    } finally {
      await target.close();
    }
  });
});
