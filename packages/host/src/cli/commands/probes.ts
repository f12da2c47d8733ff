import { type Command } from "commander";
import { listProbes, listScriptProbes } from "../../trace/list-probes.js";
import { asksForTypes, listTypes } from "../../trace/list-types.js";
import { type Target } from "../../trace/target.js";
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
  sonde probes 'usdt:libc:*'                     places that its authors have marked
  sonde probes 'rawtracepoint:sched_*,self:*'
  sonde probes -l 'struct sched_param'           what a type of the kernel's is made of`;

interface ProbesOptions extends TargetOptions {
  readonly long?: boolean;
  /** Programs are looked for in those of this process. */
  readonly p?: number;
  /** Whether it is a fault that there are none; so it is unless said. */
  readonly failsOnNone?: boolean;
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
export async function printProbes(
  pattern: string | { readonly script: string },
  options: ProbesOptions,
): Promise<void> {
  await using target = await connectTarget(options);
  await printProbesOf(target, pattern, options);
}

/** Prints those of a target that is at hand. */
export async function printProbesOf(
  target: Target,
  pattern: string | { readonly script: string },
  options: ProbesOptions,
): Promise<void> {
  const asked = {
    withFields: options.long === true,
    ...(options.p === undefined ? {} : { pid: options.p }),
  };
  if (typeof pattern === "string" && asksForTypes(pattern)) {
    report(await listTypes(target.session, pattern, asked), pattern, options);
    return;
  }
  const probes =
    typeof pattern === "string"
      ? await listProbes(target.session, pattern, asked)
      : await listScriptProbes(target.session, pattern.script, asked);
  const lines = probes.flatMap(({ name, fields }) => [
    name,
    ...fields.map((field) => `    ${field}`),
  ]);
  report(lines, typeof pattern === "string" ? pattern : "", options);
}

/** Prints what was found, or says that it is nothing. */
function report(lines: readonly string[], pattern: string, options: ProbesOptions): void {
  if (lines.length > 0) {
    process.stdout.write(printable(`${lines.join("\n")}\n`));
    return;
  }
  process.stderr.write(`sonde: no probe matches${pattern === "" ? "" : ` ${pattern}`}\n`);
  if (options.failsOnNone !== false) process.exitCode = exitCodes.wrongInput;
}
