import { type DecodeContext } from "../output/decode-context.js";
import { JsonWriter } from "../output/json-writer.js";
import { createRecordDecoder, type RecordDecoder } from "../output/record-decoder.js";
import { createTextRenderer } from "../output/text-renderer.js";
import { TextWriter } from "../output/text-writer.js";
import { type TraceWriter } from "../output/trace-writer.js";
import { type TraceLayout } from "../spec/trace-layout.js";
import { type RecordSink } from "../trace/record-pump.js";
import { type TextOutput, TextSink } from "../trace/text-sink.js";
import { type TraceCost } from "../trace/cost-meter.js";
import { type Target } from "../trace/target.js";
import { type Trace, type TraceResult } from "../trace/trace.js";
import { WriterSink } from "../trace/writer-sink.js";
import { formatFolded } from "../picture/folded.js";
import { isStackMap } from "../picture/map-samples.js";
import { mapsPicture } from "../picture/maps-picture.js";
import { exitCodes, UsageError } from "./exit-code.js";
import { formatCost } from "./format-cost.js";
import { type HeatMapFile } from "./heat-map-file.js";
import { coloredMessage } from "./message-color.js";
import { onInterrupt } from "./interrupts.js";
import { openOutput, type BufferMode } from "./output-stream.js";
import { hostNow, type PictureFiles } from "./picture-options.js";
import { statusLine } from "./status-line.js";
import { type TimelineFile } from "./timeline-file.js";
import { type TracedProcess } from "./traced-process.js";

export type OutputFormat = "text" | "json";

export interface RunOptions {
  readonly format: OutputFormat;
  /** A file instead of standard output. */
  readonly output: string | undefined;
  readonly buffers?: BufferMode;
  /** The trace ends with it. */
  readonly traced?: TracedProcess;
  readonly isQuiet: boolean;
  readonly failsOnLost: boolean;
  /** What becomes of the stacks in its maps, beside text. */
  readonly pictures?: PictureFiles;
  /** What becomes of its records, beside that they are printed. */
  readonly timeline?: TimelineFile;
  /** What becomes of the histograms that it prints, beside text. */
  readonly heat?: HeatMapFile;
  /** Stacks in maps are printed in one line each. */
  readonly isFolded?: boolean;
  /** Ctrl-C leaves a detached trace at work. */
  readonly leaves?: boolean;
  /** What it has cost, to be told at the end. */
  readonly cost?: () => Promise<TraceCost | undefined>;
}

/** Prints a trace until it ends, or until it is interrupted; gives the exit code. */
export async function runTrace(trace: Trace, options: RunOptions): Promise<number> {
  const output = await openOutput(options.output, options.buffers);
  const notices = (text: string): void => {
    if (!options.isQuiet) statusLine.print(coloredMessage(text));
  };
  const { layout, context } = trace;
  const quiet = options.isQuiet;
  const created = createSink(layout, context, options.format, output, notices, quiet);
  const { writer } = created;
  const decoder = (): RecordDecoder => createRecordDecoder(layout, context);
  const now = (): bigint => context.now();
  const style = { title: "histograms over time", unit: "count" } as const;
  const timed = options.timeline?.beside(created.sink, decoder) ?? created.sink;
  const sink = options.heat?.beside(timed, style, now) ?? timed;
  const finish = async (result: TraceResult): Promise<void> => {
    if (trace.outcome === "ended") writer.end(showStacks(result.maps, options, output, notices));
    options.timeline?.write(notices);
    options.heat?.write(result.maps, style, now(), notices);
    tellLosses(result, notices, layout);
    await tellCost(options.cost, notices);
    await output.end();
  };
  tellRunner();
  const forgetSignals = passOnSignals(trace);
  void options.traced?.follow(trace);
  const stop = options.leaves === true ? () => trace.leave() : () => trace.stop();
  const outcome = await runUntilInterrupted(trace, sink, output.broken, finish, stop).finally(
    forgetSignals,
  );
  // Before "interrupted": who asks for it mostly ends the trace from outside.
  if (outcome.result.lost > 0n && options.failsOnLost) return exitCodes.lost;
  if (outcome.isInterrupted && trace.outcome !== "left") return exitCodes.interrupted;
  return outcome.result.exitCode;
}

