import { type Diagnostic } from "../diagnostic.js";
import { type ActionBlock, type AttachPoint, type ConfigEntry, type ParsedProgram } from "./ast.js";
import { expandMacros } from "./expand-macros.js";
import { parseAttachPoint } from "./parse-attach-point.js";
import { parseDefinition, startsDefinition } from "./parse-definition.js";
import { parseExpression } from "./parse-expression.js";
import { parseMacro, parseMapDeclaration } from "./parse-macro.js";
import { parseBlock } from "./parse-statement.js";
import { type Definitions, preprocess } from "./preprocess.js";
import { type SourceFiles, type SourceRegion, SourceSet } from "./source-set.js";
import { type Span } from "./span.js";
import { type Token } from "./token.js";
import { TokenReader } from "./token-reader.js";

/** What could be read of a text, and what is wrong with it. Never throws. */
export interface ParseResult {
  /** Blocks and statements with a fault are left out. */
  readonly program: ParsedProgram;
  readonly sources: SourceSet;
  readonly diagnostics: readonly Diagnostic[];
}

export interface ParseOptions {
  /** Where what it imports and includes is. */
  readonly files?: SourceFiles | undefined;
  /** Headers that are included before it. */
  readonly includes?: readonly string[] | undefined;
}

/** Parses a whole program. After a fault it goes on with the next statement or block. */
export function parseProgram(source: string, options: ParseOptions = {}): ParseResult {
  const sources = new SourceSet(source);
  const { program, diagnostics } = new ProgramParser(sources, options).run(source);
  return { program, sources, diagnostics };
}

type Parts = {
  -readonly [Key in Exclude<keyof ParsedProgram, "source">]: ParsedProgram[Key][number][];
};

/** Reads a program and the files that it names. */
class ProgramParser {
  readonly #sources: SourceSet;
  readonly #options: ParseOptions;
  readonly #definitions: Definitions = new Map();
  readonly #diagnostics: Diagnostic[] = [];
  readonly #parts: Parts = { config: [], types: [], mapDeclarations: [], macros: [], blocks: [] };

  constructor(sources: SourceSet, options: ParseOptions) {
    this.#sources = sources;
    this.#options = options;
  }

  run(source: string): Pick<ParseResult, "program" | "diagnostics"> {
    const nowhere = { start: 0, end: 0 };
    for (const name of this.#options.includes ?? []) this.#include(name, nowhere, true);
    this.#parse({ path: undefined, start: 0, end: source.length });
    const diagnostics = this.#diagnostics;
    if (this.#parts.blocks.length === 0 && diagnostics.length === 0) {
      diagnostics.push({
        severity: "error",
        code: "nothing-to-attach",
        span: { start: 0, end: source.length },
        message: "No probes to attach",
        hints: [
          `A program is one or more probes with statements in braces, as 'BEGIN { printf("hello\\n"); }'.`,
        ],
      });
    }
    const parsed = { source: this.#sources.text, ...this.#parts };
    return { program: expandMacros(parsed, diagnostics), diagnostics };
  }

  #parse({ start, end }: SourceRegion): void {
    const reader = this.#reader(start, end, this.#diagnostics);
    const { config, types, mapDeclarations, macros, blocks } = this.#parts;
    let hasConfig = false;
    while (reader.current.kind !== "end" && !reader.isExhausted) {
      if (isConfig(reader)) {
        const { span } = reader.current;
        const fault = hasConfig
          ? "duplicate config block"
          : blocks.length > 0
            ? "config must appear before probes and functions"
            : undefined;
        if (fault !== undefined) reader.report(span, `syntax: ${fault}`);
        hasConfig = true;
        config.push(...parseConfig(reader));
      } else if (startsDefinition(reader)) types.push(...parseDefinition(reader));
      else if (startsWith(reader, "macro", "word")) {
        const macro = parseMacro(reader);
        if (macro === undefined) reader.skipBlock();
        else macros.push(macro);
      } else if (startsWith(reader, "let", "map")) {
        const declaration = parseMapDeclaration(reader);
        if (declaration === undefined) reader.skipStatement();
        else mapDeclarations.push(declaration);
      } else if (startsWith(reader, "import", "string")) {
        this.#import(reader);
      } else if (!skipUnsupported(reader)) {
        const block = parseActionBlock(reader);
        if (block !== undefined) blocks.push(block);
      }
    }
  }

  #reader(start: number, end: number, diagnostics: Diagnostic[]): TokenReader {
    const sources = this.#sources;
    const source = sources.text.slice(0, end);
    const { text, diagnostics: faults } = preprocess(source, {
      start,
      definitions: this.#definitions,
      allText: () => sources.text,
      onInclude: (name, span) => {
        this.#include(name, span, false);
      },
    });
    diagnostics.push(...faults);
    const defined = {
      // Files come in while others are read.
      get source(): string {
        return sources.text;
      },
      texts: this.#definitions,
    };
    const reader = new TokenReader(text, { defined, diagnostics, parseBlock });
    const isScript = source.startsWith("#!", start);
    reader.moveTo(isScript ? endOfLine(source, start) : start);
    return reader;
  }

