import { type Command } from "commander";
import { probeAttachTypes } from "../../session/probe-attach-types.js";
import {
  addPushOptions,
  addTargetOptions,
  connectTarget,
  type TargetOptions,
} from "../target-options.js";
import { formatInfo } from "../format-info.js";
import { printable } from "../printable.js";

interface InfoOptions extends TargetOptions {
  readonly json?: boolean;
}

/** Adds `sonde info`. */
export function addInfoCommand(program: Command): void {
  const command = program
    .command("info")
    .description("kernel, features, what will work on a target and what will not, and why")
    .option("--json", "as one JSON object")
    .addHelpText(
      "after",
      "\nExamples:\n  sonde info\n  sonde info -t ws://board:4650 --key-file board.key --json",
    )
    .action(infoCommand);
  addPushOptions(addTargetOptions(command));
}

async function infoCommand(options: InfoOptions): Promise<void> {
  await using target = await connectTarget(options, { asksFeaturesAnew: true });
  const { hello, description } = target.session;
  const features = { ...target.session.features, ...(await probeAttachTypes(target.session)) };
  const clock = await target.session.clock.measure();
  if (options.json === true) {
    const value = {
      agent: hello.agent,
      protocol: `${hello.major}.${hello.minor}`,
      ...description,
      clockDifference: clock,
      features,
    };
    const text = JSON.stringify(
      value,
      (_key, item: unknown) => (typeof item === "bigint" ? item.toString() : item),
      2,
    );
    process.stdout.write(`${text}\n`);
    return;
  }
  process.stdout.write(printable(formatInfo(hello, description, features, clock)));
}
