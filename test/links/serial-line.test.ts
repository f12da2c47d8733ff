import process from "node:process";
import { describe, expect, test } from "@jest/globals";
import { startAgentOnLine } from "../support/agent-on-line.js";
import { type LineFaults } from "../support/line.js";
import { until } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { interrupt, runSonde, startAttached, startSonde } from "../support/sonde.js";
import { runWorkload, Workload } from "../support/workload.js";

const tracing = requiresFeature("tracepoint", "raw_tracepoint", "ringbuf", "program_run");

const faults: LineFaults = {
  corrupt: 1e-4,
  lose: 1e-4,
  textMilliseconds: 1000,
  stall: { everyMilliseconds: 6000, forMilliseconds: 500 },
};

/** Prints a number for each file that processes of this name open. */
const numberOpens = (comm: string): string =>
  `tracepoint:syscalls:sys_enter_openat /comm == "${comm}"/ { printf("open %d %s\\n", @n, str(args->filename)); @n++; }`;

const openMany = (times: number, seconds: number): string =>
  `for (1 .. ${times}) { open(my $f, "<", "/etc/passwd"); close($f); select(undef, undef, undef, ${seconds}); }`;

describe("over a serial line of 115,200 baud", () => {
  tracing("the first event comes soon, and hundreds a second after it", async () => {
    const { target, line } = await startAgentOnLine({ baud: 115_200 });
    // What the kernel can do is asked once for each boot.
    await runSonde(["trace", "-t", target, "-e", "BEGIN { exit(); }"], {
      limitMilliseconds: 30_000,
    });
    const workload = await Workload.start("serialopens", openMany(100_000, 0.001));
    workload.begin();
    const begin = performance.now();
    const sonde = startSonde(["trace", "-t", target, "-e", numberOpens("serialopens")]);
    await sonde.prints(/open 0 /);
    const firstMilliseconds = performance.now() - begin;
    const countLines = (): number => sonde.output.split("\n").length;
    const [events, bytes, since] = [countLines(), line.towardsHost.carriedBytes, performance.now()];
    await new Promise((resolve) => setTimeout(resolve, 4000));
    const seconds = (performance.now() - since) / 1000;
    const moreEvents = countLines() - events;
    const moreBytes = line.towardsHost.carriedBytes - bytes;
    process.stdout.write(
      `links: first event after ${Math.round(firstMilliseconds)} ms, ` +
        `${Math.round(moreEvents / seconds)} events/s, ${Math.round(moreBytes / moreEvents)} bytes an event\n`,
    );
    await workload.stop();
    await interrupt(sonde);
    expect(firstMilliseconds).toBeLessThan(8000);
    expect(moreEvents / seconds).toBeGreaterThan(100);
  });

  tracing("each event comes once, in order, however the line is", async () => {
    const { target } = await startAgentOnLine({
      baud: 115_200,
      seed: 5,
      towardsHost: faults,
      towardsDevice: faults,
    });
    const sonde = await startAttached(["-t", target, "-e", numberOpens("faultyopens")]);
    await runWorkload("faultyopens", openMany(500, 0.01));
    await until(() => sonde.output.includes("open 499 ") || sonde.hasEnded, 20_000);
    const { code, output, errors } = await interrupt(sonde);
    const numbers = [...output.matchAll(/^open (\d+) /gm)].map((match) => Number(match[1]));
    expect(numbers).toEqual(Array.from({ length: 500 }, (_, index) => index));
    expect(errors).not.toContain("lost");
    expect(code).toBe(130);
  });

  test("a line on which no agent answers is told as such", async () => {
    const { target, agent } = await startAgentOnLine({ baud: 115_200 });
    const first = await runSonde(["info", "-t", target], { limitMilliseconds: 30_000 });
    expect(first.code).toBe(0);
    agent.kill("SIGKILL");
    await agent.ended;
    const gone = await runSonde(["info", "-t", target], { limitMilliseconds: 30_000 });
    expect(gone.errors).toContain("no agent answered over the line");
    expect(gone.code).toBe(2);
  });
});
