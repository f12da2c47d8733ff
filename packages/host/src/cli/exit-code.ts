import { ConnectionClosedError, ProtocolError, RemoteError } from "@sonde/protocol";
import { DecodeError } from "../output/decode-error.js";
import { ClangError } from "../clang/clang-error.js";
import { LackingError, ObjectError } from "../object/object-error.js";
import { ConnectError, TargetError } from "../session/errors.js";

/** What `sonde` ends with, for scripts. */
export const exitCodes = {
  fine: 0,
  /** The program or the command line is wrong. */
  wrongInput: 1,
  /** The target could not be reached, or did not take us in. */
  notReached: 2,
  /** The target's kernel (or its agent's rules) refused. */
  refused: 3,
  /** Events were lost and --fail-on-lost was given. */
  lost: 4,
  interrupted: 130,
} as const;

/** The exit code that an error stands for; `undefined` for a fault of our own. */
export function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof LackingError) return exitCodes.refused;
  const isWrong =
    error instanceof UsageError ||
    error instanceof TargetError ||
    error instanceof ObjectError ||
    error instanceof ClangError;
  if (isWrong) return exitCodes.wrongInput;
  if (error instanceof InterruptedError) return exitCodes.interrupted;
  const isNoAgent =
    error instanceof ConnectError ||
    error instanceof ConnectionClosedError ||
    error instanceof ProtocolError ||
    error instanceof DecodeError;
  if (isNoAgent) return exitCodes.notReached;
  if (error instanceof RemoteError) {
    const isNotReached =
      error.code === "authentication" ||
      error.code === "version" ||
      error.code === "protocol" ||
      error.code === "busy";
    return isNotReached ? exitCodes.notReached : exitCodes.refused;
  }
  return undefined;
}

/** Ctrl-C or SIGTERM came before a command was done. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

/** The command line, or a file it names, is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly hint: string | undefined;
  constructor(message: string, options?: ErrorOptions & { readonly hint?: string }) {
    super(message, options);
    this.hint = options?.hint;
  }
}

/** The same of `sonde trace`, in bpftrace's words, for scripts that look for them. */
export class BpftraceUsageError extends UsageError {}
