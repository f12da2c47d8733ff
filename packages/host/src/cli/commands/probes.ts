import { type Command } from "commander";
import { listProbes } from "../../trace/list-probes.js";
import {
  addPushOptions,
  addTargetOptions,
  connectTarget,
  type TargetOptions,
} from "../target-options.js";
import { exitCodes } from "../exit-code.js";
import { printable } from "../printable.js";

const examples = `
Examples:
  sonde probes                                   every tracepoint, software event and timer
  sonde probes 'tracepoint:syscalls:*open*'
  sonde probes -l tracepoint:sched:sched_switch  with its fields, as args.NAME gives them
  sonde probes 'uprobe:libc:*alloc*'             functions of a library or program
  sonde probes 'rawtracepoint:sched_*'`;

interface ProbesOptions extends TargetOptions {
  readonly long?: boolean;
}

/** Adds `sonde probes`. */
export function addProbesCommand(program: Command): void {
  const command = program
    .command("probes")
    .description("what can be traced on a target")
    .argument("[pattern]", "a probe with wildcards", "*")
    .option("-l, --long", "also the fields of tracepoints")
    .addHelpText("after", examples)
    .action(printProbes);
  addPushOptions(addTargetOptions(command));
}

/** Prints the probes of a target that match. */
export async function printProbes(pattern: string, options: ProbesOptions): Promise<void> {
  await using target = await connectTarget(options);
  const probes = await listProbes(target.session, pattern, { withFields: options.long === true });
  if (probes.length === 0) {
    process.stderr.write(`sonde: no probe matches ${pattern}\n`);
    process.exitCode = exitCodes.wrongInput;
    return;
  }
  const lines = probes.flatMap(({ name, fields }) => [
    name,
    ...fields.map((field) => `    ${field}`),
  ]);
  process.stdout.write(printable(`${lines.join("\n")}\n`));
}
