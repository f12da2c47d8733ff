import { type KernelFunction } from "../../answers.js";
import { parseIntegerLiteral } from "../../syntax/integer-literal.js";
import { isPattern, type AttachPointContext, type ProbePart } from "./attach-point-context.js";
import { type ConcreteProbe } from "./concrete-probe.js";
import { typesFileHint } from "../types-file-hint.js";

/** What of the kernel a probe is on, as it was written. */
interface Target {
  /** "vfs_*", and what stands before it when it is in a module. */
  readonly pattern: string;
  readonly module: string | undefined;
  readonly part: ProbePart;
}

/** `kprobe:function`, `kprobe:module:function`, `kprobe:function+offset`, `kprobe:vfs_*`, `kretprobe:function`. */
export function expandKprobe(context: AttachPointContext): ConcreteProbe[] {
  const target = readTarget(context);
  if (target === undefined) return [];
  const { part, module } = target;
  const isReturn = context.type === "kretprobe";
  if (isPattern(target.pattern)) {
    return matching(context, target).map((found) =>
      kprobe(context, { ...found, offset: 0n, isReturn, isOneOfMany: true }),
    );
  }
  const match = /^([A-Za-z_][\w.$]*)(?:\+(\w+))?$/.exec(target.pattern);
  const offset = parseIntegerLiteral(match?.[2] ?? "0");
  if (match === null || offset.kind === "invalid") {
    const text = match?.[2] ?? "";
    const message =
      match === null
        ? `${JSON.stringify(part.text)} is not a function of the kernel's`
        : `Invalid offset: invalid integer: ${text}`;
    context.fault(message);
    return [];
  }
  if (isReturn && match[2] !== undefined) {
    context.fault("Offset not allowed", context.span, [
      "A kretprobe is hit when the function returns.",
    ]);
    return [];
  }
  const name = match[1] ?? "";
  const place = { name, module, isReturn, offset: offset.value, isOneOfMany: false };
  return [{ ...kprobe(context, place), name: nameOf(context, module, target.pattern) }];
}

function kprobe(
  context: AttachPointContext,
  place: KernelFunction & {
    readonly offset: bigint;
    readonly isReturn: boolean;
    readonly isOneOfMany: boolean;
  },
): ConcreteProbe {
  const { name, module, offset, isReturn, isOneOfMany } = place;
  const symbol = module === undefined ? name : `${module}:${name}`;
  const ifRefused = context.ifMissing ?? (isOneOfMany ? "warn" : undefined);
  return {
    name: nameOf(context, module, name),
    type: context.type,
    programType: "kprobe",
    place: undefined,
    attachment: {
      kind: "kprobe",
      symbol,
      offset,
      isReturn,
      ...(ifRefused === undefined ? {} : { ifRefused }),
      ...(context.ifMissing === undefined && isOneOfMany ? { isOneOfMany } : {}),
    },
    context: "registers",
    functionName: name,
    fields: [],
    parameters: undefined,
    result: undefined,
    pointerSpace: "kernel",
    span: context.span,
  };
}

/** `fentry:function`, `fentry:module:function`, `fentry:vfs_*`, `fexit:function`. */
export function expandFentry(context: AttachPointContext): ConcreteProbe[] {
  const target = readTarget(context);
  if (target === undefined) return [];
  if (!context.target.hasBtf) {
    const message = `${context.type} needs the kernel's types (BTF), which this target lacks`;
    const instead = context.type === "fexit" ? "kretprobe" : "kprobe";
    context.fault(message, context.span, [typesFileHint, `${instead}: does without them.`]);
    return [];
  }
  if (target.module !== undefined) {
    const message = `${context.type} probes on functions of modules are not supported yet`;
    context.diagnostics.error("not-supported", target.part.span, message);
    return [];
  }
  if (isPattern(target.pattern)) {
    return matching(context, target).flatMap(({ name, module }) =>
      module === undefined ? fentry(context, target, name) : [],
    );
  }
  if (!/^[A-Za-z_][\w.$]*$/.test(target.pattern)) {
    const { text, span } = target.part;
    context.fault(`${JSON.stringify(text)} is not a function of the kernel's`, span);
    return [];
  }
  return fentry(context, target, target.pattern);
}

function fentry(context: AttachPointContext, target: Target, name: string): ConcreteProbe[] {
  const answer = context.ask<"kernelFunctionType">({ kind: "kernelFunctionType", name });
  if (answer === undefined) return [];
  if (answer.type === undefined) {
    // What matches a pattern may be a function that the compiler has changed: those have no types.
    if (!isPattern(target.pattern)) {
      context.noMatch(`The kernel's types (BTF) have no function ${name}`, answer.near);
    }
    return [];
  }
  const isReturn = context.type === "fexit";
  return [
    {
      name: nameOf(context, undefined, name),
      type: context.type,
      programType: "tracing",
      place: { expectedAttachType: isReturn ? "trace_fexit" : "trace_fentry", attachTo: name },
      attachment: { kind: "tracing", ...context.optional },
      context: "rawTracepoint",
      functionName: name,
      fields: [],
      parameters: answer.type.parameters,
      result: isReturn ? answer.type.result : undefined,
      pointerSpace: "kernel",
      span: context.span,
    },
  ];
}

/** The last two parts; reports a probe that has others. */
function readTarget(context: AttachPointContext): Target | undefined {
  const isTyped = context.type === "fentry" || context.type === "fexit";
  const wording = isTyped
    ? { ifEmpty: "fentry/fexit should specify a function", shown: "1 or 3" }
    : { ifEmpty: "kprobes should be attached to a function or an address" };
  if (!context.takes([1, 2], "function", wording)) return undefined;
  const part = context.parts.at(-1);
  if (part === undefined) return undefined;
  const module = context.parts.length === 2 ? context.parts[0]?.text : undefined;
  // The kernel itself, as bpftrace calls it.
  return { pattern: part.text, module: module === "vmlinux" ? undefined : module, part };
}

function matching(context: AttachPointContext, target: Target): readonly KernelFunction[] {
  const { module, pattern } = target;
  const whole = module === undefined ? pattern : `${module}:${pattern}`;
  const answer = context.ask<"kernelFunctions">({ kind: "kernelFunctions", pattern: whole });
  if (answer === undefined) return [];
  if (answer.functions.length === 0) {
    context.noMatch(`No function of the kernel's matches ${whole}`, answer.near);
  }
  return answer.functions;
}

function nameOf(context: AttachPointContext, module: string | undefined, name: string): string {
  return [context.type, module, name].filter((part) => part !== undefined).join(":");
}
