import { spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync, rmSync } from "node:fs";
import { connect as openSocket, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { type Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { createStdioDuplex } from "../listeners/node/stdio-duplex.js";
import { errorCode } from "../system/node/system-error.js";
import { type ConnectCommand } from "../program/command-line.js";
import { exitCodes } from "../program/exit-codes.js";
import { makePrivateFolder, meetingFolder, requirePrivateFolder } from "./private-folder.js";
import { RelayError } from "../program/relay-error.js";
import { relayLog } from "./relay-listener.js";

/** A slow board takes seconds to start Node. */
const startMilliseconds = 30_000;
const pollMilliseconds = 20;
/** What a host sends before it hears anything is one HTTP request. */
const keptBytesLimit = 65_536;
/** An agent may be about to end just when it is reached. */
const attemptLimit = 3;

/**
 * Speaks over standard input and output, byte for byte, with the agent on a Unix socket, which it starts when none is there
 * and which outlives it. Returns when either side is gone. Throws RelayError.
 */
export async function connectToAgent(command: ConnectCommand): Promise<void> {
  const path = command.socket ?? join(meetingFolder(), "agent.sock");
  const host = createStdioDuplex(process.stdin, process.stdout);
  host.on("error", () => {
    host.destroy();
  });
  const kept: Buffer[] = [];
  for (let attempt = 1; attempt <= attemptLimit && !host.destroyed; attempt++) {
    const agent = await reachAgent(path, command);
    if (await relay(host, agent, kept)) return;
  }
}

/** Carries bytes both ways until a side is gone. False when the agent went without a word; `kept` is what it was told. */
function relay(host: Duplex, agent: Socket, kept: Buffer[]): Promise<boolean> {
  let hasAnswered = false;
  const keep = (bytes: Buffer): void => {
    kept.push(bytes);
    if (kept.reduce((sum, { length }) => sum + length, 0) > keptBytesLimit) stopKeeping();
  };
  const stopKeeping = (): void => {
    hasAnswered = true;
    host.off("data", keep);
  };
  for (const bytes of kept) agent.write(bytes);
  host.on("data", keep);
  agent.once("data", stopKeeping);
  // 'close' follows.
  agent.on("error", () => undefined);
  host.pipe(agent);
  agent.pipe(host, { end: false });
  const hangUp = (): void => {
    agent.destroy();
  };
  host.once("close", hangUp);
  return new Promise((resolve) => {
    agent.once("close", () => {
      host.unpipe(agent);
      host.off("data", keep);
      host.off("close", hangUp);
      resolve(hasAnswered || host.destroyed);
    });
  });
}

/** Connects to the agent on a socket, and starts one when none answers there. Throws RelayError. */
async function reachAgent(path: string, command: ConnectCommand): Promise<Socket> {
  const deadline = performance.now() + startMilliseconds;
  let starting: StartingAgent | undefined;
  for (;;) {
    if (command.socket === undefined) requirePrivateFolder(dirname(path));
    const socket = await tryConnect(path);
    if (socket !== undefined) return socket;
    if (!command.startsAgent) {
      throw new RelayError(`no agent is running: nobody listens on ${path}`);
    }
    if (command.socket === undefined) makePrivateFolder(dirname(path));
    if (starting?.exitCode() === exitCodes.held) starting = undefined;
    starting ??= startAgent(path, command);
    const exitCode = starting.exitCode();
    if (exitCode !== undefined && exitCode !== exitCodes.held) {
      const said = starting.said();
      rmSync(relayLog(path), { force: true });
      throw new RelayError(`start an agent: ${said} (exit code ${exitCode})`);
    }
    if (performance.now() > deadline) {
      throw new RelayError(`the agent that was started does not answer on ${path}`, {
        hint: `its log is ${relayLog(path)}`,
      });
    }
    await sleep(pollMilliseconds);
  }
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = openSocket(path);
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (cause) => {
      const code = errorCode(cause);
      // ECONNREFUSED: a socket that a killed agent left behind. EAGAIN: more are waiting than it has room for.
      if (["ENOENT", "ECONNREFUSED", "EAGAIN"].includes(code)) resolve(undefined);
      else reject(new RelayError(`connect to ${path}: ${code}`, { cause }));
    });
  });
}

interface StartingAgent {
  /** Undefined while it runs. */
  exitCode(): number | undefined;
  /** What it has written to its log since it was started. */
  said(): string;
}

/** Starts an agent in a session of its own, without our terminal and our streams: it outlives us. Throws RelayError. */
function startAgent(path: string, command: ConnectCommand): StartingAgent {
  const log = relayLog(path);
  const fd = openLog(log);
  const before = fstatSync(fd).size;
  const [, script = ""] = process.argv;
  const args = ["--relay", path, "--lease", command.leaseSeconds, "--idle", command.idleSeconds];
  const agent = spawn(process.execPath, [...process.execArgv, script, ...args.map(String)], {
    detached: true,
    cwd: "/",
    stdio: ["ignore", fd, fd],
  });
  closeSync(fd);
  let exitCode: number | undefined;
  agent.once("exit", (code) => {
    exitCode = code ?? -1;
  });
  agent.once("error", () => {
    exitCode = -1;
  });
  agent.unref();
  return {
    exitCode: () => exitCode,
    said: () => readFileSync(log).subarray(before).toString().trim(),
  };
}

function openLog(path: string): number {
  try {
    return openSync(path, "a", 0o600);
  } catch (cause) {
    throw new RelayError(`open the log of the agent: ${path}: ${errorCode(cause)}`, { cause });
  }
}
