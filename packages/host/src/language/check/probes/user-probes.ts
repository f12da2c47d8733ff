import { type UserFunction } from "../../answers.js";
import { parseIntegerLiteral } from "../../syntax/integer-literal.js";
import { isPattern, type AttachPointContext, type ProbePart } from "./attach-point-context.js";
import { type ConcreteProbe } from "./concrete-probe.js";
import { mayProbe } from "./instruction-start.js";
import { inArmCode } from "./thumb-code.js";

/** `./a@file.c`, whose code of a line is meant. */
const sourcePlace = /^(.+)@([^@]+\.[^@/]+)$/;

/** `uprobe:/bin/bash:readline`, `uprobe:libc:malloc*`, `uprobe:./a:main+4`, `uprobe:./a:0x401234`, `uretprobe:libc:free`. */
export function expandUserProbe(context: AttachPointContext): ConcreteProbe[] {
  const file = context.parts[0];
  const rest = context.parts.slice(1);
  const first = rest[0];
  const last = rest.at(-1);
  const isComplete = context.parts.every(({ text }) => text !== "") || rest.length > 2;
  if (file === undefined || first === undefined || last === undefined || !isComplete) {
    return lacking(context);
  }
  // C++ names have colons of their own.
  const target: ProbePart = {
    text: rest.map(({ text }) => text).join(":"),
    span: { start: first.span.start, end: last.span.end },
  };
  const source = sourcePlace.exec(file.text);
  if (source !== null) {
    if (!isLine(context, rest)) return [];
    return expandLine(
      context,
      { text: source[1] ?? "", span: file.span },
      {
        source: source[2] ?? "",
        line: Number(rest[0]?.text),
        column: Number(rest[1]?.text ?? 0),
      },
    );
  }
  if (isOfOtherLanguage(context, target)) return [];
  const expand = /^[0-9]/.test(target.text) ? expandAddress : expandSymbol;
  if (!isPattern(file.text)) return expand(context, file, target);
  return inMatchingFiles(context, file, (path) => expand(context, path, target));
}

/** Reports a probe that lacks a part. */
function lacking(context: AttachPointContext): ConcreteProbe[] {
  const { type, parts } = context;
  if (parts.length === 1 && sourcePlace.test(parts[0]?.text ?? "")) {
    const form = `${type}:TARGET@FILE:LINE[:COL]`;
    context.fault(`Invalid ${type} arguments, expected format: ${form}`);
    return [];
  }
  const ifEmpty = `${type} should be attached to a function, address, or source file and line (using DWARF)`;
  context.takes([2, 3], "file:function", { ifEmpty });
  return [];
}

/** Whether what stands behind a source file is a line of it, and perhaps a column; reports it when not. */
function isLine(context: AttachPointContext, rest: readonly ProbePart[]): boolean {
  if (context.type === "uretprobe") {
    context.fault("Source code location not allowed");
    return false;
  }
  const wrong = rest.slice(0, 2).findIndex(({ text }) => !/^[0-9]+$/.test(text));
  if (wrong === -1) return true;
  const what = `Invalid ${wrong === 0 ? "line" : "column"} number`;
  context.fault(`${what}: invalid integer: ${rest[wrong]?.text ?? ""}`);
  return false;
}

/** What is found in each file that matches, together; reports it when that is nothing. */
export function inMatchingFiles(
  context: AttachPointContext,
  file: ProbePart,
  expand: (file: ProbePart & { readonly isOneOfMany: true }) => ConcreteProbe[],
): ConcreteProbe[] {
  const { pid } = context;
  const answer = context.ask<"userFiles">({ kind: "userFiles", pattern: file.text, pid });
  if (answer === undefined) return [];
  const missingBefore = context.missingCount;
  const probes = answer.paths.flatMap((path) =>
    expand({ text: asWritten(file.text, path), span: file.span, isOneOfMany: true }),
  );
  if (probes.length === 0 && context.missingCount === missingBefore) {
    if (answer.paths.length === 0) return noFile(context, file);
    context.noMatch(`None of ${answer.paths.length} files that match ${file.text} has it`, []);
  }
  return probes;
}

