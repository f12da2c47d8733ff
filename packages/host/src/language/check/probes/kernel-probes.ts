import { type Answer } from "../../answers.js";
import { parseTracepointFormat } from "../../tracepoint-format.js";
import { isPattern, type AttachPointContext } from "./attach-point-context.js";
import { type ConcreteProbe } from "./concrete-probe.js";

/** `BEGIN`, `END`. */
export function expandRunProbe(context: AttachPointContext): ConcreteProbe[] {
  const isBegin = context.type === "begin";
  const name = isBegin ? "BEGIN" : "END";
  if (context.parts.length > 0) {
    context.fault(`${name} has nothing to attach to`);
    return [];
  }
  return [
    {
      name,
      type: context.type,
      programType: "raw_tracepoint",
      place: undefined,
      attachment: { kind: "run", when: isBegin ? "start" : "end" },
      context: "none",
      functionName: undefined,
      fields: [],
      parameters: undefined,
      result: undefined,
      pointerSpace: "kernel",
      span: context.span,
    },
  ];
}

/** `tracepoint:syscalls:sys_enter_*`. */
export function expandTracepoint(context: AttachPointContext): ConcreteProbe[] {
  const parts = context.requireParts("category:event");
  const [category, event] = parts ?? [];
  if (category === undefined || event === undefined) return [];
  if (!isPattern(category.text) && !isPattern(event.text)) {
    return tracepoint(context, category.text, event.text);
  }
  const pattern = `${category.text}:${event.text}`;
  const answer = context.ask<"tracepoints">({ kind: "tracepoints", pattern });
  if (answer === undefined) return [];
  const span = { start: category.span.start, end: event.span.end };
  if (answer.names.length === 0) context.noMatch(`no tracepoint matches ${pattern}`, span, []);
  return answer.names.flatMap((name) => {
    const colon = name.indexOf(":");
    return tracepoint(context, name.slice(0, colon), name.slice(colon + 1), {
      isMatch: true,
    });
  });
}

function tracepoint(
  context: AttachPointContext,
  category: string,
  name: string,
  options?: { readonly isMatch: boolean },
): ConcreteProbe[] {
  // The name of one that matched is known to exist: its format is asked for only when it is needed.
  let format: Extract<Answer, { kind: "tracepointFormat" }> | undefined;
  if (context.readsArguments || options === undefined) {
    format = context.ask<"tracepointFormat">({ kind: "tracepointFormat", category, name });
    if (format === undefined) return [];
    if (format.text === undefined) {
      context.noMatch(`there is no tracepoint ${category}:${name}`, context.span, format.near);
      return [];
    }
  }
  return [
    {
      name: `tracepoint:${category}:${name}`,
      type: "tracepoint",
      programType: "tracepoint",
      place: undefined,
      attachment: { kind: "tracepoint", category, name },
      context: "tracepoint",
      functionName: undefined,
      fields: context.readsArguments ? parseTracepointFormat(format?.text ?? "") : [],
      parameters: undefined,
      result: undefined,
      pointerSpace: category === "syscalls" ? "user" : "kernel",
      span: context.span,
    },
  ];
}

/** `rawtracepoint:sched_switch`. */
export function expandRawTracepoint(context: AttachPointContext): ConcreteProbe[] {
  const [event] = context.requireParts("event") ?? [];
  if (event === undefined) return [];
  const answer = context.ask<"rawTracepoints">({ kind: "rawTracepoints", pattern: event.text });
  if (answer === undefined) return [];
  if (answer.names.length === 0) {
    const message = isPattern(event.text)
      ? `no raw tracepoint matches ${event.text}`
      : `there is no raw tracepoint ${event.text}`;
    context.noMatch(message, event.span, answer.near);
  }
  return answer.names.flatMap((name) => {
    const parameters = context.readsArguments
      ? context.ask<"rawTracepointParameters">({ kind: "rawTracepointParameters", name })
      : undefined;
    if (context.readsArguments && parameters === undefined) return [];
    return [
      {
        name: `rawtracepoint:${name}`,
        type: "rawtracepoint",
        programType: "raw_tracepoint",
        place: undefined,
        attachment: { kind: "rawTracepoint", name },
        context: "rawTracepoint",
        functionName: undefined,
        fields: [],
        parameters: parameters?.parameters,
        result: undefined,
        pointerSpace: "kernel",
        span: context.span,
      } satisfies ConcreteProbe,
    ];
  });
}
