import { RemoteError } from "@sonde/protocol";
import { ConnectError, TargetError } from "../session/errors.js";
import { exitCodeOf, UsageError } from "./exit-code.js";
import { summarizeVerifierLog } from "./verifier-log.js";

/** Says on standard error what went wrong and what to do; gives the exit code. */
export function reportError(
  error: unknown,
  options: { readonly showsVerifierLog: boolean },
): number {
  const code = exitCodeOf(error);
  if (code === undefined) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`sonde: a fault of sonde's own, please report it: ${detail}\n`);
    return 1;
  }
  process.stderr.write(`sonde: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof RemoteError && error.details.log !== undefined) {
    const { log } = error.details;
    process.stderr.write(
      options.showsVerifierLog ? `${log.trimEnd()}\n` : summarizeVerifierLog(log),
    );
  }
  const hint = hintOf(error);
  if (hint !== undefined) process.stderr.write(`HINT: ${hint}\n`);
  return code;
}

function hintOf(error: unknown): string | undefined {
  if (error instanceof RemoteError) return error.details.hint;
  if (
    error instanceof UsageError ||
    error instanceof TargetError ||
    error instanceof ConnectError
  ) {
    return error.hint;
  }
  return undefined;
}
