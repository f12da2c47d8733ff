import { createRecordDecoder, type RecordDecoder } from "../output/record-decoder.js";
import { type Tool, type ToolOptions, ToolOptionError, type ToolRun } from "../tools/tool.js";
import { ToolSink } from "../tools/tool-sink.js";
import { InternalError } from "../asm/internal-error.js";
import { ProgramError, type Program, type Target } from "../trace/target.js";
import { exitCodes, UsageError } from "./exit-code.js";
import { openOutput } from "./output-stream.js";
import { HeatMapFile, type HeatMapOptions } from "./heat-map-file.js";
import { hostNow, PictureFiles, type PictureOptions } from "./picture-options.js";
import { tellLoaded } from "./format-loaded.js";
import { runUntilInterrupted, tellCost, tellLosses, tellSymbolBytes } from "./run-trace.js";
import { type RateOptions, whileTellingRate } from "./rate-status.js";
import { statusLine } from "./status-line.js";
import { TimelineFile, type TimelineOptions } from "./timeline-file.js";
import { connectTarget, type ClockOptions, type TargetOptions } from "./target-options.js";

export interface RunToolOptions
  extends
    TargetOptions,
    ClockOptions,
    RateOptions,
    PictureOptions,
    TimelineOptions,
    HeatMapOptions {
  readonly json?: boolean;
  readonly output?: string;
  readonly failOnLost?: boolean;
}

/** Runs a tool on a target until it ends or is interrupted; gives the exit code. */
export async function runTool(tool: Tool, options: RunToolOptions): Promise<number> {
  const pictures = PictureFiles.open(options, hostNow());
  const timeline = new TimelineFile(options);
  const heat = new HeatMapFile(options);
  await using target = await connectTarget(options);
  const run = createRun(tool, options as RunToolOptions & ToolOptions, target);
  if (heat.isAsked && run.heatMap === undefined) {
    throw new UsageError(`${tool.name}: --heatmap shows histograms: give --dist, too`);
  }
  const style = run.heatMap ?? { title: tool.name, unit: "count" };
  const settings = options.lines === true ? { show_debug_info: "1" } : {};
  const program = await compileTool(tool, target, run, settings);
  await using trace = await target.start(program, {
    clock: options.clock,
    ...(options.verbose === true ? { onLoaded: tellLoaded, measuresCost: true } : {}),
  });
  const output = await openOutput(options.output);
  const notices = (text: string): void => {
    statusLine.print(text);
  };
  const now = (): bigint => trace.context.now();
  const decoder = (): RecordDecoder => createRecordDecoder(trace.layout, trace.context);
  const sink = new ToolSink(run, decoder(), {
    session: target.session,
    output,
    isJson: options.json === true,
    now,
    notices,
  });
  const timer =
    run.durationSeconds === undefined
      ? undefined
      : setTimeout(() => {
          trace.stop().catch(() => undefined);
        }, run.durationSeconds * 1000);
  try {
    const context = {
      ...options,
      isQuiet: false,
      isVerbose: options.verbose === true,
      writesToFile: options.output !== undefined,
    };
    const { result, isInterrupted } = await whileTellingRate(target, trace, context, async () =>
      runUntilInterrupted(
        trace,
        heat.beside(timeline.beside(sink, decoder), style, now),
        output.broken,
        async (ended) => {
          if (pictures.areAsked && run.picture !== undefined) {
            await sink.ready();
            notices(pictures.write(run.picture(ended.maps), hostNow()));
          } else await sink.end(ended.maps);
          timeline.write(notices);
          heat.write(ended.maps, style, now(), notices);
          tellLosses(ended, notices);
          await tellCost(() => target.cost(), notices);
          if (options.verbose === true) tellSymbolBytes(target);
          await output.end();
        },
      ),
    );
    if (result.lost > 0n && options.failOnLost === true) return exitCodes.lost;
    return isInterrupted ? exitCodes.interrupted : exitCodes.fine;
  } finally {
    clearTimeout(timer);
  }
}

function createRun(tool: Tool, options: ToolOptions, target: Target): ReturnType<Tool["create"]> {
  try {
    return tool.create(options, target.description);
  } catch (error) {
    if (error instanceof ToolOptionError)
      throw new UsageError(`${tool.name}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** A tool's program is ours: what is wrong with it is no fault of the user's. */
async function compileTool(
  tool: Tool,
  target: Target,
  { program, pid, named }: Pick<ToolRun, "program" | "pid" | "named">,
  settings: Readonly<Record<string, string>>,
): Promise<Program> {
  try {
    return await target.compile(program, {
      settings,
      ...(pid === undefined ? {} : { pid }),
      ...(named === undefined ? {} : { named }),
    });
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    throw new InternalError(`${tool.name} does not compile for this target: ${error.message}`, {
      cause: error,
    });
  }
}
