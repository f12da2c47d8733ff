/** What a refusal needs besides its sentence. */
export interface RefusalOptions extends ErrorOptions {
  /** What the person can do about it. */
  readonly hint?: string;
}

/** The world refused something: the parent of all that the agent reports about what it was asked to do. */
export abstract class RefusalError extends Error {
  readonly hint: string | undefined;
  constructor(message: string, options: RefusalOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
  }
}

/** The kernel's answer to one system call. */
export interface SyscallFailure {
  /** What was being done, to what: "attach tracepoint sched:sched_switch". */
  readonly action: string;
  /** "perf_event_open", "bpf(BPF_MAP_CREATE)". */
  readonly syscall: string;
  readonly errno: number;
  /** "EPERM". */
  readonly errnoName: string;
}

/** The kernel refused a system call. */
export class SyscallError extends RefusalError {
  override readonly name = "SyscallError";
  readonly action: string;
  readonly syscall: string;
  readonly errno: number;
  readonly errnoName: string;
  constructor(failure: SyscallFailure, options?: RefusalOptions) {
    super(`${failure.action}: ${failure.syscall}: ${failure.errnoName}`, options);
    this.action = failure.action;
    this.syscall = failure.syscall;
    this.errno = failure.errno;
    this.errnoName = failure.errnoName;
  }
}

/** The verifier refused a program; `log` is all that it said. */
export class VerifierError extends RefusalError {
  override readonly name = "VerifierError";
  readonly errno: number;
  readonly log: string;
  constructor(action: string, errno: number, errnoName: string, log: string) {
    super(`${action}: the verifier refused it: ${errnoName}`);
    this.errno = errno;
    this.log = log;
  }
}

/** One way of doing something, and why it was refused. */
export interface Attempt {
  readonly mechanism: string;
  readonly error: RefusalError;
}

/** Every way of doing something was refused; the message lists them, newest mechanism first. */
export class RefusedError extends RefusalError {
  override readonly name = "RefusedError";
  readonly attempts: readonly Attempt[];
  constructor(action: string, attempts: readonly Attempt[], options?: RefusalOptions) {
    super(`${action}: ${attempts.flatMap(reasonsOf).join("; ")}`, options);
    this.attempts = attempts;
  }
}

/** Without the action, which the list's head says once; several where a mechanism has several ways itself. */
function reasonsOf({ mechanism, error }: Attempt): readonly string[] {
  if (error instanceof SyscallError) return [`${mechanism}: ${error.syscall}: ${error.errnoName}`];
  if (error instanceof RefusedError) {
    return error.attempts.flatMap(reasonsOf).map((reason) => `${mechanism}, ${reason}`);
  }
  return [`${mechanism}: ${error.message}`];
}

/** This kernel or agent lacks what was asked for. */
export class NotSupportedError extends RefusalError {
  override readonly name = "NotSupportedError";
}

/** A file, tracepoint or symbol that is not there. */
export class MissingError extends RefusalError {
  override readonly name = "MissingError";
}

/** A path outside the allow-list. */
export class ForbiddenError extends RefusalError {
  override readonly name = "ForbiddenError";
}

/** More than the agent's bounds allow. */
export class LimitError extends RefusalError {
  override readonly name = "LimitError";
  readonly limit: number;
  constructor(message: string, limit: number, options?: RefusalOptions) {
    super(`${message}: the limit is ${limit}`, options);
    this.limit = limit;
  }
}

/** Another has what was asked for. */
export class BusyError extends RefusalError {
  override readonly name = "BusyError";
}

/** No such handle in this session, or it names another kind of object. */
export class HandleError extends RefusalError {
  override readonly name = "HandleError";
}

/** A request that is well-formed and makes no sense. */
export class RequestError extends RefusalError {
  override readonly name = "RequestError";
}

/** The host took its request back, or its session ended meanwhile. */
export class CancelledError extends RefusalError {
  override readonly name = "CancelledError";
}
