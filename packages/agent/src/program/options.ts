import { UsageError } from "./usage-error.js";

/** What options there are: those that stand alone, and those that are followed by a value. */
export interface OptionNames<Flag extends string, Valued extends string> {
  readonly flags: readonly Flag[];
  readonly valued: readonly Valued[];
  /** Single letters, with the option each stands for. */
  readonly letters: Readonly<Record<string, Flag | Valued>>;
}

/** What stands on a command line. */
export interface ParsedOptions<Flag extends string, Valued extends string> {
  /** The options that were given, without their dashes. */
  readonly names: readonly (Flag | Valued)[];
  readonly positionals: readonly string[];
  has(name: Flag | Valued): boolean;
  /** What was given last. */
  value(name: Valued): string | undefined;
  values(name: Valued): readonly string[];
}

/** Options in the manner of GNU: --name, --name value, --name=value, -x; none after "--". Throws UsageError. */
export function parseOptions<Flag extends string, Valued extends string>(
  args: readonly string[],
  known: OptionNames<Flag, Valued>,
): ParsedOptions<Flag, Valued> {
  const given = new Map<Flag | Valued, string[]>();
  const positionals: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") {
      positionals.push(...rest.splice(0));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      positionals.push(arg);
      continue;
    }
    const { name, value } = splitOption(arg, known.letters);
    const flag = known.flags.find((one) => one === name);
    const valued = known.valued.find((one) => one === name);
    if (flag !== undefined) {
      if (value !== undefined) throw new UsageError(`option '--${flag}' does not take an argument`);
      given.set(flag, []);
    } else if (valued !== undefined) {
      const values = given.get(valued) ?? [];
      given.set(valued, [...values, value ?? takeValue(valued, rest)]);
    } else {
      throw new UsageError(`unknown option '${arg}'`);
    }
  }
  const values = (name: Valued): readonly string[] => given.get(name) ?? [];
  return {
    names: [...given.keys()],
    positionals,
    has: (name) => given.has(name),
    value: (name) => values(name).at(-1),
    values,
  };
}

/** Name (of a letter, what it stands for) and what follows "=". */
function splitOption(
  arg: string,
  letters: Readonly<Record<string, string>>,
): { name: string | undefined; value: string | undefined } {
  if (!arg.startsWith("--")) return { name: letters[arg.slice(1)], value: undefined };
  const equals = arg.indexOf("=");
  if (equals === -1) return { name: arg.slice(2), value: undefined };
  return { name: arg.slice(2, equals), value: arg.slice(equals + 1) };
}

function takeValue(name: string, rest: string[]): string {
  const [value] = rest;
  // What looks like an option is one: the value was forgotten. It can still be given as --name=-value.
  if (value === undefined || (value.startsWith("-") && value !== "-")) {
    throw new UsageError(`option '--${name} <value>' argument missing`);
  }
  rest.shift();
  return value;
}
