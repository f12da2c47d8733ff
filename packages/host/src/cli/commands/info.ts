import { type Command } from "commander";
import { type Inspection, inspectTarget } from "../../inspect/inspect-target.js";
import {
  addPushOptions,
  addTargetOptions,
  connectTarget,
  type TargetOptions,
} from "../target-options.js";
import { formatInfo, type InfoParts } from "../format-info.js";
import { styleFor } from "../style.js";

interface InfoOptions extends TargetOptions {
  readonly json?: boolean;
}

/** Where the output is no terminal. */
const usualWidth = 110;

const examples = `
Each kind of probe is tried: a program that does nothing is attached to something that runs seldom, and removed.

Examples:
  sonde info
  sonde info -t ws://board:4650 --key-file board.key --json`;

/** Adds `sonde info`. */
export function addInfoCommand(program: Command): void {
  const command = program
    .command("info")
    .description("which probes work on a target, which do not, why not, and what to do about it")
    .option("--json", "as one JSON object")
    .addHelpText("after", examples)
    .action(infoCommand);
  addPushOptions(addTargetOptions(command));
}

async function infoCommand(options: InfoOptions): Promise<void> {
  await using target = await connectTarget(options, { asksFeaturesAnew: true });
  const { session } = target;
  const parts = {
    hello: session.hello,
    target: session.description,
    inspection: await inspectTarget(session),
    clock: await session.clock.measure(),
  };
  const { stdout } = process;
  process.stdout.write(
    options.json === true
      ? formatJson(parts)
      : formatInfo(
          parts,
          styleFor(stdout, process.env),
          stdout.isTTY ? stdout.columns : usualWidth,
        ),
  );
}

function formatJson({ hello, target, inspection, clock }: InfoParts): string {
  const value = {
    agent: hello.agent,
    protocol: `${hello.major}.${hello.minor}`,
    ...target,
    clockDifference: clock,
    ...inspectionValue(inspection),
  };
  const text = JSON.stringify(
    value,
    (_key, item: unknown) => (typeof item === "bigint" ? item.toString() : item),
    2,
  );
  return `${text}\n`;
}

function inspectionValue({ facts, probes, symbols, features }: Inspection): object {
  return {
    settings: Object.fromEntries(facts.settings),
    probes,
    kernelSymbols: symbols ?? null,
    features,
  };
}