  /** `import "file";`, of which the first word is next. */
  #import(reader: TokenReader): void {
    const start = reader.take().span;
    const token = reader.take();
    const span = { start: start.start, end: token.span.end };
    reader.takeSymbol(";");
    if (token.kind !== "string") return;
    const from = this.#sources.regionAt(start.start)?.path;
    const files = this.#options.files?.imported(token.value, from);
    if (files === undefined) {
      reader.report(span, "Unable to find suitable path for import", [
        "A file ends in .bt or .h, a folder has such files; both are looked for beside the program.",
      ]);
      return;
    }
    for (const file of files) {
      const region = this.#sources.add(file);
      if (region === undefined) continue;
      if (file.path.endsWith(".h")) this.#readHeader(region);
      else this.#parse(region);
    }
  }

  /** Headers that are nowhere are passed over: the kernel's types are known without. */
  #include(name: string, span: Span, isRequired: boolean): void {
    const from = this.#sources.regionAt(span.start)?.path;
    const file = this.#options.files?.included(name.replaceAll(/^[<"]|[>"].*$/g, ""), from);
    const region = file === undefined ? undefined : this.#sources.add(file);
    if (region !== undefined) this.#readHeader(region);
    if (file !== undefined || !isRequired || isCommonHeader(name)) return;
    const message = `'${name.replaceAll(/^[<"]|[>"]$/g, "")}' file not found`;
    this.#diagnostics.push({ severity: "error", code: "syntax", span, message, hints: [] });
  }

  /** Types and definitions of a header; what else C has there is passed over. */
  #readHeader({ start, end }: SourceRegion): void {
    const faults: Diagnostic[] = [];
    const reader = this.#reader(start, end, faults);
    while (reader.current.kind !== "end" && !reader.isExhausted) {
      if (startsDefinition(reader)) this.#parts.types.push(...parseDefinition(reader));
      else reader.skipStatement();
      reader.takeSymbol("}");
    }
  }
}

/** A header of C's library or of the kernel's, which any system has. */
function isCommonHeader(name: string): boolean {
  const isOfC =
    /^(assert|ctype|errno|limits|math|signal|stdarg|stdbool|stddef|stdint|stdio|stdlib|string|time|unistd)\.h$/;
  return isOfC.test(name) || /^(asm|asm-generic|linux|net|netinet|sys|uapi)\//.test(name);
}

/** Whether a word is next, and before a token of this kind. */
function startsWith(reader: TokenReader, word: string, next: Token["kind"]): boolean {
  return reader.isWord(word) && reader.after(reader.current).kind === next;
}

