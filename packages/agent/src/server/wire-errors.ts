import { type ErrorCode, type WireError } from "@sonde/protocol";
import { type Target } from "../features/target.js";
import {
  BusyError,
  CancelledError,
  ForbiddenError,
  HandleError,
  LimitError,
  MissingError,
  NotSupportedError,
  RefusalError,
  RefusedError,
  RequestError,
  SyscallError,
  VerifierError,
} from "../kernel/errors.js";
import { hintFor } from "./hints.js";

/** A step of a plan was refused, and what steps before it made has been undone. */
export class PlanStepError extends RefusalError {
  override readonly name = "PlanStepError";
  readonly step: number;
  readonly refusal: RefusalError;
  constructor(step: number, refusal: RefusalError) {
    super(refusal.message, { cause: refusal });
    this.step = step;
    this.refusal = refusal;
  }
}

/** A refusal as it crosses the wire; `undefined` for a fault of our own. */
export function toWireError(target: Target, error: unknown): WireError | undefined {
  if (!(error instanceof RefusalError)) return undefined;
  if (error instanceof PlanStepError) {
    const wire = toWireError(target, error.refusal);
    return wire === undefined ? undefined : { ...wire, step: error.step };
  }
  const telling = tellingError(error);
  return {
    code: codeOf(target, telling),
    // RefusedError's own message lists every attempt.
    message: error.message.slice(0, 65_536),
    ...hintOf(target, error, telling),
    ...detailsOf(telling),
  };
}

/** Of several attempts the first that the kernel was asked for: that it lacks a newer mechanism explains nothing. */
function tellingError(error: RefusalError): RefusalError {
  if (!(error instanceof RefusedError)) return error;
  const errors = error.attempts.map((attempt) => tellingError(attempt.error));
  return errors.find((one) => !(one instanceof NotSupportedError)) ?? errors[0] ?? error;
}

const codes: readonly (readonly [new (...args: never[]) => RefusalError, ErrorCode])[] = [
  [VerifierError, "verifier"],
  [NotSupportedError, "unsupported"],
  [MissingError, "missing"],
  [ForbiddenError, "forbidden"],
  [LimitError, "limit"],
  [BusyError, "busy"],
  [HandleError, "handle"],
  [RequestError, "protocol"],
  [CancelledError, "cancelled"],
];

function codeOf(target: Target, error: RefusalError): ErrorCode {
  // What is asked for by name is looked up by perf_event_open: a symbol, a file.
  const isMissing =
    error instanceof SyscallError &&
    error.syscall === "perf_event_open" &&
    error.errno === target.kernel.errno.ENOENT;
  if (isMissing) return "missing";
  return codes.find(([type]) => error instanceof type)?.[1] ?? "syscall";
}

function hintOf(
  target: Target,
  error: RefusalError,
  telling: RefusalError,
): { readonly hint?: string } {
  const hint =
    error.hint ?? (telling instanceof SyscallError ? hintFor(target, telling) : telling.hint);
  return hint === undefined ? {} : { hint };
}

function detailsOf(error: RefusalError): Partial<WireError> {
  if (error instanceof SyscallError) return { syscall: error.syscall, errno: error.errno };
  if (error instanceof VerifierError) return { errno: error.errno, log: error.log };
  if (error instanceof LimitError) return { limit: error.limit };
  return {};
}
