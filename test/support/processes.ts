import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { microAgentPath } from "./micro-agent.js";

const packages = join(import.meta.dirname, "..", "..", "packages");
/** Node's agent, as `npm ci` links it, for what only Node's can do. */
export const nodeAgentCommand = join(packages, "agent", "bin", "sonde-agent.cjs");
/** Which agent is tested: Node's, or with SONDE_TEST_AGENT=micro the micro agent (jest.config.js). */
export const isMicroTested = process.env["SONDE_AGENT"] === "micro";
/** Starts it. */
export const agentArgv: readonly [string, ...string[]] = isMicroTested
  ? [microAgentPath]
  : [process.execPath, nodeAgentCommand];
/** The same for a shell. */
export const agentWords = agentArgv.map((word) => `'${word}'`).join(" ");
/** As `npm ci` links it. */
export const hostCommand = join(packages, "host", "bin", "sonde.cjs");

const startTimeoutMilliseconds = 20_000;
const pollMilliseconds = 10;

export interface ProgramOptions extends SpawnOptions {
  /** Node's own, before the script. */
  readonly nodeOptions?: readonly string[];
}

/** A process, running, with what it has said. */
export class RunningCommand {
  readonly child: ChildProcess;
  readonly #ended: Promise<number | string>;
  readonly #closed: Promise<void>;
  #output = "";
  #errors = "";

  constructor(file: string, args: readonly string[], options: SpawnOptions = {}) {
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#output += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
    this.child = child;
    this.#ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        resolve(code ?? signal ?? "");
      });
    });
    this.#closed = new Promise((resolve) => {
      child.once("close", () => {
        resolve();
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get output(): string {
    return this.#output;
  }

  get errors(): string {
    return this.#errors;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Its exit code or the signal that ended it, once it has ended. */
  get ended(): Promise<number | string> {
    return this.#ended;
  }

  /** Resolves once it has ended and all that it printed has been read. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  kill(signal: NodeJS.Signals = "SIGTERM"): void {
    this.child.kill(signal);
  }

  /** The first match in what it says on standard error; fails when it ends, or takes 20 s, without. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    return await this.#awaitMatch(pattern, () => this.#errors);
  }

  /** The first match in what it prints on standard output; fails like `says`. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    return await this.#awaitMatch(pattern, () => this.#output);
  }

  async #awaitMatch(pattern: RegExp, text: () => string): Promise<RegExpExecArray> {
    await until(() => pattern.test(text()) || this.hasEnded, startTimeoutMilliseconds);
    // What it said last may come after the news of its end.
    if (!pattern.test(text()) && this.hasEnded) await Promise.race([this.#closed, sleep(1000)]);
    const match = pattern.exec(text());
    if (match !== null) return match;
    throw new Error(`waited for ${String(pattern)}, and it said: ${this.#errors}${this.#output}`);
  }
}

/** A program of ours, running. */
export class RunningProgram extends RunningCommand {
  constructor(script: string, args: readonly string[], options: ProgramOptions = {}) {
    const { nodeOptions = [], ...spawnOptions } = options;
    super(process.execPath, [...nodeOptions, script, ...args], spawnOptions);
  }
}

/** An agent of the kind that is tested, running. */
export class RunningAgent extends RunningCommand {
  constructor(args: readonly string[], options: SpawnOptions = {}) {
    const [file, ...before] = agentArgv;
    super(file, [...before, ...args], options);
  }
}

/** Starts an agent that listens; gives the target by which a host reaches it. */
export async function startAgent(
  ...args: readonly string[]
): Promise<{ readonly agent: RunningAgent; readonly target: string }> {
  const agent = new RunningAgent(args);
  const [, target = ""] = await agent.says(/^listening on (\S+)$/m);
  return { agent, target };
}

/** The same, and always Node's: for TLS, which the micro agent does not have. */
export async function startNodeAgent(
  ...args: readonly string[]
): Promise<{ readonly agent: RunningCommand; readonly target: string }> {
  const agent = new RunningProgram(nodeAgentCommand, args);
  const [, target = ""] = await agent.says(/^listening on (\S+)$/m);
  return { agent, target };
}

/** Starts a trace and waits until all its probes are attached. */
export async function startTrace(...args: readonly string[]): Promise<RunningProgram> {
  const host = new RunningProgram(hostCommand, ["trace", ...args]);
  await host.says(/^Attached \d+ probe/m);
  return host;
}

/** The processes that a process has started and that still run. */
export function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return children === "" ? [] : children.split(" ").map(Number);
}

/** What a process has in memory. */
export function residentBytesOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
}

export function isRunning(pid: number): boolean {
  try {
    // A zombie's state is Z: it has ended, only its parent has not looked yet.
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Polls until it is so, or the time is over; whether it is. */
export async function until(isTrue: () => boolean, timeoutMilliseconds: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMilliseconds;
  while (!isTrue()) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, pollMilliseconds));
  }
  return true;
}
