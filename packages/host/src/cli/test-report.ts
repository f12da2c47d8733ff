import { type TestType } from "../language/check/probes/test-probes.js";
import { wellFormed } from "../text/utf8.js";
import { type TextOutput } from "../trace/text-sink.js";
import { type Trace } from "../trace/trace.js";
import { type OutputFormat } from "./run-trace.js";

export type Test = Trace["tests"][number];

/** What has become of a test or a measurement. */
export interface TestResult {
  readonly name: string;
  /** What the program returned, or gave to exit(). */
  readonly code: number;
  /** Of each run. */
  readonly nanoseconds: number;
  readonly runs: number;
  readonly isPassed: boolean;
  /** What it printed. */
  readonly text: string;
}

/** What is told of tests, as bpftrace tells it. */
export interface TestReport {
  begin(): void;
  beginTest(test: Test): void;
  endTest(result: TestResult): void;
  end(): void;
  readonly hasFailed: boolean;
}

/** In the form that was asked for. */
export function createReport(
  { type, format }: { readonly type: TestType; readonly format: OutputFormat },
  tests: readonly Test[],
  file: Pick<TextOutput, "write">,
): TestReport {
  if (format === "json") return new JsonReport(type, file);
  return type === "test" ? new TextReport(tests.length, file) : new BenchmarkTable(file);
}

class TextReport implements TestReport {
  readonly #count: number;
  readonly #file: Pick<TextOutput, "write">;
  readonly #failed: string[] = [];
  #passedCount = 0;

  constructor(count: number, file: Pick<TextOutput, "write">) {
    this.#count = count;
    this.#file = file;
  }

  get hasFailed(): boolean {
    return this.#failed.length > 0;
  }

  begin(): void {
    if (this.#count > 0) this.#line("==========", true, `Running ${this.#count} tests.`);
  }

  beginTest({ name }: Test): void {
    this.#line(" RUN      ", true, name);
  }

  endTest({ name, isPassed, nanoseconds, text }: TestResult): void {
    if (isPassed) this.#passedCount++;
    else {
      this.#failed.push(name);
      this.#file.write(text);
    }
    const label = isPassed ? "       OK " : "  FAILED  ";
    this.#line(label, isPassed, `${name} (${formatDuration(nanoseconds)})`);
  }

  end(): void {
    if (this.#count === 0) return;
    const ran = this.#passedCount + this.#failed.length;
    this.#line("==========", true, `${countTests(ran)} ran.`);
    this.#line("  PASSED  ", true, `${countTests(this.#passedCount)}.`);
    if (!this.hasFailed) return;
    this.#line("  FAILED  ", false, `${countTests(this.#failed.length)}, listed below:`);
    for (const name of this.#failed) this.#line("  FAILED  ", false, name);
  }

  /** Coloured also in a file, as bpftrace's are: those who read them look for these bytes. NO_COLOR takes the colours away. */
  #line(label: string, isGood: boolean, text: string): void {
    const hasColor = (process.env["NO_COLOR"] ?? "") === "";
    const colored = hasColor ? `\u001b[${isGood ? 32 : 31}m[${label}]\u001b[0m` : `[${label}]`;
    this.#file.write(`${colored} ${text}\n`);
  }
}

class BenchmarkTable implements TestReport {
  readonly #file: Pick<TextOutput, "write">;
  readonly hasFailed = false;
  #hasTitle = false;

  constructor(file: Pick<TextOutput, "write">) {
    this.#file = file;
  }

  begin(): void {
    // The titles come with the first line.
  }

  beginTest(): void {
    // Told when it is over.
  }

  endTest({ name, nanoseconds, runs, isPassed }: TestResult): void {
    if (!isPassed) return;
    if (!this.#hasTitle) {
      this.#row("Benchmark", "Time(ns)", "Iterations");
      this.#file.write(`${"-".repeat(66)}\n`);
    }
    this.#hasTitle = true;
    this.#row(name, String(nanoseconds), String(runs));
  }

  end(): void {
    // A table has no end.
  }

  #row(name: string, time: string, runs: string): void {
    this.#file.write(`${name.padEnd(40)} ${time.padEnd(14)} ${runs}\n`);
  }
}

class JsonReport implements TestReport {
  readonly #type: TestType;
  readonly #file: Pick<TextOutput, "write">;
  hasFailed = false;

  constructor(type: TestType, file: Pick<TextOutput, "write">) {
    this.#type = type;
    this.#file = file;
  }

  begin(): void {
    // Only results are told.
  }

  beginTest(): void {
    // The same.
  }

  endTest({ name, isPassed, nanoseconds, runs, text }: TestResult): void {
    const key = JSON.stringify(name);
    if (this.#type === "bench") {
      if (!isPassed) return;
      const data = `{${key}: {"average": ${nanoseconds}, "iters": ${runs}}}`;
      this.#file.write(`{"type": "benchmark_result", "data": ${data}}\n`);
      return;
    }
    if (!isPassed) this.hasFailed = true;
    const output = JSON.stringify(wellFormed(isPassed ? "" : text));
    const data = `{${key}: {"duration": ${nanoseconds}, "passed": ${isPassed}, "output": ${output}}}`;
    this.#file.write(`{"type": "test_result", "data": ${data}}\n`);
  }

  end(): void {
    // The same.
  }
}

function countTests(count: number): string {
  return count === 1 ? "1 test" : `${count} tests`;
}

function formatDuration(nanoseconds: number): string {
  if (nanoseconds < 10_000) return `${nanoseconds} ns`;
  if (nanoseconds < 10_000_000) return `${Math.round(nanoseconds / 1000)} μs`;
  return `${Math.round(nanoseconds / 1_000_000)} ms`;
}
