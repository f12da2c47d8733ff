import { type Diagnostic } from "../diagnostic.js";
import {
  type ActionBlock,
  type AttachPoint,
  type ConfigEntry,
  type MacroDefinition,
  type MapDeclaration,
  type ParsedProgram,
  type TypeDefinition,
} from "./ast.js";
import { expandMacros } from "./expand-macros.js";
import { parseAttachPoint } from "./parse-attach-point.js";
import { parseDefinition, startsDefinition } from "./parse-definition.js";
import { parseExpression } from "./parse-expression.js";
import { parseMacro, parseMapDeclaration } from "./parse-macro.js";
import { parseBlock } from "./parse-statement.js";
import { preprocess } from "./preprocess.js";
import { type Token } from "./token.js";
import { TokenReader } from "./token-reader.js";

/** What could be read of a text, and what is wrong with it. Never throws. */
export interface ParseResult {
  /** Blocks and statements with a fault are left out. */
  readonly program: ParsedProgram;
  readonly diagnostics: readonly Diagnostic[];
}

/** Parses a whole program. After a fault it goes on with the next statement or block. */
export function parseProgram(source: string): ParseResult {
  const { text, definitions, includes, diagnostics } = preprocess(source);
  const defined = { source, texts: definitions };
  const reader = new TokenReader(text, { defined, diagnostics: [...diagnostics], parseBlock });
  if (source.startsWith("#!")) reader.moveTo(endOfLine(source, 0));
  const types: TypeDefinition[] = [];
  const config: ConfigEntry[] = [];
  const mapDeclarations: MapDeclaration[] = [];
  const macros: MacroDefinition[] = [];
  const blocks: ActionBlock[] = [];
  while (reader.current.kind !== "end" && !reader.isExhausted) {
    if (isConfig(reader)) config.push(...parseConfig(reader));
    else if (startsDefinition(reader)) types.push(...parseDefinition(reader));
    else if (startsWith(reader, "macro", "word")) {
      const macro = parseMacro(reader);
      if (macro === undefined) reader.skipBlock();
      else macros.push(macro);
    } else if (startsWith(reader, "let", "map")) {
      const declaration = parseMapDeclaration(reader);
      if (declaration === undefined) reader.skipStatement();
      else mapDeclarations.push(declaration);
    } else if (!skipUnsupported(reader)) {
      const block = parseActionBlock(reader);
      if (block !== undefined) blocks.push(block);
    }
  }
  if (blocks.length === 0 && reader.diagnostics.length === 0) {
    reader.report({ start: 0, end: source.length }, "syntax error, the program has no probes", [
      `A program is one or more probes with statements in braces, as 'BEGIN { printf("hello\\n"); }'.`,
    ]);
  }
  const parsed = { source, config, types, includes, mapDeclarations, macros, blocks };
  const program = expandMacros(parsed, reader.diagnostics);
  return { program, diagnostics: reader.diagnostics };
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
  const isDefinition =
    (token.text === "fn" && next.kind === "word") ||
    (token.text === "import" && next.kind === "string");
  if (!isDefinition) return false;
  reader.reportNotSupported(token.span, `"${token.text}" at the top level is not supported yet`);
  if (token.text === "import") {
    reader.skipStatement();
  } else {
    reader.skipBlock();
    reader.takeSymbol(";");
  }
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
      reader.unexpected('"}"');
      return entries;
    }
    if (reader.takeSymbol(";") || reader.takeSymbol(",")) continue;
    const entry = parseConfigEntry(reader);
    if (entry === undefined) reader.skipStatement();
    else entries.push(entry);
  }
  reader.takeSymbol(";");
  return entries;
}

function parseConfigEntry(reader: TokenReader): ConfigEntry | undefined {
  const name = reader.current;
  if (name.kind !== "word") {
    reader.unexpected("the name of a setting");
    return undefined;
  }
  reader.take();
  if (!reader.expectSymbol("=")) return undefined;
  const token = reader.current;
  let value: ConfigEntry["value"];
  if (token.kind === "integer" || token.kind === "string") value = token.value;
  else if (token.kind === "word") value = readWord(token.text);
  else {
    reader.unexpected("a value");
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
    reader.unexpected(predicate === undefined ? '"{", "/" or ","' : '"{"');
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
