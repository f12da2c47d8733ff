import { writeSync } from "node:fs";
import { ListenError } from "../system/node/listener-error.js";
import { UnsupportedPlatformError } from "../system/node/koffi-binding.js";
import { assertNever } from "./assert-never.js";
import { type Command, parseCommandLine, UsageError } from "./command-line.js";
import { connectToAgent } from "./connect.js";
import { exitCodes } from "./exit-codes.js";
import { helpText } from "./help.js";
import { generateKey } from "./key-file.js";
import { RelayError, RelayHeldError } from "./relay-error.js";
import { serve } from "./serve.js";
import { readPin } from "./tls-files.js";
import { version } from "./version.js";

const standardOutput = 1;
const standardError = 2;

/** Runs sonde-agent; gives its exit code. */
export async function runCommand(args: readonly string[]): Promise<number> {
  try {
    await execute(parseCommandLine(args));
    return exitCodes.fine;
  } catch (error) {
    return reportFailure(error);
  }
}

async function execute(command: Command): Promise<void> {
  switch (command.kind) {
    case "help":
      print(standardOutput, helpText);
      return;
    case "version":
      print(standardOutput, `sonde-agent ${version}\n`);
      return;
    case "key":
      print(standardOutput, `${generateKey()}\n`);
      return;
    case "connect":
      await connectToAgent(command);
      return;
    case "pin":
      print(standardOutput, `${readPin(command.certificateFile)}\n`);
      return;
    case "serve":
      await serve(command);
      return;
    default:
      assertNever(command);
  }
}

function reportFailure(error: unknown): number {
  if (error instanceof UsageError) {
    print(standardError, `sonde-agent: ${error.message}\n(sonde-agent --help shows the options)\n`);
    return exitCodes.wrongCommandLine;
  }
  if (error instanceof ListenError || error instanceof RelayError) {
    const hint = error.hint === undefined ? "" : `(${error.hint})\n`;
    print(standardError, `sonde-agent: ${error.message}\n${hint}`);
    return exitCodes.cannotListen;
  }
  if (error instanceof UnsupportedPlatformError) {
    print(standardError, `sonde-agent: ${error.message}\n`);
    return exitCodes.unsupported;
  }
  if (error instanceof RelayHeldError) {
    print(standardError, `sonde-agent: ${error.message}\n`);
    return exitCodes.held;
  }
  throw error;
}

/** Written at once: the process ends right after. */
function print(fd: number, text: string): void {
  try {
    writeSync(fd, text);
  } catch {
    // Whoever should have read it (`sonde-agent --help | head -1`) has gone.
  }
}
