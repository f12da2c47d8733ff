import { type Command } from "commander";
import { existsSync, readFileSync } from "node:fs";
import { type Inspection } from "../../inspect/inspect-target.js";
import {
  addPushOptions,
  addTargetOptions,
  connectTarget,
  type TargetOptions,
} from "../target-options.js";
import { defaultOptions } from "../../tools/default-options.js";
import { tools } from "../../tools/registry.js";
import { type Tool } from "../../tools/tool.js";
import { recordTarget } from "../../trace/record-target.js";
import { type Target } from "../../trace/target.js";
import { writeTargetRecord } from "../../trace/target-record.js";
import { UsageError } from "../exit-code.js";
import { formatInfo, type InfoParts } from "../format-info.js";
import { readInfo } from "../read-info.js";
import { styleFor } from "../style.js";

interface InfoOptions extends TargetOptions {
  readonly json?: boolean;
  readonly record?: string;
}

/** Where the output is no terminal. */
const usualWidth = 110;

const examples = `
Each kind of probe is tried: a program that does nothing is attached to something that runs seldom, and removed.

What --record writes is enough to compile programs without the target: the formats of all its tracepoints, the types that are
asked for most, and what the programs given here and the tools need.

Examples:
  sonde info
  sonde info -t ws://board:4650 --key-file board.key --json
  sonde info -t board --record board.target
  sonde info -t board --record board.target script.bt 'uprobe:libc:malloc { @ = count(); }'
  sonde trace --target-description board.target script.bt`;

/** Adds `sonde info`. */
export function addInfoCommand(program: Command): void {
  const command = program
    .command("info")
    .description("which probes work on a target, which do not, why not, and what to do about it")
    .argument("[programs...]", "with --record: scripts' files, or programs")
    .option("--json", "as one JSON object")
    .option(
      "--record <file>",
      "write a description of the target to compile by, in place of the report",
    )
    .addHelpText("after", examples)
    .action(infoCommand);
  addPushOptions(addTargetOptions(command));
}

async function infoCommand(programs: readonly string[], options: InfoOptions): Promise<void> {
  if (options.record === undefined && programs.length > 0) {
    throw new UsageError("info: programs are given to be recorded: --record FILE");
  }
  const sources = programs.map(readProgram);
  await using target = await connectTarget(options, { asksFeaturesAnew: true });
  if (options.record !== undefined) {
    await record(target, sources, options.record);
    return;
  }
  await printInfo(target, options);
}

async function printInfo({ session }: Target, options: { readonly json?: boolean }): Promise<void> {
  const parts = await readInfo(session);
  const { stdout } = process;
  const width = stdout.isTTY ? stdout.columns : usualWidth;
  stdout.write(
    options.json === true
      ? formatJson(parts)
      : formatInfo(parts, styleFor(stdout, process.env), width),
  );
}

/** A script's file, or the program itself. */
function readProgram(program: string): string {
  if (existsSync(program)) return readFileSync(program, "utf8");
  if (program.includes("{")) return program;
  throw new UsageError(`info: ${program}: no such file`, {
    hint: "a program itself has braces: 'probe { … }'",
  });
}

async function record(target: Target, sources: readonly string[], file: string): Promise<void> {
  const isReady = (tool: Tool): boolean =>
    tool.arguments?.every(({ isRequired }) => isRequired !== true) ?? true;
  const ofTools = tools
    .filter(isReady)
    .map((tool) => tool.create(defaultOptions(tool), target.description).program);
  writeTargetRecord(file, await recordTarget(target.session, [...ofTools, ...sources]));
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