/** A path that matches, beginning as the pattern does: "./t*" and "/home/me/tests" give "./tests". */
export function asWritten(pattern: string, path: string): string {
  if (pattern.startsWith("/") || !pattern.includes("/")) return path;
  const parts = pattern.split("/");
  const literal = parts.slice(0, parts.findIndex(isPattern));
  const rest = path.split("/").slice(literal.length - parts.length);
  return [...literal, ...rest].join("/");
}

/** A file as it was written, or one of those that match a pattern. */
type FilePart = ProbePart & { readonly isOneOfMany?: true };

/** `file@source.c:12`: where the code of that line begins. */
function expandLine(
  context: AttachPointContext,
  file: FilePart,
  place: { readonly source: string; readonly line: number; readonly column: number },
): ConcreteProbe[] {
  const answer = context.ask<"userLine">({ kind: "userLine", file: file.text, ...place });
  if (answer === undefined) return [];
  const { path, lacks, address, fileOffset, functionName } = answer;
  if (path === undefined) return noFile(context, file);
  if (address === undefined || fileOffset === undefined) {
    context.fault(
      lacks === "debug information"
        ? `No DWARF debug info found for '${file.text}', cannot attach by source code location.`
        : lacks === "file"
          ? `DWARF error: No compilation unit matches ${place.source}`
          : `DWARF error: Unable to map '${place.source}:${place.line}${place.column === 0 ? "" : `:${place.column}`}' to address`,
    );
    return [];
  }
  const found = { file, ...foundFile(path, answer), target: address.toString() };
  const named = functionName === undefined ? found : { ...found, functionName };
  return userProbe(context, named, fileOffset);
}

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
  const { path, fileOffset, functionName } = answer;
  if (path === undefined) return noFile(context, file);
  if (fileOffset === undefined) {
    if (file.isOneOfMany !== true) {
      context.noMatch(`There is no code at ${target.text} in ${path}`, []);
    }
    return [];
  }
  const shown = `${file.text}:${functionName ?? target.text}`;
  if (!mayProbe(context, { path, shown }, fileOffset)) return [];
  const place = { file, ...foundFile(path, answer), target: parsed.value.toString() };
  const named = functionName === undefined ? place : { ...place, functionName };
  return userProbe(context, named, fileOffset);
}

/** Whether its functions are said to be of a language other than C++; reports it. */
function isOfOtherLanguage(context: AttachPointContext, target: ProbePart): boolean {
  const [, language = "cpp"] = /^(\w+):[^:]/.exec(target.text) ?? [];
  if (language !== "cpp") context.fault(`unsupported language type: ${language}`);
  return language !== "cpp";
}

function expandSymbol(
  context: AttachPointContext,
  file: FilePart,
  target: ProbePart,
): ConcreteProbe[] {
  const isDemangled = target.text.startsWith("cpp:");
  const prefix = isDemangled ? "cpp:" : "";
  const match = /^(.*?)(?:\+(\w+))?$/s.exec(target.text.slice(prefix.length));
  const pattern = match?.[1] ?? "";
  const offset = parseIntegerLiteral(match?.[2] ?? "0");
  if (pattern === "" || offset.kind === "invalid") {
    context.fault(
      pattern === ""
        ? `${JSON.stringify(target.text)} is not a function`
        : `Invalid offset: invalid integer: ${match?.[2] ?? ""}`,
    );
    return [];
  }
  if (context.type === "uretprobe" && match?.[2] !== undefined) {
    context.fault("Offset not allowed", context.span, [
      "A uretprobe is hit when the function returns.",
    ]);
    return [];
  }
  const answer = context.ask<"userFunctions">({
    ...{ kind: "userFunctions", file: file.text, pattern },
    ...(isDemangled ? { isDemangled } : {}),
  });
  if (answer === undefined) return [];
  const { path } = answer;
  if (path === undefined) return noFile(context, file);
  const message = isPattern(pattern)
    ? `No function of ${path} matches ${pattern}`
    : `There is no function ${pattern} in ${path}`;
  if (answer.functions.length === 0 && file.isOneOfMany !== true) {
    context.noMatch(message, answer.near);
  }
  return distinct(inArmCode(context, target, answer)).flatMap((candidate) => {
    if (offset.value !== 0n && offset.value >= candidate.sizeBytes) {
      const { name, sizeBytes } = candidate;
      const message = `Offset outside the function bounds ('${name}' size is ${sizeBytes})`;
      context.fault(message, target.span);
      return [];
    }
    const suffix = offset.value === 0n ? "" : `+${offset.value}`;
    const { name, demangled } = candidate;
    const fileOffset = candidate.fileOffset + offset.value;
    const place = { path, shown: `${file.text}:${name}${suffix}` };
    if (offset.value !== 0n && !mayProbe(context, place, fileOffset)) return [];
    const shown = { target: prefix + name + suffix, functionName: demangled ?? name };
    const found = { file, ...foundFile(path, answer), ...shown };
    const probes = userProbe(context, found, fileOffset);
    return probes.flatMap((probe) => withParameters(context, probe, name));
  });
}

