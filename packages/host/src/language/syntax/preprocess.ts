import { type Diagnostic } from "../diagnostic.js";
import { conditionHolds } from "./preprocessor-condition.js";
import { type Span } from "./span.js";

/** What `#define` gives a name to: the span of its text, which may be empty. */
export interface DefinedText {
  readonly name: string;
  readonly body: Span;
  /** `#define F(x)`: known, but never put in. */
  readonly hasParameters: boolean;
}

/** A source whose lines for the C preprocessor have been obeyed. */
export interface PreprocessedSource {
  /** As long as the source: directives, and what they leave out, are spaces. */
  readonly text: string;
  readonly definitions: ReadonlyMap<string, DefinedText>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Names that `#define` gave a meaning; the files of a program share them. */
export type Definitions = Map<string, DefinedText>;

export interface PreprocessOptions {
  /** What stands before this is not looked at. */
  readonly start?: number;
  /** What is defined already, and gets what is defined here. */
  readonly definitions?: Definitions;
  /** The text that definitions stand in, when that is more than this one. */
  readonly allText?: () => string;
  /** Is told of each file that `#include` names, with its brackets or quotes, when it comes. */
  readonly onInclude?: (name: string, span: Span) => void;
}

/** bpftrace defines it where the kernel's types are known: then headers need not be included, and here they never are. */
const predefined = ["BPFTRACE_HAVE_BTF"];

/** A piece of a program that is either kept or left out, by the conditions around it. */
interface Condition {
  readonly span: Span;
  /** One of its branches has been kept already. */
  hasKept: boolean;
  isKept: boolean;
  hasElse: boolean;
}

/** Obeys `#define`, `#undef`, `#ifdef` and its kin, and `#include`, which stand at the start of a line. Never throws. */
export function preprocess(source: string, options: PreprocessOptions = {}): PreprocessedSource {
  return new Preprocessor(source, options).run();
}

class Preprocessor {
  readonly #source: string;
  readonly #pieces: string[] = [];
  readonly #definitions: Definitions;
  readonly #options: PreprocessOptions;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #conditions: Condition[] = [];

  constructor(source: string, options: PreprocessOptions) {
    this.#source = source;
    this.#options = options;
    this.#definitions = options.definitions ?? new Map<string, DefinedText>();
    for (const name of predefined) {
      this.#definitions.set(name, { name, body: { start: 0, end: 0 }, hasParameters: false });
    }
  }

  run(): PreprocessedSource {
    const source = this.#source;
    let position = this.#options.start ?? 0;
    this.#pieces.push(source.slice(0, position));
    // A comment over several lines may have what looks like a directive.
    let isInComment = false;
    while (position < source.length) {
      const end = lineEnd(source, position);
      const line = source.slice(position, end);
      const directive = isInComment ? null : /^[ \t]*#[ \t]*([a-z]+)\b/.exec(line);
      if (directive !== null) {
        const directiveEnd = continuedEnd(source, position);
        this.#obey(directive[1] ?? "", position, directiveEnd);
        this.#pieces.push(blank(source.slice(position, directiveEnd)));
        position = directiveEnd;
        continue;
      }
      isInComment = endsInComment(line, isInComment);
      this.#pieces.push(this.#isKept ? line : blank(line));
      position = end;
    }
    for (const { span } of this.#conditions)
      this.#fault(span, "unterminated conditional directive");
    return {
      text: this.#pieces.join(""),
      definitions: this.#definitions,
      diagnostics: this.#diagnostics,
    };
  }

  get #isKept(): boolean {
    return this.#conditions.every(({ isKept }) => isKept);
  }

