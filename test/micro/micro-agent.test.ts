import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { version } from "../../packages/agent/src/program/version.js";
import { buildMicroAgent, microAgentPath } from "../support/micro-agent.js";
import { visit } from "../support/open-peer.js";
import { residentBytesOf, RunningCommand } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { endOf, type Outcome, runSonde } from "../support/sonde.js";

const buildMilliseconds = 400_000;
const folder = mkdtempSync(join(tmpdir(), "sonde-micro-"));
const running: RunningCommand[] = [];

beforeAll(buildMicroAgent, buildMilliseconds);
afterEach(() => {
  for (const agent of running.splice(0)) agent.kill("SIGKILL");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function start(...args: readonly string[]): RunningCommand {
  const agent = new RunningCommand(microAgentPath, args);
  running.push(agent);
  return agent;
}

async function run(...args: readonly string[]): Promise<Outcome> {
  return await endOf(start(...args));
}

async function listen(
  ...args: readonly string[]
): Promise<{ agent: RunningCommand; target: string }> {
  const agent = start(...args);
  const [, target = ""] = await agent.says(/^listening on (\S+)$/m);
  return { agent, target };
}

describe("the micro agent's program", () => {
  test("is one static file that asks for no library and no interpreter", () => {
    const headers = execFileSync("readelf", ["--program-headers", "--dynamic", microAgentPath]);
    expect(headers.toString()).toContain("no dynamic section");
    expect(headers.toString()).not.toContain("INTERP");
  });

  test(
    "comes out the same, byte for byte, when all of it is built again elsewhere",
    async () => {
      await buildMicroAgent(["--output", folder], { XDG_CACHE_HOME: join(folder, "cache") });
      const again = readFileSync(join(folder, `sonde-agent-${process.arch}`));
      expect(again.equals(readFileSync(microAgentPath))).toBe(true);
    },
    buildMilliseconds,
  );
});

describe("sonde agent build", () => {
  test(
    "builds it for this machine's processor, and says how large it is",
    async () => {
      const { code, output } = await runSonde(["agent", "build"]);
      expect(output).toMatch(/^ +\d+\.\d kB +\S+\/sonde-agent-\w+\n$/);
      expect(code).toBe(0);
    },
    buildMilliseconds,
  );

  test("knows the processors that there are", async () => {
    const { code, errors } = await runSonde(["agent", "build", "arm64", "pdp11"]);
    expect(errors).toMatch(/^build:micro: --arch pdp11: expected some of x64,/);
    expect(code).toBe(1);
  });
});

describe("the micro agent's command line", () => {
  test("prints version, help and a new key", async () => {
    expect(await run("--version")).toEqual({
      code: 0,
      output: `sonde-agent ${version}\n`,
      errors: "",
    });
    expect((await run("--help")).output).toContain("sonde-agent --listen ws://127.0.0.1:4650");
    expect((await run("key")).output).toMatch(/^[0-9a-f]{64}\n$/);
  });

  test.each([
    { args: ["--frobnicate"], code: 1, said: "sonde-agent: unknown option '--frobnicate'" },
    { args: ["--stdio", "--key-file", "/none"], code: 1, said: "read key file /none: ENOENT" },
    { args: ["--listen", "ws://192.0.2.1"], code: 2, said: "without a key, other machines" },
    {
      args: ["--listen", "wss://127.0.0.1", "--tls-cert", "c", "--tls-key", "k"],
      code: 2,
      said: "TLS is not in the micro agent, only in Node's",
    },
    { args: ["pin", "c"], code: 1, said: "TLS is not in the micro agent" },
  ])("ends with $code for $args", async ({ args, code, said }) => {
    const outcome = await run(...args);
    expect(outcome.errors).toContain(said);
    expect(outcome.code).toBe(code);
  });

  test.each(["SIGTERM", "SIGHUP", "SIGINT"] as const)("ends with 0 after %s", async (signal) => {
    const { agent } = await listen("--listen", "ws://127.0.0.1:0");
    agent.kill(signal);
    expect((await endOf(agent)).code).toBe(0);
  });
});

const trace = ["-e", 'BEGIN { printf("hello from pid %d\\n", pid); exit(); }'];

describe("a trace through the micro agent", () => {
  const bpfTest = requiresFeature("ringbuf", "program_run");

  bpfTest("runs over TCP", async () => {
    const { agent, target } = await listen("--listen", "ws://127.0.0.1:0");
    const outcome = await runSonde(["trace", "-t", target, ...trace]);
    expect(outcome.output).toContain(`hello from pid ${agent.pid}\n`);
    expect(outcome.code).toBe(0);
  });

  bpfTest("runs over a Unix socket", async () => {
    const { agent, target } = await listen("--unix", join(folder, "agent.sock"));
    const outcome = await runSonde(["trace", "-t", target, ...trace]);
    expect(outcome.output).toContain(`hello from pid ${agent.pid}\n`);
  });

  bpfTest("runs over standard input and output", async () => {
    const target = `exec:${microAgentPath} --stdio`;
    expect((await runSonde(["trace", "-t", target, ...trace])).output).toContain("hello from pid");
  });

  test("takes at most 1.5 MB of memory while its host waits", async () => {
    const { agent, target } = await listen("--listen", "ws://127.0.0.1:0");
    const { peer } = await visit(Number(new URL(target).port));
    await peer.call("target.describe", {});
    expect(residentBytesOf(agent.pid)).toBeLessThan(1_500_000);
    peer.close("done");
  });

  test("goes on when a session finds no memory", async () => {
    const { agent, target } = await listen("--listen", "ws://127.0.0.1:0");
    const port = Number(new URL(target).port);
    // All that is read once.
    (await visit(port)).peer.close("done");
    const limit = (address: string): void => {
      execFileSync("prlimit", [`--pid=${agent.pid}`, `--as=${address}:unlimited`]);
    };
    const status = readFileSync(`/proc/${agent.pid}/status`, "utf8");
    limit(String(1024 * Number(/^VmSize:\s+(\d+) kB/m.exec(status)?.[1])));
    const starved = visit(port).then(({ peer }) =>
      peer.call("file.read", { path: "/proc/kallsyms", offset: 0n, limitBytes: 4 << 20 }),
    );
    await expect(starved).rejects.toThrow(/out of memory/);
    limit("unlimited");
    const { peer } = await visit(port);
    expect((await peer.call("target.describe", {})).release).not.toBe("");
    peer.close("done");
    expect(agent.hasEnded).toBe(false);
  });

  test("begins with a description of the machine like that of Node's agent", async () => {
    const { target } = await listen("--listen", "ws://127.0.0.1:0");
    const facts = /^(?:kernel|machine|CPUs|page size|build id|BTF|tracefs) .*$/gm;
    const describeBy = async (...args: string[]): Promise<string[]> =>
      (await runSonde(["info", ...args])).output.match(facts) ?? [];
    expect(await describeBy("-t", target)).toEqual(await describeBy());
  });
});
