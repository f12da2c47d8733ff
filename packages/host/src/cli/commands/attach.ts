import { Option, type Command } from "commander";
import { describeAttached } from "../describe-attached.js";
import { addRateOptions, type RateOptions, whileTellingRate } from "../rate-status.js";
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
Ctrl-C leaves the trace at work again. It ends, and is removed, by exit() in the script, sonde stop, or --stop and Ctrl-C.

Examples:
  sonde attach boot -t ssh://root@board
  sonde attach -f json -o events.json boot -t board`;

interface AttachOptions extends TargetOptions, ClockOptions, RateOptions {
  readonly f: OutputFormat;
  readonly o?: string;
  readonly quiet?: boolean;
  readonly failOnLost?: boolean;
  readonly stop?: boolean;
  readonly takeOver?: boolean;
}

/** Adds `sonde attach`. */
export function addAttachCommand(program: Command): void {
  const command = program
    .command("attach")
    .description("print what a detached trace has recorded, and what comes")
    .argument("<name>", "as given to sonde trace --detach --name", parseSessionName)
    .addOption(new Option("-f <format>", "output format").choices(["text", "json"]).default("text"))
    .option("-o <file>", "write the output to a file")
    .option("-q, --quiet", "no messages about the trace itself")
    .option("--stop", "Ctrl-C ends the trace, as it would one that is not detached")
    .option("--take-over", "also when another sonde is attached, which then ends")
    .option("--fail-on-lost", "end with exit code 4 when events were lost")
    .addHelpText("after", examples)
    .action(attachCommand);
  addTargetOptions(addRateOptions(addClockOption(command)));
}

async function attachCommand(name: string, options: AttachOptions): Promise<void> {
  await using target = await connectTarget(options, {
    attach: { name, takeOver: options.takeOver === true },
  });
  await using trace = await target.attachedTrace({ clock: options.clock });
  const notices = (text: string): void => {
    if (options.quiet !== true) process.stderr.write(text);
  };
  notices(`Attached to ${describeAttached(name, target.session)}\n`);
  const context = {
    ...options,
    isQuiet: options.quiet === true,
    isVerbose: options.verbose === true,
    writesToFile: options.o !== undefined,
  };
  process.exitCode = await whileTellingRate(target, trace, context, async () =>
    runTrace(trace, {
      format: options.f,
      output: options.o,
      isQuiet: context.isQuiet,
      failsOnLost: options.failOnLost === true,
      leaves: options.stop !== true,
    }),
  );
  if (trace.outcome === "left") notices(`Left ${name} at work\n`);
}