  #obey(word: string, start: number, end: number): void {
    const text = this.#source.slice(start, end);
    const head = /^[ \t]*#[ \t]*[a-z]+[ \t]*/.exec(text)?.[0] ?? "";
    const span = {
      start: start + (/^[ \t]*/.exec(text)?.[0].length ?? 0),
      end: start + head.trimEnd().length,
    };
    const rest = { start: start + head.length, end: start + text.trimEnd().length };
    switch (word) {
      case "define":
        if (this.#isKept) this.#define(rest);
        break;
      case "undef":
        if (this.#isKept) this.#definitions.delete(this.#text(rest).trim());
        break;
      case "include":
        if (this.#isKept) this.#options.onInclude?.(this.#text(rest), rest);
        break;
      case "ifdef":
        this.#begin(span, this.#definitions.has(firstWord(this.#text(rest))));
        break;
      case "ifndef":
        this.#begin(span, !this.#definitions.has(firstWord(this.#text(rest))));
        break;
      case "if":
        this.#begin(span, this.#holds(rest));
        break;
      case "elif":
        this.#otherwise(span, () => this.#holds(rest));
        break;
      case "else":
        this.#otherwise(span, () => true);
        break;
      case "endif":
        if (this.#conditions.pop() === undefined) this.#fault(span, "#endif without #if");
        break;
      case "pragma":
      case "line":
        break;
      case "error":
        if (this.#isKept) this.#fault(span, this.#text(rest));
        break;
      case "warning":
        if (this.#isKept) this.#warn(span, this.#text(rest));
        break;
      default:
        if (this.#isKept) this.#fault(span, "invalid preprocessing directive");
    }
  }

  #define(rest: Span): void {
    const text = this.#text(rest);
    const name = /^[A-Za-z_]\w*/.exec(text)?.[0];
    if (name === undefined) {
      this.#fault(rest, text === "" ? "macro name missing" : "macro name must be an identifier");
      return;
    }
    const hasParameters = text[name.length] === "(";
    const behind = text.slice(name.length);
    const body = {
      start: rest.start + name.length + (/^\s*/.exec(behind)?.[0].length ?? 0),
      end: rest.end,
    };
    this.#definitions.set(name, { name, body, hasParameters });
  }

  #begin(span: Span, isKept: boolean): void {
    this.#conditions.push({ span, isKept, hasKept: isKept, hasElse: false });
  }

  #otherwise(span: Span, holds: () => boolean): void {
    const condition = this.#conditions.at(-1);
    if (condition === undefined || condition.hasElse) {
      this.#fault(span, `${this.#text(span)} without #if`);
      return;
    }
    condition.isKept = !condition.hasKept && holds();
    condition.hasKept ||= condition.isKept;
  }

  /** Of `#if`. */
  #holds(rest: Span): boolean {
    return conditionHolds(this.#text(rest), (name) => {
      const definition = this.#definitions.get(name);
      if (definition === undefined) return undefined;
      const { start, end } = definition.body;
      return (this.#options.allText?.() ?? this.#source).slice(start, end);
    });
  }

  #text({ start, end }: Span): string {
    return this.#source.slice(start, end);
  }

  #fault(span: Span, message: string): void {
    this.#report("error", span, `syntax: ${message}`);
  }

  #warn(span: Span, message: string): void {
    this.#report("warning", span, message);
  }

  #report(severity: Diagnostic["severity"], span: Span, message: string): void {
    this.#diagnostics.push({ severity, code: "syntax", span, message, hints: [] });
  }
}

/** Behind the newline. */
function lineEnd(source: string, start: number): number {
  const end = source.indexOf("\n", start);
  return end === -1 ? source.length : end + 1;
}

/** Of a line that a backslash at its end continues. */
function continuedEnd(source: string, start: number): number {
  let end = lineEnd(source, start);
  while (/\\\r?\n$/.test(source.slice(start, end)) && end < source.length) {
    end = lineEnd(source, end);
  }
  return end;
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, " ");
}

function firstWord(text: string): string {
  return /\w+/.exec(text)?.[0] ?? "";
}

/** Whether a comment is open at the end of a line. None begins inside a probe's path, one of whose folders may be a star. */
function endsInComment(line: string, isInComment: boolean): boolean {
  let isOpen = isInComment;
  const marks = /(?<![\w:.-])\/\*|\*\/|\/\/|"(?:[^"\\]|\\.)*"?/g;
  for (const [mark] of line.matchAll(marks)) {
    if (mark === "*/") isOpen = false;
    else if (isOpen) continue;
    else if (mark === "/*") isOpen = true;
    else if (mark === "//") return false;
  }
  return isOpen;
}
