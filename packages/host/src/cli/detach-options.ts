import { type Keeps } from "@sonde/protocol";
import { Option, type Command } from "commander";
import { withoutUndefined } from "../session/without-undefined.js";
import { type DetachOptions, type Program } from "../trace/target.js";
import { UsageError } from "./exit-code.js";
import { parseDuration } from "./parse-duration.js";
import { parseSessionName } from "./session-name.js";
import { type TargetOptions } from "./target-options.js";

/** What sonde trace is told about detaching. */
export interface DetachFlags {
  readonly detach?: boolean;
  readonly name?: string;
  readonly keepEvents?: Keeps;
  /** Seconds. */
  readonly for?: number;
}

interface TraceFlags extends DetachFlags {
  readonly output?: string;
  readonly record?: string;
}

/** Adds --detach and what goes with it. */
export function addDetachOptions(command: Command): void {
  command
    .option("--detach", "leave it at work on the target, for sonde attach")
    .option("--name <name>", "what to call it there", parseSessionName)
    .addOption(
      new Option(
        "--keep-events <which>",
        "events to keep when its buffer is full and nobody is attached (default: newest)",
      ).choices(["newest", "oldest"]),
    )
    .option(
      "--for <duration>",
      "record nothing more after so long: 90s, 10m, 8h, 7d",
      parseDuration,
    );
}

/** Undefined without --detach. Throws UsageError. */
export function chooseDetached(options: TraceFlags): DetachOptions | undefined {
  const { name, keepEvents: keeps, for: seconds } = options;
  if (options.detach !== true) {
    if ((name ?? keeps ?? seconds) !== undefined) {
      throw new UsageError("trace: --name, --keep-events and --for are for --detach");
    }
    return undefined;
  }
  if (name === undefined) {
    throw new UsageError("trace --detach: no name given", {
      hint: "--name boot, for sonde attach boot",
    });
  }
  if (options.output !== undefined || options.record !== undefined) {
    throw new UsageError("trace --detach: nothing comes here yet, for -o or --record to keep", {
      hint: "sonde attach takes -o",
    });
  }
  return { name, ...withoutUndefined({ keeps, seconds }) };
}

/** Says how to come back. */
export function tellDetached(
  program: Program,
  { name }: DetachOptions,
  { target }: TargetOptions,
): void {
  const count = program.spec.layout.probeCount;
  const where = target === undefined ? "" : ` -t ${target}`;
  process.stderr.write(
    `${name} is at work on its own, with ${count} ${count === 1 ? "probe" : "probes"}: sonde attach ${name}${where}\n`,
  );
}
