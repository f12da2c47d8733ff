import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { heldBy } from "../support/kernel-objects.js";
import { agentWords, type RunningCommand, startAgent, until } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { interrupt, runSonde, startAttached } from "../support/sonde.js";
import { runWorkload, Workload } from "../support/workload.js";

const tracing = requiresFeature("tracepoint", "raw_tracepoint", "ringbuf", "uprobe", "perf_event");

const folder = mkdtempSync(join(tmpdir(), "sonde-targets-"));
const agents: RunningCommand[] = [];
afterAll(() => {
  for (const agent of agents) agent.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

function writeKey(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, randomBytes(32).toString("hex"), { mode: 0o600 });
  return path;
}

const key = writeKey("key");
const otherKey = writeKey("other-key");
const socket = join(folder, "agent.sock");

/** Ways to this machine: as arguments of `sonde`. */
const ways = new Map<string, readonly string[]>([
  ["local:", ["-t", "local:"]],
  ["unix:", ["-t", `unix:${socket}`]],
  ["exec:", ["-t", `exec:${agentWords} --stdio`]],
]);
let webSocketTarget = "";

beforeAll(async () => {
  const listening = await startAgent("--listen", "ws://127.0.0.1:0", "--key-file", key);
  const onSocket = await startAgent("--unix", socket);
  agents.push(listening.agent, onSocket.agent);
  webSocketTarget = listening.target;
  ways.set("ws://", ["-t", webSocketTarget, "--key-file", key]);
});

const program = `
  BEGIN { printf("begin\\n"); }
  tracepoint:syscalls:sys_enter_openat /comm == "tgt-same"/ { printf("%s %s\\n", comm, str(args.filename)); }
  tracepoint:syscalls:sys_exit_read /comm == "tgt-same"/ { @sizes = hist(args.ret); @[comm, args.ret > 9] = count(); }
  uprobe:libc:umask /comm == "tgt-same"/ { printf("%s(%d)\\n", func, arg0); @masks[arg0] = count(); }
  tracepoint:syscalls:sys_enter_chdir /comm == "tgt-same"/ { print(@masks); clear(@masks); }
  interval:s:1 { @ticks = count(); }
  END { clear(@ticks); printf("end\\n"); }
`;
const perl = `
  open(my $zero, "<", "/dev/zero"); my $b;
  sysread($zero, $b, $_) for (1, 2, 3, 10, 100, 1000, 5000);
  umask($_) for (1, 1, 1, 7, 7, 8); chdir("/none");
  open(my $none, "<", "/none/$_") for 1..20;`;

describe("a trace of this machine", () => {
  for (const format of ["text", "json"]) {
    tracing(`is the same over every way, as ${format}`, async () => {
      const traces = await Promise.all(
        [...ways.values()].map(async (way) => {
          const sonde = await startAttached(["-f", format, ...way, "-e", program]);
          return { way: way[1], sonde };
        }),
      );
      await runWorkload("tgt-same", perl);
      const outcomes = await Promise.all(traces.map(({ sonde }) => interrupt(sonde)));
      const [first, ...others] = outcomes;
      expect(first?.output).toContain("tgt-same /none/20");
      expect(first?.output).toContain("umask(8)");
      expect(first?.output.match(/@masks/g)?.length).toBe(format === "text" ? 3 : 1);
      expect(others.map(({ output }) => output)).toEqual(others.map(() => first?.output));
      expect(outcomes.map(({ code }) => code)).toEqual([130, 130, 130, 130]);
    });
  }

  tracing("is sampled over every way", async () => {
    const busy = await Workload.start("tgt-busy", "1 while 1;");
    const traces = await Promise.all(
      [...ways.values()].map((way) =>
        startAttached([...way, "-e", "profile:hz:99 { @[comm] = count(); }"]),
      ),
    );
    busy.begin();
    await until(() => false, 700);
    const outcomes = await Promise.all(traces.map(interrupt));
    await busy.stop();
    for (const { output } of outcomes) {
      expect(Number(/^@\[tgt-busy\]: (\d+)$/m.exec(output)?.[1])).toBeGreaterThan(0);
    }
  });
});

describe("an agent with a key", () => {
  tracing("refuses hosts with another key, or none, and serves the others", async () => {
    const args = ["trace", "-t", webSocketTarget, "-e", 'BEGIN { printf("in\\n"); }'];
    const [other, none, right] = await Promise.all([
      runSonde([...args, "--key-file", otherKey]),
      runSonde(args),
      runSonde([...args, "--key-file", key]),
    ]);
    for (const refused of [other, none]) {
      expect(refused).toMatchObject({ code: 2, output: "" });
      expect(refused.errors).toMatch(/^sonde: .*key/);
    }
    expect(right).toMatchObject({ code: 0, output: "in\n\n\n" });
  });

  tracing("takes it from the environment, too", async () => {
    const env = { ...process.env, SONDE_TARGET: webSocketTarget, SONDE_KEY_FILE: key };
    const outcome = await runSonde(["trace", "-e", 'BEGIN { printf("in\\n"); }'], { env });
    expect(outcome).toMatchObject({ code: 0, output: "in\n\n\n" });
  });

  tracing("is not asked for it by a host that has none to check", async () => {
    const outcome = await runSonde([
      "trace",
      "-t",
      `unix:${socket}`,
      "--key-file",
      key,
      "-e",
      'BEGIN { printf("in\\n"); }',
    ]);
    expect(outcome.code).toBe(2);
    expect(outcome.errors).toMatch(/key/);
  });
});

describe("an agent that serves several hosts", () => {
  tracing("goes on serving one while others come, go and fail", async () => {
    const way = ways.get("unix:") ?? [];
    const calls =
      'tracepoint:syscalls:sys_enter_umask /comm == "tgt-many"/ { printf("%d\\n", args.mask); @ = count(); }';
    const first = await startAttached([...way, "-e", calls]);
    const second = await startAttached([...way, "-e", calls]);
    await runWorkload("tgt-many", "umask(1);");
    second.kill("SIGKILL");
    const [wrong, killed, whole] = await Promise.all([
      runSonde(["trace", ...way, "-e", "tracepoint:no:such { }"]),
      second.ended,
      runSonde(["trace", ...way, "-e", "interval:ms:20 { @n++; if (@n == 3) { exit(7); } }"]),
    ]);
    expect([wrong.code, killed, whole.code]).toEqual([1, "SIGKILL", 7]);
    await runWorkload("tgt-many", "umask(2); umask(3);");
    const { code, output } = await interrupt(first);
    expect({ code, output }).toEqual({ code: 130, output: "1\n2\n3\n\n\n@: 3\n" });
  });

  tracing("holds nothing once all have gone", async () => {
    for (const agent of agents) {
      expect(await until(() => heldBy(agent.pid).size === 0, 5000)).toBe(true);
      agent.kill("SIGTERM");
      expect(await agent.ended).toBe(0);
    }
    expect(existsSync(socket)).toBe(false);
  });
});
