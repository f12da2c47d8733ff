import { afterAll } from "@jest/globals";
import { RunningCommand, until } from "./processes.js";
import { endOf, interrupt, startSonde, type Outcome } from "./sonde.js";
import { callGetppid } from "./tracing-programs.js";

/** What both printed for the same events, bpftrace's in the form that its newer versions have (docs of 0.2x). */
export interface SideBySide {
  readonly sonde: string;
  readonly bpftrace: string;
}

export interface SideBySideOptions {
  /** Further arguments of both, before the program. */
  readonly options?: readonly string[];
  /** Positional parameters of both. */
  readonly parameters?: readonly string[];
  /** What bpftrace runs, when it cannot run the same. */
  readonly bpftraceProgram?: string;
}

const started = new Set<RunningCommand>();

afterAll(() => {
  for (const command of started) command.kill("SIGKILL");
});

/** How long bpftrace may take to attach on a machine that has other things to do. */
const attachMilliseconds = 30_000;
/** What it has not printed after so long without a word, it will not print. */
const quietMilliseconds = 100;
const deafMilliseconds = 5000;

/**
 * Runs the same program in sonde and in bpftrace 0.17, both attached before the workload begins and interrupted when it
 * is over. The workload may wait within until both have printed all that was there to print.
 */
export async function traceBesideBpftrace(
  program: string,
  workload: (settled: () => Promise<void>) => Promise<unknown>,
  { options = [], parameters = [], bpftraceProgram = program }: SideBySideOptions = {},
): Promise<SideBySide> {
  const bpftrace = startBpftrace([...options, "-e", withLiveMarks(bpftraceProgram), ...parameters]);
  const sonde = startSonde(["trace", ...options, "-e", withLiveMarks(program), ...parameters]);
  const both = [bpftrace, sonde];
  await Promise.all(both.map(untilLive));
  const settled = async (): Promise<void> => {
    await Promise.all(both.map(untilQuiet));
  };
  await workload(settled);
  // Interrupted, bpftrace 0.17 throws away what it has not read yet.
  await settled();
  const [theirs, ours] = await Promise.all([interruptBpftrace(bpftrace), interrupt(sonde)]);
  if (theirs.code !== 0) throw new Error(`bpftrace ended with ${theirs.code}: ${theirs.errors}`);
  if (ours.code !== 130) throw new Error(`sonde ended with ${ours.code}: ${ours.errors}`);
  return {
    sonde: withoutLiveMarks(ours.output),
    bpftrace: asNewer(withoutLiveMarks(theirs.output)),
  };
}

/** Runs a program that ends by itself in both; gives how each ended as well. */
export async function runBesideBpftrace(
  arguments_: readonly string[],
): Promise<{ readonly sonde: Outcome; readonly bpftrace: Outcome }> {
  const [bpftrace, sonde] = await Promise.all([
    endOf(startBpftrace(arguments_)),
    endOf(startSonde(["trace", ...arguments_])),
  ]);
  return { sonde, bpftrace: { ...bpftrace, output: asNewer(bpftrace.output) } };
}

export function startBpftrace(arguments_: readonly string[]): RunningCommand {
  const bpftrace = new RunningCommand("bpftrace", arguments_);
  started.add(bpftrace);
  void bpftrace.ended.then(() => started.delete(bpftrace));
  return bpftrace;
}

/** 0.17 does not see a signal that comes while it reads its buffers, until another one or an event comes. */
async function interruptBpftrace(bpftrace: RunningCommand): Promise<Outcome> {
  const timer = setTimeout(() => {
    bpftrace.kill("SIGINT");
  }, deafMilliseconds);
  try {
    return await interrupt(bpftrace);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Neither attaches everything at once, and they go through a program in opposite orders: what lies between two probes
 * that are seen to work has been attached. This process makes the call that both watch.
 */
function withLiveMarks(program: string): string {
  const mark = (name: string): string =>
    `tracepoint:syscalls:sys_enter_getppid /pid == ${process.pid}/ { printf("live: ${name}\\n"); }`;
  // Directives come before all probes.
  const head = /^(?:[^]*\n)?#.*\n/.exec(program)?.[0] ?? "";
  return `${head}${mark("first")}\n${program.slice(head.length)}\n${mark("last")}`;
}

async function untilLive(command: RunningCommand): Promise<void> {
  const isLive = (): boolean =>
    command.output.includes("live: first") && command.output.includes("live: last");
  await until(() => {
    callGetppid(1);
    return isLive() || command.hasEnded;
  }, attachMilliseconds);
  if (!isLive()) {
    throw new Error(`no probe worked; it said: ${command.errors}${command.output}`);
  }
}

/** Until it has printed a mark made now, and nothing for a while: its buffers, one for each CPU, have no common order. */
async function untilQuiet(command: RunningCommand): Promise<void> {
  const countMarks = (): number => command.output.split("live: ").length;
  const before = countMarks();
  callGetppid(1);
  if (!(await until(() => countMarks() > before, attachMilliseconds))) {
    throw new Error(`a probe stopped working; it said: ${command.errors}${command.output}`);
  }
  let size: number;
  do {
    size = command.output.length;
    await new Promise((resolve) => setTimeout(resolve, quietMilliseconds));
  } while (command.output.length > size);
}

function withoutLiveMarks(output: string): string {
  return output.replace(/^.*live: (first|last).*\n/gm, "");
}

/** bpftrace 0.17's output as later versions print it. */
export function asNewer(output: string): string {
  return (
    output
      .replace(/^Attaching \d+ probes?\.\.\.\n/m, "")
      // Between JSON's lines there is none that is empty.
      .replace(/\n\n+\{"/g, '\n{"')
      .replace(/("attached_probes"), ("data": \{"probes": (\d+))/, '$1, "count": $3, $2')
      // Nor a space between the rows of a histogram.
      .replace(/^\{"type": "hist".*$/gm, (line) => line.replaceAll("}, {", "},{"))
      // In keys of JSON, stacks are not moved in.
      .replace(/^\{"type": "map".*$/gm, (line) =>
        line.replace(
          /(\{"|,)((?:\\n {4}[^"\\]*)+)(?=\\n)/g,
          (_, before: string, stack: string) => before + stack.replaceAll("\\n    ", "\\n"),
        ),
      )
      .replaceAll("(nil)", "0")
      // A space after the name of a histogram.
      .replace(/^(@.*:) $(?=\n[[(])/gm, "$1")
      // Stacks in keys, less moved in.
      .replace(/^ {4}(?=\S)/gm, "        ")
      .replace(
        /^(@.*: )count (-?\d+), average (-?\d+), total (-?\d+)$/gm,
        "$1{ .count = $2, .average = $3, .total = $4 }",
      )
  );
}
