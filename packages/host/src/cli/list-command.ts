import { statSync } from "node:fs";
import { isError, type Diagnostic } from "../language/diagnostic.js";
import { ProgramError, type Target } from "../trace/target.js";
import { printProbes, printProbesOf } from "./commands/probes.js";
import { exitCodes } from "./exit-code.js";
import { coloredMessage } from "./message-color.js";
import { readProgramWords } from "./program-words.js";
import {
  filesOf,
  parseScript,
  readScript,
  settingsOf,
  show,
  stdinScript,
  type Script,
} from "./script.js";
import { connectTarget, type TargetOptions } from "./target-options.js";

interface ListOptions extends TargetOptions {
  readonly e?: string;
  readonly pid?: number;
  readonly I: readonly string[];
  readonly include: readonly string[];
}

/** -l: what matches a pattern, or what the probes of a script do. */
export async function list(
  given: string | true,
  first: string | undefined,
  options: ListOptions,
): Promise<void> {
  // -lv is -l and -v, as bpftrace has it, and -q is of no use here.
  const flags = given !== true && /^[vq]+$/.test(given) ? given : "";
  const pattern = given === true || flags !== "" ? (first ?? "*") : given;
  const script = options.e === undefined ? openListed(pattern) : stdinScript(options.e);
  const long = options.verbose === true || flags.includes("v");
  const asked = { ...options, long, failsOnNone: false };
  if (script === undefined) {
    await printProbes(pattern, asked);
    return;
  }
  if (parseScript(script, options) === undefined) return;
  await using target = await connectTarget(options);
  const faults = await faultsOfProbes(target, script, options);
  if (faults.some(isError)) {
    show(script, faults);
    process.exitCode = exitCodes.wrongInput;
    return;
  }
  await printProbesOf(target, { script: script.source }, asked);
}

/** The script that -l names, when that is a file. */
function openListed(pattern: string): Script | undefined {
  if (!/^[^:*]+$/.test(pattern)) return undefined;
  if (statSync(pattern, { throwIfNoEntry: false })?.isFile() === true) {
    return { name: pattern, isFile: true, source: readScript(pattern), parameters: [] };
  }
  if (pattern.includes(".")) {
    const reason = `'${pattern}' is a filename but the file does not exist`;
    const text = `WARNING: It appears that ${reason}. Treating '${pattern}' as a search pattern.\n`;
    process.stderr.write(coloredMessage(text));
  }
  return undefined;
}

/** What is said of a program's probes: what else may be wrong with it is no matter where they are listed. */
async function faultsOfProbes(
  target: Target,
  script: Script,
  options: ListOptions,
): Promise<readonly Diagnostic[]> {
  try {
    await target.compile(script.source, {
      ...readProgramWords(script.parameters),
      isUnsafe: true,
      sourceName: script.name,
      files: filesOf(script, options),
      includes: options.include,
      settings: settingsOf(process.env),
    });
    return [];
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    const codes: readonly string[] = ["unknown-probe-type", "bad-probe", "no-match"];
    return error.diagnostics.filter(({ code }) => codes.includes(code));
  }
}
