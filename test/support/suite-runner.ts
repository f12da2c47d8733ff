import { spawn } from "node:child_process";
import { readProgramWords } from "../../packages/host/src/cli/program-words.js";
import { createSink, tellLosses } from "../../packages/host/src/cli/run-trace.js";
import {
  ProgramError,
  RemoteError,
  renderDiagnostic,
  Target,
  TargetError,
  type Diagnostic,
  type Program,
  type Trace,
} from "../../packages/host/src/index.js";
import { type SuiteCase } from "./suite-file.js";
import { type Outcome } from "./sonde.js";

const limitMilliseconds = 15_000;

/** Runs cases of suites, as `sonde trace` would, over connections to one agent: several at a time. */
export class SuiteRunner implements AsyncDisposable {
  readonly #cases: readonly SuiteCase[];
  readonly #outcomes = new Map<SuiteCase, Promise<Outcome>>();
  readonly #targets: Target[] = [];
  readonly #free: Target[] = [];
  readonly #waiting: ((target: Target) => void)[] = [];

  private constructor(cases: readonly SuiteCase[]) {
    this.#cases = cases;
  }

  static async open(
    cases: readonly SuiteCase[],
    target: string,
    connections: number,
  ): Promise<SuiteRunner> {
    const runner = new SuiteRunner(cases);
    for (let count = 0; count < connections; count++) {
      runner.#targets.push(await Target.connect(target));
    }
    runner.#free.push(...runner.#targets);
    return runner;
  }

  /** What a case came to. Those that stand behind it are begun meanwhile. */
  async outcome(wanted: SuiteCase): Promise<Outcome> {
    const first = this.#cases.indexOf(wanted);
    const begun = this.#cases.slice(first, first + this.#targets.length);
    const [outcome] = begun.map((each) => this.#begin(each));
    if (outcome === undefined) throw new Error(`${wanted.name} is not of this suite`);
    return await outcome;
  }

  #begin(one: SuiteCase): Promise<Outcome> {
    const known = this.#outcomes.get(one);
    if (known !== undefined) return known;
    const outcome = this.#run(one);
    // Whoever asks for it hears of a failure.
    outcome.catch(() => undefined);
    this.#outcomes.set(one, outcome);
    return outcome;
  }

  async #run(one: SuiteCase): Promise<Outcome> {
    const target =
      this.#free.pop() ??
      (await new Promise<Target>((resolve) => {
        this.#waiting.push(resolve);
      }));
    try {
      return await runCase(target, one);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(target);
      else next(target);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#outcomes.values());
    for (const target of this.#targets) await target.close();
  }
}

/** A run's two streams. */
class Printed {
  readonly #output: Uint8Array[] = [];
  errors = "";

  write(text: string | Uint8Array): void {
    this.#output.push(Buffer.from(text));
  }

  ready(): undefined {
    return undefined;
  }

  get output(): string {
    return Buffer.concat(this.#output).toString("utf8");
  }
}

async function runCase(target: Target, one: SuiteCase): Promise<Outcome> {
  const printed = new Printed();
  const end = (code: number): Outcome => ({
    code,
    output: printed.output,
    errors: printed.errors,
  });
  try {
    const program = await compileCase(target, one, printed);
    if (program === undefined) return end(1);
    await using trace = await target.start(program);
    return end(await runTraceOf(trace, one, printed));
  } catch (error) {
    if (!(error instanceof RemoteError) && !(error instanceof TargetError)) throw error;
    printed.errors += `${error.message}\n`;
    return end(2);
  }
}

async function compileCase(
  target: Target,
  { program: source, parameters, isUnsafe, tellsOfReads, settings }: SuiteCase,
  printed: Printed,
): Promise<Program | undefined> {
  const show = (diagnostics: readonly Diagnostic[]): void => {
    for (const one of diagnostics)
      printed.errors += renderDiagnostic(one, { source, sourceName: "stdin" });
  };
  try {
    const program = await target.compile(source, {
      ...readProgramWords(parameters),
      isUnsafe,
      tellsOfReads,
      settings,
    });
    show(program.diagnostics);
    return program;
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    show(error.diagnostics);
    return undefined;
  }
}

async function runTraceOf(trace: Trace, one: SuiteCase, printed: Printed): Promise<number> {
  const notices = (text: string): void => {
    printed.errors += text;
  };
  const { sink, writer } = createSink(trace.layout, trace.context, one.format, printed, notices);
  const limit = setTimeout(() => {
    notices(`still running after ${limitMilliseconds} ms\n`);
    void trace.stop();
  }, limitMilliseconds);
  try {
    const running = trace.run(sink);
    if (one.workload !== undefined) {
      await runCommand(one.workload);
      await trace.stop();
    }
    const result = await running;
    writer.end(result.maps);
    tellLosses(result, notices);
    return result.exitCode;
  } finally {
    clearTimeout(limit);
  }
}

async function runCommand(command: string): Promise<void> {
  const child = spawn("/bin/sh", ["-c", command], { stdio: "ignore" });
  await new Promise((resolve) => child.once("exit", resolve));
}