/** Things of the language at the top level that this compiler does not know yet. */
function skipUnsupported(reader: TokenReader): boolean {
  const token = reader.current;
  if (token.kind !== "word") return false;
  const next = reader.after(token);
  if (token.text !== "fn" || next.kind !== "word") return false;
  reader.reportNotSupported(token.span, `"${token.text}" at the top level is not supported yet`);
  reader.skipBlock();
  reader.takeSymbol(";");
  return true;
}

function isConfig(reader: TokenReader): boolean {
  if (!reader.isWord("config")) return false;
  const next = reader.after(reader.current);
  return next.kind === "symbol" && next.text === "=";
}

/** `config = { name = value; … }`. */
function parseConfig(reader: TokenReader): ConfigEntry[] {
  const entries: ConfigEntry[] = [];
  reader.take();
  reader.take();
  if (!reader.expectSymbol("{")) {
    reader.skipBlock();
    return entries;
  }
  while (!reader.takeSymbol("}")) {
    if (reader.current.kind === "end" || reader.isExhausted) {
      reader.unexpected("'}'");
      return entries;
    }
    if (reader.takeSymbol(";")) continue;
    const entry = parseConfigEntry(reader);
    if (entry === undefined) {
      reader.skipStatement();
      continue;
    }
    entries.push(entry);
    if (reader.isSymbol(";") || reader.isSymbol("}")) continue;
    reader.report(reader.current.span, "syntax: expected ';'");
    reader.takeSymbol(",");
  }
  return entries;
}

function parseConfigEntry(reader: TokenReader): ConfigEntry | undefined {
  const name = reader.current;
  if (name.kind !== "word") {
    reader.unexpected("config key");
    return undefined;
  }
  reader.take();
  if (!reader.expectSymbol("=")) return undefined;
  const token = reader.current;
  let value: ConfigEntry["value"];
  if (token.kind === "integer" || token.kind === "string") value = token.value;
  else if (token.kind === "word") value = readWord(token.text);
  else {
    reader.unexpected("string, int, boolean, or ident");
    return undefined;
  }
  reader.take();
  const span = { start: name.span.start, end: token.span.end };
  return { name: name.text, value, span, valueSpan: token.span };
}

function readWord(text: string): string | boolean {
  return text === "true" || text === "false" ? text === "true" : text;
}

function parseActionBlock(reader: TokenReader): ActionBlock | undefined {
  const { start } = reader.current.span;
  const attachPoints = parseAttachPoints(reader);
  if (attachPoints === undefined) {
    reader.skipBlock();
    return undefined;
  }
  let predicate: ActionBlock["predicate"];
  if (reader.takeSymbol("/")) {
    predicate = parseExpression(reader);
    if (predicate === undefined || !reader.expectSymbol("/")) {
      reader.skipBlock();
      return undefined;
    }
  }
  if (!reader.isSymbol("{")) {
    reader.unexpected("'{'");
    reader.skipBlock();
    return undefined;
  }
  const body = parseBlock(reader);
  if (body === undefined) return undefined;
  return { attachPoints, predicate, body, span: { start, end: reader.previousEnd } };
}

function parseAttachPoints(reader: TokenReader): AttachPoint[] | undefined {
  const attachPoints: AttachPoint[] = [];
  do {
    // A comma may stand after the last one.
    if (attachPoints.length > 0 && (reader.isSymbol("{") || reader.isSymbol("/"))) break;
    skipProbeName(reader);
    const attachPoint = parseAttachPoint(reader);
    if (attachPoint === undefined) return undefined;
    attachPoints.push(attachPoint);
  } while (reader.takeSymbol(","));
  return attachPoints;
}

/** `name=probe`: nothing asks for the name. */
function skipProbeName(reader: TokenReader): void {
  const token = reader.current;
  if (token.kind !== "word") return;
  const next = reader.after(token);
  if (next.kind === "symbol" && next.text === "=") reader.moveTo(next.span.end);
}

function endOfLine(source: string, offset: number): number {
  const end = source.indexOf("\n", offset);
  return end === -1 ? source.length : end;
}
