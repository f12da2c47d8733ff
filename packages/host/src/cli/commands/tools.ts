import { Argument, InvalidArgumentError, Option, type Command } from "commander";
import { type Tool, ToolOptionError } from "../../tools/tool.js";
import { tools } from "../../tools/registry.js";
import { hasScript, readScript } from "../../tools/script-file.js";
import { UsageError } from "../exit-code.js";
import { addHeatMapOption } from "../heat-map-file.js";
import { addPictureOptions } from "../picture-options.js";
import { addRateOptions } from "../rate-status.js";
import { runTool, type RunToolOptions } from "../run-tool.js";
import { addTimelineOption } from "../timeline-file.js";
import { addClockOption, addPushOptions, addTargetOptions } from "../target-options.js";

/**
 * Adds a command for each tool, and `sonde tools`, which lists them; the one of that name alone, where there is such a tool:
 * then it says so.
 */
export function addToolCommands(program: Command, name?: string): boolean {
  const named = tools.find((tool) => tool.name === name);
  for (const tool of named === undefined ? tools : [named]) addToolCommand(program, tool);
  if (named !== undefined) return true;
  program
    .command("tools")
    .description("list the ready-made tools")
    .option("--show <tool>", "print a tool's program, to be read or copied")
    .addHelpText(
      "after",
      "\nExamples:\n  sonde tools\n  sonde opensnoop --help\n  sonde tools --show runqlat > my.bt     then: sonde trace my.bt",
    )
    .action(({ show }: { readonly show?: string }) => {
      if (show !== undefined) {
        process.stdout.write(programOf(show));
        return;
      }
      const rows = tools.map((tool) => `${tool.name.padEnd(14)}${tool.summary}\n`);
      process.stdout.write(rows.join(""));
    });
  return false;
}

function addToolCommand(program: Command, tool: Tool): void {
  const command = program.command(tool.name).summary(tool.summary).description(tool.description);
  for (const one of tool.options) {
    const option = new Option(one.flags, one.description);
    if (one.default !== undefined) option.default(one.default);
    if (one.parse !== undefined) option.argParser(parserOf(one.parse));
    command.addOption(option);
  }
  const named = tool.arguments ?? [];
  for (const { name, description, isRequired, parse } of named) {
    const argument = new Argument(isRequired === true ? `<${name}>` : `[${name}]`, description);
    if (parse !== undefined) argument.argParser(parserOf(parse));
    command.addArgument(argument);
  }
  if (tool.hasStacks === true) addPictureOptions(command);
  if (tool.hasTimes === true) addTimelineOption(command);
  if (tool.hasHistograms === true) addHeatMapOption(command);
  addPushOptions(addTargetOptions(addRateOptions(addClockOption(command))))
    .option("--json", "one JSON object for each event")
    .option(hasShort(tool, "-o") ? "--output <file>" : "-o, --output <file>", "write to a file")
    .option("--fail-on-lost", "end with exit code 4 when events were lost")
    .option("--verifier-log", "show the whole log when the kernel's verifier refuses")
    .addHelpText("after", formatExamples(tool))
    .action(async () => {
      const words = command.processedArgs as readonly unknown[];
      const given = named.flatMap(({ name }, at) =>
        words[at] === undefined ? [] : [[name, words[at]] as const],
      );
      process.exitCode = await runTool(tool, {
        ...command.opts<RunToolOptions>(),
        ...Object.fromEntries(given),
      });
    });
}

/** Throws UsageError for a tool that there is not, or whose program depends on its options. */
function programOf(name: string): string {
  if (!tools.some((tool) => tool.name === name)) {
    throw new UsageError(`tools: there is no tool ${name}`, { hint: "sonde tools lists them" });
  }
  if (!hasScript(name)) {
    throw new UsageError(`tools: ${name} makes its program by its options`, {
      hint: `sonde tools --show prints those that are files: ${tools
        .map((tool) => tool.name)
        .filter(hasScript)
        .join(" ")}`,
    });
  }
  return readScript(name);
}

/** Some of BCC's letters are other options' elsewhere. */
function hasShort({ options }: Tool, letter: string): boolean {
  return options.some(({ flags }) => flags.startsWith(`${letter},`));
}

/** Says what is wrong with an option's text as commander does. */
function parserOf(
  parse: (text: string, previous: unknown) => unknown,
): (text: string, previous: unknown) => unknown {
  return (text, previous) => {
    try {
      return parse(text, previous);
    } catch (error) {
      if (error instanceof ToolOptionError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

function formatExamples(tool: Tool): string {
  const width = Math.max(...tool.examples.map(([command]) => command.length));
  return `\nExamples:\n${tool.examples.map(([command, purpose]) => `  ${command.padEnd(width)}   ${purpose}`).join("\n")}`;
}