/** Makes what was asked for of the stacks in maps; gives the maps that are left to be printed. Throws UsageError. */
function showStacks(
  maps: TraceResult["maps"],
  { pictures, isFolded }: Pick<RunOptions, "pictures" | "isFolded">,
  output: { write(text: string): void },
  notices: (text: string) => void,
): TraceResult["maps"] {
  const hasFiles = pictures?.areAsked === true;
  if (!hasFiles && isFolded !== true) return maps;
  const picture = mapsPicture(maps);
  if (picture === undefined) {
    throw new UsageError(
      "no stacks to show: no map that is printed at the end has any in its keys",
      {
        hint: "as in profile:hz:99 { @[kstack, ustack, comm] = count(); }",
      },
    );
  }
  if (isFolded === true) output.write(formatFolded(picture));
  if (hasFiles) notices(pictures.write(picture, hostNow()));
  return maps.filter((map) => !isStackMap(map));
}

/**
 * Runs a trace into a sink; Ctrl-C, or an output that nobody reads any more, ends it in an orderly way. `finish` is
 * called with the result while signals are still held off.
 */
export async function runUntilInterrupted(
  trace: Trace,
  sink: RecordSink,
  broken: Promise<void>,
  finish: (result: TraceResult) => Promise<void>,
  end: () => Promise<unknown> = () => trace.stop(),
): Promise<{ readonly result: TraceResult; readonly isInterrupted: boolean }> {
  let isInterrupted = false;
  const stop = (): void => {
    // Failures are told by `run` below.
    end().catch(() => undefined);
  };
  const forget = onInterrupt(() => {
    isInterrupted = true;
    stop();
  });
  try {
    const running = trace.run(sink);
    void broken.then(stop);
    const result = await running;
    await finish(result);
    return { result, isInterrupted };
  } finally {
    forget();
  }
}

/** SIGUSR1 runs the probes that wait for it. Gives a function that stops listening. */
function passOnSignals(trace: Trace): () => void {
  const pass = (): void => {
    // When the trace has failed or ended, its own result says so.
    trace.signal().catch(() => undefined);
  };
  if (trace.awaitsSignal) process.on("SIGUSR1", pass);
  return () => {
    process.off("SIGUSR1", pass);
  };
}

/** A word that bpftrace's test runners wait for: all probes are attached. */
function tellRunner(): void {
  const name = "__BPFTRACE_NOTIFY_PROBES_ATTACHED";
  if (process.env[name] !== undefined) process.stdout.write(`${name}\n`);
}

/** What makes a trace's output of its records, and of what is no record. */
export function createSink(
  layout: TraceLayout,
  context: DecodeContext,
  format: OutputFormat,
  output: TextOutput,
  notices: (text: string) => void,
  isQuiet = false,
): { readonly sink: RecordSink; readonly writer: TraceWriter } {
  const write = (text: string): void => {
    output.write(text);
  };
  if (format === "json") {
    const writer = new JsonWriter({ output: write, notices }, isQuiet);
    return { writer, sink: new WriterSink(createRecordDecoder(layout, context), writer, output) };
  }
  const writer = new TextWriter({ output: write, notices });
  return { writer, sink: new TextSink(createTextRenderer(layout, context), writer, output) };
}

/** Says at the end what the trace has cost, where that was measured. */
export async function tellCost(
  read: RunOptions["cost"],
  notices: (text: string) => void,
): Promise<void> {
  const cost = await read?.();
  if (cost !== undefined) notices(formatCost(cost));
}

/** Says at the end what names have cost the line. */
export function tellSymbolBytes({ session }: Pick<Target, "session">): void {
  statusLine.print(`symbols: ${session.symbolBytes} bytes came from the target\n`);
}

/** As many a program tells of one by one, where they are. */
const mostWarnings = 100n;

/** Says at the end what did not arrive, and what could be done. */
export function tellLosses(
  result: TraceResult,
  notices: (text: string) => void,
  layout?: TraceLayout,
): void {
  const tellsOfEach = layout?.records.some(({ kind }) => kind === "warning") === true;
  if (result.lost > 0n) {
    notices(`Lost ${result.lost} events in all: they came faster than they were taken\n`);
  }
  if (result.missedRuns > 0n) {
    notices(
      `${result.missedRuns} times the kernel did not run a program: another was running on that CPU, or a map was being read or written there\n`,
    );
  }
  if (result.failedUpdates > (tellsOfEach ? mostWarnings : 0n)) {
    notices(
      `${result.failedUpdates} map updates failed: a map is full (config = { max_map_keys = N } makes room), or the kernel was at work on it\n`,
    );
  }
}