/** What the function takes, where the block asks for it by name. */
function withParameters(
  context: AttachPointContext,
  probe: ConcreteProbe & { readonly attachment: { readonly kind: "uprobe" } },
  name: string,
): ConcreteProbe[] {
  if (context.type !== "uprobe" || !context.readsNamedArguments) return [probe];
  const { path } = probe.attachment;
  const query = { kind: "userFunctionType", file: path, name } as const;
  const answer = context.ask<"userFunctionType">(query);
  if (answer === undefined) return [];
  if (answer.parameters === "missing") {
    const file = context.parts[0]?.text ?? path;
    const message = `Could not parse arguments of "${probe.name}": no debuginfo found for ${file}`;
    context.fault(message, context.span, ["Build it with -g, or read arg0, arg1 and so on."]);
    return [];
  }
  return [{ ...probe, userParameters: answer.parameters ?? "unknown" }];
}

/** A symbol can stand in both symbol tables of a file. */
function distinct(functions: readonly UserFunction[]): UserFunction[] {
  return [
    ...new Map(functions.map((entry) => [`${entry.name} ${entry.fileOffset}`, entry])).values(),
  ];
}

/** Reports a file that is not there. */
export function noFile(context: AttachPointContext, file: ProbePart): [] {
  const message = `${context.type} target file '${file.text}' does not exist or is not executable`;
  context.fault(message);
  return [];
}

/** A file of the target's that a probe goes into, as answers have it. */
export interface FoundFile {
  readonly path: string;
  /** Of a library that was found by its name: its path before links were followed. */
  readonly foundAs?: string;
  readonly is32Bit?: true;
}

export function foundFile(
  path: string,
  { foundAs, is32Bit }: { readonly foundAs?: string; readonly is32Bit?: true },
): FoundFile {
  return {
    path,
    ...(foundAs === undefined ? {} : { foundAs }),
    ...(is32Bit === undefined ? {} : { is32Bit }),
  };
}

/** The probe at an offset in a file; what `func` is may be unknown. Reports one that would never be hit. */
export function userProbe(
  context: AttachPointContext,
  place: FoundFile & {
    readonly file: ProbePart;
    readonly target: string;
    readonly functionName?: string;
  },
  offset: bigint,
): [] | [ConcreteProbe & { readonly attachment: { readonly kind: "uprobe" } }] {
  const { file, path, foundAs, is32Bit, target, functionName } = place;
  if (is32Bit === true && context.target.architecture === "arm64") {
    // arch/arm64/kernel/probes/uprobes.c: arch_uprobe_analyze_insn refuses it once a process maps the file, unheard.
    const message = `${path} is a 32-bit program or library, in which a 64-bit ARM kernel sets no uprobes`;
    context.diagnostics.error("not-supported", context.span, message, [
      "Probe a kernel function or a system call instead.",
    ]);
    return [];
  }
  const shownFile = file.text.includes("/") ? file.text : (foundAs ?? path);
  const probe = {
    name: `${context.type}:${shownFile}:${target}`,
    type: context.type,
    programType: "kprobe",
    place: undefined,
    attachment: {
      kind: "uprobe",
      path,
      offset,
      isReturn: context.type === "uretprobe",
      ...context.optional,
      ...(context.pid === undefined ? {} : { pid: context.pid }),
    },
    context: "registers",
    functionName,
    fields: [],
    parameters: undefined,
    result: undefined,
    pointerSpace: "user",
    span: context.span,
    ...(is32Bit === undefined ? {} : { is32Bit }),
  } as const;
  return [probe];
}
