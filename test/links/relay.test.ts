import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "@jest/globals";
import { makePrivateFolder } from "../../packages/agent/src/cli/private-folder.js";
import {
  agentArgv,
  isRunning,
  nodeAgentCommand,
  RunningAgent,
  type RunningCommand,
  RunningProgram,
  until,
} from "../support/processes.js";

const folder = mkdtempSync(join(tmpdir(), "sonde-relay-"));
const connects: RunningCommand[] = [];
afterEach(() => {
  for (const connect of connects.splice(0)) connect.kill("SIGKILL");
  for (const pid of agents()) process.kill(pid, "SIGKILL");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

let socketCount = 0;
/** A socket of a folder of its own, so that a test sees what is left there. */
function newSocket(): string {
  const own = join(folder, String(socketCount++));
  mkdirSync(own);
  return join(own, "agent.sock");
}

/** The agents that were started for this file's sockets. */
function agents(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isAgent(pid) && isRunning(pid));
}

function isAgent(pid: number): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return words.includes("--relay") && words.some((word) => word.startsWith(folder));
  } catch {
    // It has ended since the folder was read.
    return false;
  }
}

/** A session is named after the process that leads it. */
function sessionOf(pid: number): number {
  const [, , , session] = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return Number(session);
}

function startConnect(socket: string, ...more: string[]): RunningCommand {
  const args = ["connect", "--socket", socket, ...more];
  const connect = new RunningAgent(args, { stdio: ["pipe", "pipe", "pipe"] });
  connects.push(connect);
  return connect;
}

/** Asks an agent for what it does not have: a refusal shows that it is there. */
async function ask(connect: RunningCommand): Promise<void> {
  write(connect.child, "GET / HTTP/1.1\r\nhost: agent\r\n\r\n");
  await connect.prints(/426 Upgrade Required[^]*speaks WebSocket only/);
}

function write(child: ChildProcess, text: string): void {
  child.stdin?.write(text);
}

describe("sonde-agent connect", () => {
  test("starts one agent, however many start at once, and it outlives them", async () => {
    const socket = newSocket();
    const many = Array.from({ length: 8 }, () => startConnect(socket, "--idle", "60"));
    await Promise.all(many.map(ask));
    // Those that came second notice it, and end.
    expect(await until(() => agents().length === 1, 10_000)).toBe(true);
    const [agent = 0] = agents();
    expect(sessionOf(agent)).toBe(agent);
    for (const connect of many) connect.kill("SIGKILL");
    await Promise.all(many.map(({ ended }) => ended));
    await ask(startConnect(socket, "--no-start"));
    expect(agents()).toEqual([agent]);
  });

  test("ends when its host goes, and the agent when nobody has come for the idle time", async () => {
    const socket = newSocket();
    const connect = startConnect(socket, "--idle", "1");
    await ask(connect);
    connect.child.stdin?.end();
    expect(await connect.ended).toBe(0);
    expect(agents()).toHaveLength(1);
    expect(await until(() => agents().length === 0, 10_000)).toBe(true);
    expect(readdirSync(join(socket, ".."))).toEqual([]);
  });

  test("replaces the socket that a killed agent left", async () => {
    const socket = newSocket();
    await ask(startConnect(socket));
    const [first = 0] = agents();
    process.kill(first, "SIGKILL");
    await until(() => agents().length === 0, 5000);
    expect(existsSync(socket)).toBe(true);
    await ask(startConnect(socket, "--idle", "1"));
    expect(agents()).not.toContain(first);
  });

  test("begins again when the agent was just about to end", async () => {
    const socket = join(folder, "ending.sock");
    let connections = 0;
    const server = createServer((link) => {
      connections++;
      if (connections < 3) link.once("data", () => link.destroy());
      else link.on("data", (bytes) => link.write(`heard ${bytes.toString()}`));
    }).listen(socket);
    await once(server, "listening");
    const connect = startConnect(socket);
    write(connect.child, "hello\n");
    await connect.prints(/^heard hello$/m);
    expect(connections).toBe(3);
    connect.child.stdin?.end();
    expect(await connect.ended).toBe(0);
    server.close();
  });

  test("starts none when it shall not, and says so", async () => {
    const connect = startConnect(newSocket(), "--no-start");
    expect(await connect.ended).toBe(2);
    expect(connect.errors).toContain("no agent is running");
  });

  test("says why an agent could not be started", async () => {
    const socket = newSocket();
    const program = new RunningProgram(nodeAgentCommand, ["connect", "--socket", socket], {
      stdio: ["pipe", "pipe", "pipe"],
      nodeOptions: ["--require", join(import.meta.dirname, "..", "support", "darwin.cjs")],
    });
    connects.push(program);
    expect(await program.ended).toBe(2);
    expect(program.errors).toContain("runs on Linux only");
    expect(readdirSync(join(socket, ".."))).toEqual([]);
  });

  test("does not speak to a terminal", () => {
    const terminal = spawn("script", ["-qec", `${agentArgv.join(" ")} connect`, "/dev/null"]);
    return expect(
      new Promise((resolve) => {
        terminal.once("exit", resolve);
      }),
    ).resolves.toBe(1);
  });
});

describe("the folder where connect and its agents meet", () => {
  test("must be its user's alone", () => {
    const own = join(folder, "private");
    makePrivateFolder(own);
    makePrivateFolder(own);
    chmodSync(own, 0o750);
    expect(() => {
      makePrivateFolder(own);
    }).toThrow("is not a folder of this user's alone");
    expect(() => {
      makePrivateFolder("/etc/hostname");
    }).toThrow("is not a folder of this user's alone");
  });
});
