import { type UserFunction } from "../../answers.js";
import { parseIntegerLiteral } from "../../syntax/integer-literal.js";
import { isPattern, type AttachPointContext, type ProbePart } from "./attach-point-context.js";
import { type ConcreteProbe } from "./concrete-probe.js";
import { inArmCode } from "./thumb-code.js";

/** `uprobe:/bin/bash:readline`, `uprobe:libc:malloc*`, `uprobe:./a:main+4`, `uprobe:./a:0x401234`, `uretprobe:libc:free`. */
export function expandUserProbe(context: AttachPointContext): ConcreteProbe[] {
  const file = context.parts[0];
  const rest = context.parts.slice(1);
  const first = rest[0];
  const last = rest.at(-1);
  if (file === undefined || file.text === "" || first === undefined || last === undefined) {
    context.fault(`${context.type} probes are written ${context.type}:file:function`);
    return [];
  }
  // C++ names have colons of their own.
  const target: ProbePart = {
    text: rest.map(({ text }) => text).join(":"),
    span: { start: first.span.start, end: last.span.end },
  };
  const expand = /^[0-9]/.test(target.text) ? expandAddress : expandSymbol;
  if (!isPattern(file.text)) return expand(context, file, target);
  return inMatchingFiles(context, file, target.span, (path) => expand(context, path, target));
}

/** What is found in each file that matches, together; reports it when that is nothing. */
export function inMatchingFiles(
  context: AttachPointContext,
  file: ProbePart,
  span: ProbePart["span"],
  expand: (file: ProbePart & { readonly isOneOfMany: true }) => ConcreteProbe[],
): ConcreteProbe[] {
  const { pid } = context;
  const answer = context.ask<"userFiles">({ kind: "userFiles", pattern: file.text, pid });
  if (answer === undefined) return [];
  const missingBefore = context.missingCount;
  const probes = answer.paths.flatMap((path) =>
    expand({ text: path, span: file.span, isOneOfMany: true }),
  );
  if (probes.length === 0 && context.missingCount === missingBefore) {
    const message =
      answer.paths.length === 0
        ? `no program or library on the target matches ${file.text}`
        : `none of ${answer.paths.length} files that match ${file.text} has it`;
    context.noMatch(message, answer.paths.length === 0 ? file.span : span, []);
  }
  return probes;
}

/** A file as it was written, or one of those that match a pattern. */
type FilePart = ProbePart & { readonly isOneOfMany?: true };

/** An address in the file, as its symbol table and objdump have them. */
function expandAddress(
  context: AttachPointContext,
  file: FilePart,
  target: ProbePart,
): ConcreteProbe[] {
  const parsed = parseIntegerLiteral(target.text);
  if (parsed.kind === "invalid") {
    context.fault(parsed.message, target.span);
    return [];
  }
  const address = parsed.value.toString(16);
  const answer = context.ask<"userAddress">({ kind: "userAddress", file: file.text, address });
  if (answer === undefined) return [];
  const { path, fileOffset } = answer;
  if (path === undefined) return noFile(context, file);
  if (fileOffset === undefined) {
    if (file.isOneOfMany !== true) {
      context.noMatch(`there is no code at ${target.text} in ${path}`, target.span, []);
    }
    return [];
  }
  return [userProbe(context, { file, path, target: target.text }, fileOffset)];
}

function expandSymbol(
  context: AttachPointContext,
  file: FilePart,
  target: ProbePart,
): ConcreteProbe[] {
  const match = /^(.*?)(?:\+(\w+))?$/s.exec(target.text);
  const pattern = match?.[1] ?? "";
  const offset = parseIntegerLiteral(match?.[2] ?? "0");
  if (pattern === "" || offset.kind === "invalid") {
    context.fault(`${JSON.stringify(target.text)} is not a function`, target.span);
    return [];
  }
  if (context.type === "uretprobe" && offset.value !== 0n) {
    context.fault("a uretprobe takes no offset: it is hit when the function returns", target.span);
    return [];
  }
  const answer = context.ask<"userFunctions">({ kind: "userFunctions", file: file.text, pattern });
  if (answer === undefined) return [];
  const { path } = answer;
  if (path === undefined) return noFile(context, file);
  const message = isPattern(pattern)
    ? `no function of ${path} matches ${pattern}`
    : `there is no function ${pattern} in ${path}`;
  if (answer.functions.length === 0 && file.isOneOfMany !== true) {
    context.noMatch(message, target.span, answer.near);
  }
  return distinct(inArmCode(context, target, answer)).flatMap((candidate) => {
    if (offset.value !== 0n && offset.value >= candidate.sizeBytes) {
      const size = `${candidate.name} is ${candidate.sizeBytes} bytes long`;
      context.fault(`offset ${offset.value} is outside of the function: ${size}`, target.span);
      return [];
    }
    const suffix = match?.[2] === undefined ? "" : `+${match[2]}`;
    const place = { file, path, target: candidate.name + suffix, functionName: candidate.name };
    return [userProbe(context, place, candidate.fileOffset + offset.value)];
  });
}

/** A symbol can stand in both symbol tables of a file. */
function distinct(functions: readonly UserFunction[]): UserFunction[] {
  return [
    ...new Map(functions.map((entry) => [`${entry.name} ${entry.fileOffset}`, entry])).values(),
  ];
}

/** Reports a file that is not there. */
export function noFile(context: AttachPointContext, file: ProbePart): [] {
  context.noMatch(`there is no file or library ${file.text} on the target`, file.span, []);
  return [];
}

/** A probe at an offset in a file; what `func` is may be unknown. */
export function userProbe(
  context: AttachPointContext,
  place: {
    readonly file: ProbePart;
    readonly path: string;
    readonly target: string;
    readonly functionName?: string;
  },
  offset: bigint,
): ConcreteProbe & { readonly attachment: { readonly kind: "uprobe" } } {
  const { file, path, target, functionName } = place;
  const shownFile = file.text.includes("/") ? file.text : path;
  return {
    name: `${context.type}:${shownFile}:${target}`,
    type: context.type,
    programType: "kprobe",
    place: undefined,
    attachment: {
      kind: "uprobe",
      path,
      offset,
      isReturn: context.type === "uretprobe",
      ...(context.pid === undefined ? {} : { pid: context.pid }),
    },
    context: "registers",
    functionName,
    fields: [],
    parameters: undefined,
    result: undefined,
    pointerSpace: "user",
    span: context.span,
  };
}
