import { Option, type Command } from "commander";
import { DecodeError } from "../../output/decode-error.js";
import { TargetError } from "../../session/errors.js";
import { openRecording } from "../../trace/open-recording.js";
import { runTrace, type OutputFormat } from "../run-trace.js";

interface ReplayOptions {
  readonly f: OutputFormat;
  readonly o?: string;
  readonly quiet?: boolean;
}

/** Adds `sonde replay`. */
export function addReplayCommand(program: Command): void {
  program
    .command("replay")
    .description("print a recording again (made with sonde trace --record), in any format")
    .argument("<file>", "the recording")
    .addOption(new Option("-f <format>", "output format").choices(["text", "json"]).default("text"))
    .option("-o <file>", "write the output to a file")
    .option("-q, --quiet", "no messages about the trace itself")
    .addHelpText("after", "\nExample:\n  sonde replay -f json boot.sonde")
    .action(replayCommand);
}

async function replayCommand(file: string, options: ReplayOptions): Promise<void> {
  try {
    const trace = await openRecording(file);
    process.exitCode = await runTrace(trace, {
      format: options.f,
      output: options.o,
      isQuiet: options.quiet === true,
      failsOnLost: false,
    });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new TargetError(`recording ${file} is damaged: ${error.message}`, { cause: error });
  }
}
