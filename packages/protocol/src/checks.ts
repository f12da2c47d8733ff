import type * as z from "zod/mini";
import { agentMessage, type AgentMessage, hostMessage, type HostMessage } from "./control.js";
import { describeIssue } from "./describe-issue.js";
import { handle, type Handle } from "./handles.js";
import { type MethodName, methods, type ParsedParams, type Result } from "./methods.js";
import { errorCode, type ErrorCode } from "./wire-error.js";

/** A value as its schema wants it, or the first thing that is wrong with it. */
export type Checked<T> =
  | { readonly isRight: true; readonly value: T }
  | { readonly isRight: false; readonly fault: string };

/**
 * What each side checks of all that the other sends. The programs have this file's functions made of the same schemas at build
 * time, without zod: see compact-checks.ts.
 */
export function checkHostMessage(envelope: unknown): Checked<HostMessage> {
  return check(hostMessage, envelope);
}

export function checkParams<M extends MethodName>(
  method: M,
  params: unknown,
): Checked<ParsedParams<M>> {
  // The schema of exactly this method made it; TypeScript does not follow the index into the table.
  return check<unknown>(methods[method].params, params) as Checked<ParsedParams<M>>;
}

export function checkAgentMessage(envelope: unknown): Checked<AgentMessage> {
  return check(agentMessage, envelope);
}

export function checkResult<M extends MethodName>(method: M, result: unknown): Checked<Result<M>> {
  return check<unknown>(methods[method].result, result) as Checked<Result<M>>;
}

/** A handle, or an error's code, from a file rather than from the other side. */
export function isHandle(value: unknown): value is Handle {
  return check(handle, value).isRight;
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return check(errorCode, value).isRight;
}

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(methods, name);
}

function check<T>(schema: z.ZodMiniType<T>, value: unknown): Checked<T> {
  const parsed = schema.safeParse(value);
  return parsed.success
    ? { isRight: true, value: parsed.data }
    : { isRight: false, fault: describeIssue(parsed.error) };
}
