import { RemoteError } from "@sonde/protocol";
import { DecodeError } from "../output/decode-error.js";
import { ClangError } from "../clang/clang-error.js";
import { ObjectError } from "../object/object-error.js";
import { ConnectError, TargetError } from "../session/errors.js";
import { UnattachedError } from "../session/refusals.js";
import { BpftraceUsageError, exitCodeOf, UsageError } from "./exit-code.js";
import { coloredMessage } from "./message-color.js";
import { printable } from "./printable.js";
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
  if (error instanceof UnattachedError) {
    tell(
      `ERROR: Unable to attach probe: ${error.probe}. If this is expected, set the 'missing_probes' config variable to 'warn'.`,
    );
  }
  const lead = error instanceof BpftraceUsageError ? "ERROR" : "sonde";
  tell(`${lead}: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof RemoteError && error.details.log !== undefined) {
    const { log } = error.details;
    tell((options.showsVerifierLog ? log : summarizeVerifierLog(log)).trimEnd());
  }
  const hint = hintOf(error);
  if (hint !== undefined) tell(`HINT: ${hint}`);
  return code;
}

/** Much of it is what an agent said, or who pretends to be one. */
function tell(text: string): void {
  process.stderr.write(`${coloredMessage(printable(text))}\n`);
}

function hintOf(error: unknown): string | undefined {
  if (error instanceof RemoteError) return error.details.hint;
  if (error instanceof DecodeError) {
    return "what came from the target are no events: someone in between has changed them (over wss:// or ssh:// nobody can), or this is a fault of sonde's own: then please report it";
  }
  if (
    error instanceof UsageError ||
    error instanceof ObjectError ||
    error instanceof ClangError ||
    error instanceof TargetError ||
    error instanceof ConnectError
  ) {
    return error.hint;
  }
  return undefined;
}
