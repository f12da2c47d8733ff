import type * as z from "zod/mini";
import { hostMessage, type HostMessage } from "./control.js";
import { describeIssue } from "./describe-issue.js";
import { type MethodName, methods, type ParsedParams } from "./methods.js";

/** A value as its schema wants it, or the first thing that is wrong with it. */
export type Checked<T> =
  | { readonly isRight: true; readonly value: T }
  | { readonly isRight: false; readonly fault: string };

/**
 * What an agent checks of all that a host sends. The micro agent has this file's functions made of the same schemas at build
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

/** For tests: agents trust what they make themselves. */
export function checkResult(method: MethodName, result: unknown): Checked<unknown> {
  return check<unknown>(methods[method].result, result);
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
