import { existsSync, readFileSync } from "node:fs";
import { type Diagnostic } from "../language/diagnostic.js";
import { locateDiagnostic, parse } from "../language/parse.js";
import { renderDiagnostic } from "../language/render-diagnostic.js";
import { BpftraceUsageError, exitCodes, UsageError } from "./exit-code.js";
import { coloredMessage } from "./message-color.js";
import { ScriptFiles } from "./script-files.js";

/** A program in bpftrace's language, as it was given. */
export interface Script {
  readonly name: string;
  /** The name is that of a file. */
  readonly isFile?: true;
  /** The word that it was named by. */
  readonly operand?: string;
  readonly source: string;
  readonly parameters: readonly string[];
}

/** -e, a file, standard input, or the program itself as the first word. */
export function chooseScript(
  first: string | undefined,
  rest: readonly string[],
  inline: string | undefined,
): Script {
  if (inline === "") throw new BpftraceUsageError("USAGE: filename or -e 'program' required.");
  if (inline !== undefined) {
    return {
      name: "stdin",
      source: inline,
      parameters: first === undefined ? [] : [first, ...rest],
    };
  }
  if (first === undefined) {
    throw new UsageError("trace: no program given", {
      hint: "give a script's file, or a program after -e",
    });
  }
  if (first === "-")
    return { name: "stdin", operand: first, source: readFileSync(0, "utf8"), parameters: rest };
  if (existsSync(first)) {
    return {
      name: first,
      isFile: true,
      operand: first,
      source: readScript(first),
      parameters: rest,
    };
  }
  if (first.includes("{"))
    return { name: "stdin", operand: first, source: first, parameters: rest };
  throw new BpftraceUsageError(`failed to open file '${first}': No such file or directory`, {
    hint: "a program itself has braces: 'probe { … }'",
  });
}

/** Its text. Throws UsageError. */
export function readScript(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new UsageError(
      `trace: ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

/** The files that it may include. */
export function filesOf(
  { isFile, name }: Script,
  { I: folders }: { readonly I: readonly string[] },
): ScriptFiles {
  return new ScriptFiles(isFile === true ? name : undefined, folders);
}

/** Says what is wrong with it. */
export function show(
  { source, name: sourceName }: Script,
  diagnostics: readonly Diagnostic[],
): void {
  for (const one of diagnostics)
    process.stderr.write(coloredMessage(renderDiagnostic(one, { source, sourceName })));
}

/** As it reads; says what is wrong with it, and sets the exit code, when it cannot be read. */
export function parseScript(
  script: Script,
  options: { readonly I: readonly string[] },
): ReturnType<typeof parse>["program"] {
  const { program, sources, diagnostics } = parse(script.source, {
    files: filesOf(script, options),
  });
  if (program === undefined) {
    show(
      script,
      diagnostics.map((one) => locateDiagnostic(one, sources)),
    );
    process.exitCode = exitCodes.wrongInput;
  }
  return program;
}

/** bpftrace's settings in the environment: BPFTRACE_MAX_STRLEN=200. */
export function settingsOf(environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const prefix = "BPFTRACE_";
  const found = Object.entries(environment).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(
    found.map(([name, value]) => [name.slice(prefix.length).toLowerCase(), value ?? ""]),
  );
}

/** One that was given after -e. */
export function stdinScript(source: string): Script {
  return { name: "stdin", source, parameters: [] };
}
