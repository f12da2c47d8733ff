import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { attackUntil, seed } from "../support/hostile-host.js";
import { visit } from "../support/open-peer.js";
import { type RunningCommand, RunningProgram } from "../support/processes.js";

const frameCount = 1_000_000;
const warmUpCount = 50_000;
const leastConnections = 1000;
/** Of a session whose link was lost while it answered; and some. */
const leaseMilliseconds = 2000;
const heapGrowthLimitBytes = 1_000_000;
/** V8's own heap grows and shrinks by a few megabytes; a leak of 20 bytes a frame would show. */
const residentGrowthLimitBytes = 20_000_000;
/** About a minute of work, but on a machine that may be busy. */
const timeoutMilliseconds = 600_000;

describe(`an agent under a million hostile frames (SONDE_FUZZ_SEED=${seed})`, () => {
  let agent: RunningCommand;
  let port = 0;

  beforeAll(async () => {
    const script = new URL("../../packages/agent/dist/sonde-agent.cjs", import.meta.url).pathname;
    const preload = new URL("../support/memory-report.cjs", import.meta.url).pathname;
    agent = new RunningProgram(script, ["--listen", "ws://127.0.0.1:0", "--lease", "1"], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      nodeOptions: ["--expose-gc", "-r", preload],
    });
    port = Number((await agent.says(/^listening on ws:\/\/127\.0\.0\.1:(\d+)$/m))[1]);
  });
  afterAll(() => {
    agent.kill("SIGKILL");
  });

  interface Memory {
    readonly heapUsed: number;
    readonly external: number;
    readonly rss: number;
  }

  async function measure(): Promise<Memory> {
    const answer = once(agent.child, "message");
    agent.child.send("measure");
    return ((await answer) as [Memory])[0];
  }

  test(
    "it serves on, and its memory has not grown",
    async () => {
      const steady = await visit(port);
      await attackUntil(port, warmUpCount);
      await delay(leaseMilliseconds);
      const before = await measure();
      const { frames, connections } = await attackUntil(port, frameCount);
      await delay(leaseMilliseconds);
      const after = await measure();

      expect(frames).toBeGreaterThanOrEqual(frameCount);
      expect(connections).toBeGreaterThan(leastConnections);
      // One host was there all along, one comes now.
      for (const { peer } of [steady, await visit(port)]) {
        const { release } = await peer.call("target.describe", {});
        expect(release).not.toBe("");
        peer.close("done");
      }
      expect(agent.hasEnded).toBe(false);
      expect(agent.errors.split("\n").filter((line) => /internal|Error/.test(line))).toEqual([]);

      const heapGrowth = after.heapUsed + after.external - before.heapUsed - before.external;
      expect(heapGrowth).toBeLessThan(heapGrowthLimitBytes);
      expect(after.rss - before.rss).toBeLessThan(residentGrowthLimitBytes);
    },
    timeoutMilliseconds,
  );
});
