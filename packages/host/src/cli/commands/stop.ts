import { Option, type Command } from "commander";
import { describeAttached } from "../describe-attached.js";
import { runTrace, type OutputFormat } from "../run-trace.js";
import { parseSessionName } from "../session-name.js";
import {
  addClockOption,
  addTargetOptions,
  connectTarget,
  type ClockOptions,
  type TargetOptions,
} from "../target-options.js";

const examples = `
What was recorded is printed as at the end of a trace: events that wait, what END prints, maps.

Examples:
  sonde stop boot -t ssh://root@board
  sonde stop --no-output boot -t board`;

interface StopOptions extends TargetOptions, ClockOptions {
  readonly f: OutputFormat;
  readonly o?: string;
  readonly quiet?: boolean;
  readonly failOnLost?: boolean;
  /** False with --no-output. */
  readonly output: boolean;
}

/** Adds `sonde stop`. */
export function addStopCommand(program: Command): void {
  const command = program
    .command("stop")
    .description("end a detached trace: print what it has recorded, and remove it")
    .argument("<name>", "as given to sonde trace --detach --name", parseSessionName)
    .addOption(new Option("-f <format>", "output format").choices(["text", "json"]).default("text"))
    .option("-o <file>", "write the output to a file")
    .option("-q, --quiet", "no messages about the trace itself")
    .option("--no-output", "print nothing: only remove it")
    .option("--fail-on-lost", "end with exit code 4 when events were lost")
    .addHelpText("after", examples)
    .action(stopCommand);
  addTargetOptions(addClockOption(command));
}

async function stopCommand(name: string, options: StopOptions): Promise<void> {
  if (!options.output) {
    await using target = await connectTarget(options);
    await target.session.stop(name);
    return;
  }
  await using target = await connectTarget(options, { attach: { name, takeOver: true } });
  await using trace = await target.attachedTrace({
    clock: options.clock,
    endsAtOnce: true,
  });
  if (options.quiet !== true) {
    process.stderr.write(`Ending ${describeAttached(name, target.session)}\n`);
  }
  process.exitCode = await runTrace(trace, {
    format: options.f,
    output: options.o,
    isQuiet: options.quiet === true,
    failsOnLost: options.failOnLost === true,
  });
}
