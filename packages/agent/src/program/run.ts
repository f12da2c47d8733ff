import { ListenError } from "../listeners/listener-error.js";
import { UnsupportedPlatformError } from "../system/unsupported-platform-error.js";
import { assertNever } from "./assert-never.js";
import { type Command, parseCommandLine } from "./command-line.js";
import { exitCodes } from "./exit-codes.js";
import { helpText } from "./help.js";
import { generateKey } from "./key-file.js";
import { RelayError, RelayHeldError } from "./relay-error.js";
import { type Runtime } from "./runtime.js";
import { serve } from "./serve.js";
import { UsageError } from "./usage-error.js";
import { version } from "./version.js";

/** Runs sonde-agent; gives its exit code. */
export async function runCommand(runtime: Runtime, args: readonly string[]): Promise<number> {
  try {
    await execute(
      runtime,
      parseCommandLine(args, () => runtime.workingFolder()),
    );
    return exitCodes.fine;
  } catch (error) {
    return reportFailure(runtime, error);
  }
}

async function execute(runtime: Runtime, command: Command): Promise<void> {
  switch (command.kind) {
    case "help":
      runtime.print("output", helpText);
      return;
    case "version":
      runtime.print("output", `sonde-agent ${version}\n`);
      return;
    case "key":
      runtime.print("output", `${generateKey(runtime)}\n`);
      return;
    case "connect":
      if (runtime.hasTerminal) {
        throw new UsageError("connect is for a sonde at the other end, and this is a terminal");
      }
      await runtime.connect(command);
      return;
    case "pin":
      runtime.print("output", `${runtime.readPin(command.certificateFile)}\n`);
      return;
    case "serve":
      await serve(runtime, command);
      return;
    default:
      assertNever(command);
  }
}

function reportFailure(runtime: Runtime, error: unknown): number {
  if (error instanceof UsageError) {
    runtime.print(
      "errors",
      `sonde-agent: ${error.message}\n(sonde-agent --help shows the options)\n`,
    );
    return exitCodes.wrongCommandLine;
  }
  if (error instanceof ListenError || error instanceof RelayError) {
    const hint = error.hint === undefined ? "" : `(${error.hint})\n`;
    runtime.print("errors", `sonde-agent: ${error.message}\n${hint}`);
    return exitCodes.cannotListen;
  }
  if (error instanceof UnsupportedPlatformError) {
    runtime.print("errors", `sonde-agent: ${error.message}\n`);
    return exitCodes.unsupported;
  }
  if (error instanceof RelayHeldError) {
    runtime.print("errors", `sonde-agent: ${error.message}\n`);
    return exitCodes.held;
  }
  throw error;
}
