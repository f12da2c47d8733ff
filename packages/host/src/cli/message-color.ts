import { styleFor } from "./style.js";

const choices = ["auto", "always", "never"];

/** What $BPFTRACE_COLOR is to be, when it is something else. */
export function faultOfColorChoice(environment: NodeJS.ProcessEnv): string | undefined {
  const { BPFTRACE_COLOR: choice } = environment;
  if (choice === undefined || choices.includes(choice)) return undefined;
  return `WARNING: Invalid env value! The valid values of \`BPFTRACE_COLOR\` are [auto|always|never]. The current value is ${choice}!`;
}

/**
 * A message whose first line is red when it is an error and yellow when it is a warning: as $BPFTRACE_COLOR says, and without it
 * on a terminal.
 */
export function coloredMessage(
  text: string,
  output: { readonly isTTY?: boolean } = process.stderr,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const [line = "", ...rest] = text.split("\n");
  const [, level] = /^(?:\S+:\d+(?::\d+)?-\d+: )?(ERROR|WARNING): /.exec(line) ?? [];
  if (level === undefined) return text;
  const { BPFTRACE_COLOR: choice } = environment;
  if (choice === "never") return text;
  const { bad, unsure } =
    choice === "always" ? styleFor({ isTTY: true }, {}) : styleFor(output, environment);
  return [(level === "ERROR" ? bad : unsure)(line), ...rest].join("\n");
}

/** Says on standard error when $BPFTRACE_COLOR is no choice. */
export function tellColorChoice(): void {
  const fault = faultOfColorChoice(process.env);
  if (fault !== undefined) process.stderr.write(`${fault}\n`);
}
