import { runProbe } from "./run-probe.js";
import { type Answer } from "../../answers.js";
import { parseTracepointFormat } from "../../tracepoint-format.js";
import { globToRegExp } from "../../glob.js";
import { isPattern, type AttachPointContext } from "./attach-point-context.js";
import { type ConcreteProbe } from "./concrete-probe.js";
import { systemCallFields } from "./system-call-probes.js";

/** `begin`, `end`. */
export function expandRunProbe(context: AttachPointContext): ConcreteProbe[] {
  const isBegin = context.type === "begin";
  if (!context.takes([0], "")) return [];
  return [runProbe(context, context.type, isBegin ? "start" : "end")];
}

/** `tracepoint:syscalls:sys_enter_*`. */
export function expandTracepoint(context: AttachPointContext): ConcreteProbe[] {
  const isAnyEvent = context.parts.length === 1 && isPattern(context.parts[0]?.text ?? "");
  const ifEmpty = "tracepoint probe must have a target";
  if (!isAnyEvent && !context.takes([2], "category:event", { ifEmpty })) return [];
  const [category, event = { text: "*" }] = context.parts;
  if (category === undefined) return [];
  if (!isPattern(category.text) && !isPattern(event.text)) {
    return tracepoint(context, category.text, event.text);
  }
  const pattern = `${category.text}:${event.text}`;
  const answer = context.ask<"tracepoints">({ kind: "tracepoints", pattern });
  if (answer === undefined) return [];
  if (answer.names.length === 0) context.noMatch(`No tracepoint matches ${pattern}`, []);
  const formats = new Map<string, string>();
  return answer.names.flatMap((name) => {
    const colon = name.indexOf(":");
    const [category, event] = [name.slice(0, colon), name.slice(colon + 1)];
    const form = systemCallForm(context, category, event) ?? name;
    if (!formats.has(form)) formats.set(form, event);
    return tracepoint(context, category, event, { formatOf: formats.get(form) ?? event });
  });
}

function tracepoint(
  context: AttachPointContext,
  category: string,
  name: string,
  /** Of one that matched a pattern: which one's format is its own, too, as far as the block reads it. */
  match?: { readonly formatOf: string },
): ConcreteProbe[] {
  // The name of one that matched is known to exist: its format is asked for only when it is needed.
  let format: Extract<Answer, { kind: "tracepointFormat" }> | undefined;
  if (context.readsArguments || match === undefined) {
    const described = match?.formatOf ?? name;
    format = context.ask<"tracepointFormat">({
      kind: "tracepointFormat",
      category,
      name: described,
    });
    if (format === undefined) return [];
    if (format.text === undefined) {
      context.noMatch(`There is no tracepoint ${category}:${name}`, format.near);
      return [];
    }
  }
  return [
    {
      name: `tracepoint:${category}:${name}`,
      type: "tracepoint",
      programType: "tracepoint",
      place: undefined,
      attachment: { kind: "tracepoint", category, name, ...context.optional },
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

/** What the formats of many system calls have in common, where the block reads nothing else of them. */
function systemCallForm(
  context: AttachPointContext,
  category: string,
  event: string,
): string | undefined {
  const when = /^sys_(enter|exit)_/.exec(event)?.[1];
  if (category !== "syscalls" || (when !== "enter" && when !== "exit")) return undefined;
  return context.readsOtherFields(systemCallFields[when]) ? undefined : `syscalls:sys_${when}_*`;
}

/** `rawtracepoint:sched_switch`, `rawtracepoint:vmlinux:sched_*`. */
export function expandRawTracepoint(context: AttachPointContext): ConcreteProbe[] {
  const ifEmpty = "rawtracepoint should be attached to a function";
  if (!context.takes([2, 1], "event", { ifEmpty })) return [];
  const event = context.parts.at(-1);
  if (event === undefined) return [];
  // The kernel's tracepoints are known, a module's are not told from them.
  const module = context.parts.length === 2 ? (context.parts[0]?.text ?? "") : "vmlinux";
  if (!globToRegExp(module).test("vmlinux")) {
    context.noMatch(`Raw tracepoints of modules, as of ${module}, are not known`, []);
    return [];
  }
  const answer = context.ask<"rawTracepoints">({ kind: "rawTracepoints", pattern: event.text });
  if (answer === undefined) return [];
  if (answer.names.length === 0) {
    const message = isPattern(event.text)
      ? `No raw tracepoint matches ${event.text}`
      : `There is no raw tracepoint ${event.text}`;
    context.noMatch(message, answer.near);
  }
  return answer.names.flatMap((name) => {
    const parameters = context.readsArguments
      ? context.ask<"rawTracepointParameters">({ kind: "rawTracepointParameters", name })
      : undefined;
    if (context.readsArguments && parameters === undefined) return [];
    return [
      {
        name: `rawtracepoint:vmlinux:${name}`,
        type: "rawtracepoint",
        programType: "raw_tracepoint",
        place: undefined,
        attachment: { kind: "rawTracepoint", name, ...context.optional },
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
