import { parseId, parseSeconds } from "./parse-option.js";
import { type ToolArgument, type ToolOption, ToolOptionError } from "./tool.js";

export const durationArgument: ToolArgument = {
  name: "duration",
  description: "end after so many seconds",
  parse: parseSeconds,
};

/** -U and -K. */
export const whichStacks: readonly ToolOption[] = [
  { flags: "-U, --user-stacks-only", description: "only stacks of processes" },
  { flags: "-K, --kernel-stacks-only", description: "only stacks of the kernel" },
];

export const delimited: ToolOption = {
  flags: "-d, --delimited",
  description: "a line between the kernel's frames and the process's",
};

export const folded: ToolOption = {
  flags: "-f, --folded",
  description:
    "one line for each stack, from the outermost frame, as flame graph programs read them",
};

/** BCC's name for how many stacks are told apart. */
export const stackStorageSize: ToolOption = {
  flags: "--stack-storage-size <count>",
  description: "stacks that can be told apart",
  parse: parsePositive,
  default: 16384,
};

/** -m, -M and --state of the tools that measure for how long threads did not run. */
export const blockedTime: readonly ToolOption[] = [
  {
    flags: "-m, --min-block-time <microseconds>",
    description: "only times of at least so long",
    parse: parsePositive,
    default: 1,
  },
  {
    flags: "-M, --max-block-time <microseconds>",
    description: "only times of at most so long",
    parse: parsePositive,
  },
];

export const threadState: ToolOption = {
  flags: "--state <bits>",
  description: "only threads that stopped in one of these states, as 2 for an uninterruptible one",
  parse: parseId,
};

/** A whole number above 0. */
export function parsePositive(text: string): number {
  const value = parseId(text);
  if (value === 0) throw new ToolOptionError(`${text} is not above 0`);
  return value;
}

/** Process or thread ids with commas between them. */
export function parseIds(text: string): readonly number[] {
  return text.split(",").map(parseId);
}

/** Names of two options of which only one makes sense are given. Throws ToolOptionError. */
export function refuseBoth(
  options: Readonly<Record<string, unknown>>,
  ...pairs: readonly (readonly [string, string])[]
): void {
  for (const [one, other] of pairs) {
    const isGiven = (name: string): boolean =>
      options[name] !== undefined && options[name] !== false;
    if (isGiven(one) && isGiven(other))
      throw new ToolOptionError(`--${dashed(one)} or --${dashed(other)}, not both`);
  }
}

function dashed(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
