import { type TestType } from "../language/check/probes/test-probes.js";
import { type TraceEvent } from "../output/value.js";
import { type TraceCost } from "../trace/cost-meter.js";
import { type RecordSink } from "../trace/record-pump.js";
import { type TextOutput } from "../trace/text-sink.js";
import { type Trace } from "../trace/trace.js";
import { exitCodes, UsageError } from "./exit-code.js";
import { onInterrupt } from "./interrupts.js";
import { type OutputFormat, createSink, tellLosses } from "./run-trace.js";
import { openOutput, type BufferMode } from "./output-stream.js";
import { statusLine } from "./status-line.js";
import { createReport, type Test, type TestResult } from "./test-report.js";

/** What --test and --bench need to know of how they are to tell. */
export interface TestOptions {
  readonly type: TestType;
  readonly format: OutputFormat;
  readonly output: string | undefined;
  readonly buffers?: BufferMode;
  readonly isQuiet: boolean;
  /** What has run so far, as the kernel has measured it. */
  readonly cost: () => Promise<TraceCost | undefined>;
}

/** So long each measurement goes on, in batches of so many runs. */
const measuredMilliseconds = 300;
const batchRuns = 200;

/** Runs a trace's tests or measurements, then what the program has for its end; gives the exit code. Throws UsageError. */
export async function runTests(trace: Trace, options: TestOptions): Promise<number> {
  const file = await openOutput(options.output, options.buffers);
  const captured = new CapturedOutput();
  const notices = (text: string): void => {
    if (!options.isQuiet) statusLine.print(text);
  };
  const { layout, context } = trace;
  const tested = createSink(layout, context, "text", captured, (text) => {
    captured.notice(text);
  });
  const last = createSink(layout, context, options.format, file, notices);
  const sink = new TurnoutSink(tested.sink);
  const interrupts = new AbortController();
  const { signal } = interrupts;
  const forget = onInterrupt(() => {
    interrupts.abort();
  });
  try {
    const running = trace.run(sink);
    const runner = options.type === "test" ? tryOut : measure;
    const report = createReport(options, trace.tests, file);
    report.begin();
    for (const test of trace.tests) {
      report.beginTest(test);
      const result = await Promise.race([
        runner(trace, test, captured, options, signal),
        // Rejects when the target is lost; else it ends when it is stopped, below.
        running.then(() => undefined),
      ]);
      if (result !== undefined) report.endTest(result);
      if (signal.aborted || result === undefined) break;
    }
    report.end();
    sink.turn(last.sink);
    const ended = await trace.stop();
    last.writer.end([]);
    tellLosses(ended, notices);
    await file.end();
    if (signal.aborted) return exitCodes.interrupted;
    return report.hasFailed ? exitCodes.wrongInput : exitCodes.fine;
  } finally {
    forget();
  }
}

/** Keeps what a test prints until it is known whether anybody wants to see it. */
class CapturedOutput implements TextOutput {
  #text = "";
  hasFailed = false;
  readonly #decoder = new TextDecoder();

  write(text: string | Uint8Array): void {
    this.#text += typeof text === "string" ? text : this.#decoder.decode(text);
  }

  /** One of an error makes the test fail. */
  notice(text: string): void {
    if (/^Attached \d+ probes?\n$/.test(text)) return;
    this.#text += text;
    if (/(^|: )ERROR: /m.test(text)) this.hasFailed = true;
  }

  ready(): undefined {
    return undefined;
  }

  take(): string {
    const text = this.#text;
    this.#text = "";
    this.hasFailed = false;
    return text;
  }
}

/** Passes on to one sink first, and later to another. */
class TurnoutSink implements RecordSink {
  #to: RecordSink;

  constructor(first: RecordSink) {
    this.#to = first;
  }

  turn(to: RecordSink): void {
    this.#to.flush();
    this.#to = to;
  }

  record(bytes: Uint8Array, offset: number, length: number): void {
    this.#to.record(bytes, offset, length);
  }

  event(event: TraceEvent): void {
    this.#to.event(event);
  }

  flush(): void {
    this.#to.flush();
  }

  ready(): Promise<void> | undefined {
    return this.#to.ready();
  }
}

async function tryOut(
  trace: Trace,
  test: Test,
  captured: CapturedOutput,
  { cost }: TestOptions,
): Promise<TestResult> {
  const before = await cost();
  const code = await trace.test(test);
  const { runs, nanoseconds } = difference(before, await cost());
  const isPassed = code === 0 && !captured.hasFailed;
  return { name: test.name, code, runs, nanoseconds, isPassed, text: captured.take() };
}

async function measure(
  trace: Trace,
  test: Test,
  captured: CapturedOutput,
  { cost }: TestOptions,
  signal: AbortSignal,
): Promise<TestResult> {
  // Once by itself: for caches, and to know whether there is anything to measure.
  const code = await trace.test(test);
  const before = await cost();
  if (before?.runs === undefined) {
    throw new UsageError("trace: --bench: the target's kernel does not measure programs", {
      hint: "Linux does since 5.8",
    });
  }
  const begin = performance.now();
  while (code === 0 && !signal.aborted && performance.now() - begin < measuredMilliseconds) {
    await trace.test(test, batchRuns);
    captured.take();
  }
  if (code !== 0) statusLine.print(`${test.name}: not measured, since it returned ${code}\n`);
  const { runs, nanoseconds } = difference(before, await cost());
  return { name: test.name, code, runs, nanoseconds, isPassed: code === 0, text: captured.take() };
}

/** What has run between two readings: how often, and the nanoseconds of each run. */
function difference(
  before: TraceCost | undefined,
  after: TraceCost | undefined,
): { readonly runs: number; readonly nanoseconds: number } {
  const { count = 0n, nanoseconds = 0n } = before?.runs ?? {};
  const runs = Number((after?.runs?.count ?? 0n) - count);
  const total = Number((after?.runs?.nanoseconds ?? 0n) - nanoseconds);
  return { runs, nanoseconds: runs === 0 ? 0 : Math.round(total / runs) };
}
