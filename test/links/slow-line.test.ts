import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, expect } from "@jest/globals";
import { type AgentOnLine, startAgentOnLine } from "../support/agent-on-line.js";
import { compile } from "../support/c-program.js";
import { knownMixSource } from "../support/known-mix.js";
import { RunningCommand } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { type Outcome, runSonde } from "../support/sonde.js";

const tracing = requiresFeature("tracepoint", "raw_tracepoint", "ringbuf", "program_run", "btf");

let cache = "";
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "sonde-cache-"));
});
afterEach(() => {
  rmSync(cache, { recursive: true });
});

/** Runs sonde over the line, and gives what the line carried towards the host. */
async function runOver(
  { line, target }: AgentOnLine,
  args: readonly string[],
): Promise<Outcome & { readonly carriedBytes: number }> {
  const before = line.towardsHost.carriedBytes;
  const outcome = await runSonde([...args, "-t", target], {
    env: { ...process.env, SONDE_CACHE: cache },
    limitMilliseconds: 40_000,
  });
  return { ...outcome, carriedBytes: line.towardsHost.carriedBytes - before };
}

const programs: readonly (readonly [what: string, program: string])[] = [
  ["a member of the task's parent", "BEGIN { @parent = ppid; exit(); }"],
  [
    "parameters of raw tracepoints",
    `rawtracepoint:sched_process_exit { @exits[args.p] = count(); }
     rawtracepoint:sched_process_exec { @execs[args.old_pid] = count(); }
     interval:ms:50 { exit(); }`,
  ],
];

tracing(
  "programs get the types they need in few bytes over a slow line, and the next time in none",
  async () => {
    const agent = await startAgentOnLine({ baud: 115_200 });
    const nothing = ["trace", "-e", "BEGIN { exit(); }"];
    const first = await runOver(agent, nothing);
    const { carriedBytes: usual } = await runOver(agent, nothing);
    process.stdout.write(`slow line: ${first.carriedBytes} bytes to begin with, then ${usual}\n`);
    for (const [what, program] of programs) {
      const cold = await runOver(agent, ["trace", "-e", program]);
      const warm = await runOver(agent, ["trace", "-e", program]);
      process.stdout.write(
        `slow line: ${what}: ${cold.carriedBytes} bytes, then ${warm.carriedBytes}\n`,
      );
      expect([cold.errors, warm.errors]).toEqual([
        expect.stringContaining("Attached"),
        expect.stringContaining("Attached"),
      ]);
      expect(cold.carriedBytes).toBeLessThan(16_384);
      expect(warm.carriedBytes).toBeLessThan(cold.carriedBytes);
    }
    expect(readdirSync(join(cache, "btf-answers"))).toHaveLength(1);
    expect(readdirSync(cache)).not.toContain("btf");
  },
  120_000,
);

tracing("kernel addresses become symbols in few bytes over a slow line", async () => {
  const agent = await startAgentOnLine({ baud: 115_200 });
  const program = `
    tracepoint:timer:timer_start { @started[ksym(args.function)] = count(); }
    tracepoint:timer:hrtimer_start { @n++; if (@n == 1) { printf("first %s\\n", ksym(args.function)); } }
    interval:ms:300 { exit(); }`;
  const traced = await runOver(agent, ["trace", "-e", program]);
  process.stdout.write(`slow line: kernel symbols: ${traced.carriedBytes} bytes\n`);
  expect(traced.output).toMatch(/^first [a-z_]\w+/m);
  expect(traced.output).toMatch(/^@started\[[a-z_]\w+\]: \d+$/m);
  expect(traced.output).not.toMatch(/0x[0-9a-f]{8}/);
  expect(traced.carriedBytes).toBeLessThan(16_384);
});

const sampling = requiresFeature("perf_event", "get_stack", "ringbuf", "program_run", "btf");

sampling(
  "stacks of a program become names in less than 64 kB over a slow line",
  async () => {
    const mix = new RunningCommand(compile("known-mix", knownMixSource), []);
    await mix.prints(/^ready$/m);
    try {
      const agent = await startAgentOnLine({ baud: 115_200 });
      const args = ["profile", "-v", "-p", String(mix.pid), "-F", "199", "2"];
      const profile = await runOver(agent, args);
      const [, told = "none"] = /^symbols: (.*)$/m.exec(profile.errors) ?? [];
      process.stdout.write(`slow line: a profile: ${profile.carriedBytes} bytes; ${told}\n`);
      expect(profile.output).toMatch(/^ {4}f\n {4}main\n/m);
      expect(profile.output).toMatch(/^ {4}(vfs_read|ksys_read)$/m);
      expect(profile.carriedBytes).toBeLessThan(65_536);
    } finally {
      mix.kill("SIGKILL");
    }
  },
  120_000,
);
