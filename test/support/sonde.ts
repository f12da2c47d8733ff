import { afterAll } from "@jest/globals";
import { type SpawnOptions } from "node:child_process";
import { hostCommand, type RunningCommand, RunningProgram } from "./processes.js";

/** What a run of a program came to. */
export interface Outcome {
  /** The exit code, or the name of the signal that ended it. */
  readonly code: number | string;
  readonly output: string;
  readonly errors: string;
}

export interface RunOptions extends SpawnOptions {
  /** Given on standard input, which then ends. */
  readonly input?: string;
  /** Sent SIGKILL, and the test fails, when it runs longer; 20 s unless said. */
  readonly limitMilliseconds?: number;
}

const running = new Set<RunningCommand>();

afterAll(() => {
  for (const program of running) program.kill("SIGKILL");
});

/** Runs `sonde` with arguments until it ends by itself. */
export async function runSonde(
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const { limitMilliseconds, ...spawnOptions } = options;
  return await endOf(startSonde(args, spawnOptions), limitMilliseconds);
}

/** Starts `sonde` with arguments, as `npm ci` links it. Whatever still runs when the tests of a file are over is killed. */
export function startSonde(
  args: readonly string[],
  options: Omit<RunOptions, "limitMilliseconds"> = {},
): RunningCommand {
  const { input, ...spawnOptions } = options;
  const sonde = new RunningProgram(hostCommand, args, {
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    env: withoutSettings(),
    ...spawnOptions,
  });
  running.add(sonde);
  void sonde.ended.then(() => running.delete(sonde));
  sonde.child.stdin?.end(input);
  return sonde;
}

/** Starts `sonde trace`, with its output on standard output, and waits until its probes are attached. */
export async function startAttached(
  args: readonly string[],
  options: Omit<RunOptions, "limitMilliseconds"> = {},
): Promise<RunningCommand> {
  const sonde = startSonde(["trace", ...args], options);
  if (args.includes("json")) await sonde.prints(/"attached_probes"/);
  else await sonde.says(/^Attached \d+ probe/m);
  return sonde;
}

/** Sends Ctrl-C and waits for the end. */
export async function interrupt(program: RunningCommand): Promise<Outcome> {
  program.kill("SIGINT");
  return await endOf(program);
}

/** Waits until a program has ended, and gives all that it said. Fails when that takes too long, and when it crashed. */
export async function endOf(program: RunningCommand, limitMilliseconds = 20_000): Promise<Outcome> {
  const timer = setTimeout(() => {
    program.kill("SIGKILL");
  }, limitMilliseconds);
  const start = performance.now();
  const code = await program.ended;
  await program.closed;
  clearTimeout(timer);
  if (code === "SIGKILL" && performance.now() - start >= limitMilliseconds) {
    throw new Error(
      `still running after ${limitMilliseconds} ms; it said: ${program.errors}${program.output}`,
    );
  }
  if (code === "SIGABRT" || code === "SIGSEGV") {
    throw new Error(`crashed (${code}); it said: ${program.errors}${program.output}`);
  }
  return { code, output: program.output, errors: program.errors };
}

/** Without what a person has set for `sonde` in their shell, and in their config file. */
function withoutSettings(): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("SONDE_") || name === "SONDE_AGENT",
  );
  return { ...Object.fromEntries(others), SONDE_CONFIG: "/nonexistent/config.json" };
}
