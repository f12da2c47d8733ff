import { ConnectionClosedError } from "@sonde/protocol";
import { exitCodes, InterruptedError } from "./exit-code.js";
import { wasInterrupted } from "./interrupts.js";
import { createProgram } from "./program.js";
import { reportError } from "./report-error.js";

/** Runs `sonde` with the process's arguments; gives its exit code. */
async function main(): Promise<number> {
  try {
    await createProgram().parseAsync();
    return typeof process.exitCode === "number" ? process.exitCode : exitCodes.fine;
  } catch (error) {
    const isCutShort = wasInterrupted() && error instanceof ConnectionClosedError;
    return reportError(isCutShort ? new InterruptedError("interrupted") : error, {
      showsVerifierLog: process.argv.includes("--verifier-log"),
    });
  }
}

void main().then((code) => process.exit(code));
