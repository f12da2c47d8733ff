import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect } from "@jest/globals";
import { Session } from "../../packages/host/src/session/session.js";
import { selfSign } from "../support/certificates.js";
import { Flood, type FloodOptions, type Stage } from "../support/half-open.js";
import {
  isMicroTested,
  nodeAgentCommand,
  residentBytesOf,
  RunningAgent,
  type RunningCommand,
  RunningProgram,
  until,
} from "../support/processes.js";
import { requiresCommand } from "../support/requires.js";

const withCertificates = requiresCommand("openssl", "openssl");

/** Of the agent, whatever is in the flood: docs/security.md. */
const strangerLimit = 64;
const floodConnections = 200;
/** Of all that an agent has open beside connections of strangers. */
const otherSockets = 20;
const patienceMilliseconds = 5000;
const residentGrowthLimitBytes = isMicroTested ? 500_000 : 10_000_000;

const folder = mkdtempSync(join(tmpdir(), "sonde-flood-"));
const agents: RunningCommand[] = [];
const floods: Flood[] = [];
afterEach(() => {
  for (const flood of floods.splice(0)) flood.stop();
  for (const agent of agents.splice(0)) agent.kill("SIGKILL");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const key = randomBytes(32);
const keyFile = join(folder, "key");
writeFileSync(keyFile, key.toString("hex"), { mode: 0o600 });

interface Watched {
  readonly agent: RunningCommand;
  readonly target: string;
  readonly port: number;
}

async function listen(scheme: "ws" | "wss"): Promise<Watched> {
  const { certificate, key: privateKey } = selfSign(folder, "board");
  const tls = scheme === "ws" ? [] : ["--tls-cert", certificate, "--tls-key", privateKey];
  const args = ["--listen", `${scheme}://127.0.0.1:0`, "--key-file", keyFile, ...tls];
  const preload = new URL("../support/memory-report.cjs", import.meta.url).pathname;
  const agent = isMicroTested
    ? new RunningAgent(args)
    : new RunningProgram(nodeAgentCommand, args, {
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        nodeOptions: ["--expose-gc", "-r", preload],
      });
  agents.push(agent);
  const [, target = ""] = await agent.says(/^listening on (\S+)$/m);
  return { agent, target, port: Number(new URL(target).port) };
}

async function residentBytes({ agent }: Watched): Promise<number> {
  if (isMicroTested) return residentBytesOf(agent.pid);
  const answer = once(agent.child, "message");
  agent.child.send("measure");
  return ((await answer) as [{ rss: number }])[0].rss;
}

function socketCount({ agent }: Watched): number {
  const fds = `/proc/${agent.pid}/fd`;
  return readdirSync(fds).filter((fd) => nameOf(join(fds, fd)).startsWith("socket:")).length;
}

function nameOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed since the folder was read.
    return "";
  }
}

async function startFlood(options: FloodOptions): Promise<Flood> {
  const flood = await Flood.start(options);
  floods.push(flood);
  return flood;
}

/** How long a host of good will takes to come in. */
async function visit({ target }: Watched): Promise<number> {
  const begin = performance.now();
  const session = await Session.open(target, { key });
  const milliseconds = performance.now() - begin;
  await session.close();
  return milliseconds;
}

/** TLS is not in the micro agent. */
const allStages: { scheme: "ws" | "wss"; stage: Stage }[] = [
  { scheme: "ws", stage: "connected" },
  { scheme: "ws", stage: "greeted" },
  { scheme: "wss", stage: "connected" },
  { scheme: "wss", stage: "TLS begun" },
  { scheme: "wss", stage: "upgraded" },
  { scheme: "wss", stage: "greeted" },
];
const stages = allStages.filter(({ scheme }) => !isMicroTested || scheme === "ws");

describe("under a flood of connections that stay half open", () => {
  for (const { scheme, stage } of stages) {
    withCertificates(
      `over ${scheme}://, ${stage}, hosts come in and the agent stays small`,
      async () => {
        const board = await listen(scheme);
        const steady = await Session.open(board.target, { key });
        const options: FloodOptions = {
          port: board.port,
          hasTls: scheme === "wss",
          fromAddress: "127.0.0.2",
          stage,
          connections: floodConnections,
          pauseMilliseconds: 100,
        };
        // A first flood makes everything that is made once.
        (await startFlood(options)).stop();
        await until(() => socketCount(board) < otherSockets, patienceMilliseconds);
        const before = await residentBytes(board);

        const flood = await startFlood(options);
        await until(() => flood.openedCount > 3 * floodConnections, 20_000);
        expect(socketCount(board)).toBeLessThan(strangerLimit + otherSockets);
        const milliseconds = [await visit(board), await visit(board)];
        expect(Math.max(...milliseconds)).toBeLessThan(patienceMilliseconds);
        // Who had come in before is not dropped.
        await steady.files.text("/proc/self/comm");
        flood.stop();
        await until(() => socketCount(board) < otherSockets, patienceMilliseconds);
        const after = await residentBytes(board);
        expect(after - before).toBeLessThan(residentGrowthLimitBytes);
        await steady.close();
        expect(board.agent.errors).not.toMatch(/internal|Error/);
      },
    );
  }

  withCertificates("from a host's own address it comes in, too", async () => {
    const hasTls = !isMicroTested;
    const board = await listen(hasTls ? "wss" : "ws");
    const flood = await startFlood({
      port: board.port,
      hasTls,
      fromAddress: "127.0.0.1",
      stage: "upgraded",
      connections: floodConnections,
      pauseMilliseconds: 60_000,
    });
    expect(flood.openedCount).toBe(floodConnections);
    expect(await visit(board)).toBeLessThan(patienceMilliseconds);
  });
});
