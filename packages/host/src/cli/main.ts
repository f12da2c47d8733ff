import { ConnectionClosedError } from "@sonde/protocol";
import { exitCodes, InterruptedError } from "./exit-code.js";
import { wasInterrupted } from "./interrupts.js";
import { createProgram } from "./program.js";
import { reportError } from "./report-error.js";

/** Runs `sonde` with the process's arguments; gives its exit code. */
async function main(): Promise<number> {
  try {
    await createProgram(process.argv[2]).parseAsync();
    return typeof process.exitCode === "number" ? process.exitCode : exitCodes.fine;
  } catch (error) {
    const isCutShort = wasInterrupted() && error instanceof ConnectionClosedError;
    return reportError(isCutShort ? new InterruptedError("interrupted") : error, {
      showsVerifierLog: process.argv.includes("--verifier-log"),
    });
  }
}

/** What a pipe has not taken yet, exiting would lose. Fulfilled also when nobody reads any more. */
async function written(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0) return;
  await new Promise((resolve) => stream.write("", resolve));
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Nobody reads any more, as behind `| head`. A trace's output sees itself to all that can be wrong with it.
  if (error.code !== "EPIPE" && process.stdout.listenerCount("error") === 1) throw error;
});

void main().then(async (code) => {
  await Promise.all([written(process.stdout), written(process.stderr)]);
  process.exit(code);
});
