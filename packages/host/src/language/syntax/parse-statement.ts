import { type BinaryOperator, type Block, type Expression, type Statement } from "./ast.js";
import { parseExpression } from "./parse-expression.js";
import { parseTypeName } from "./parse-type-name.js";
import { joinSpans, type Span } from "./span.js";
import { type TokenReader } from "./token-reader.js";

const assignmentOperators: ReadonlyMap<string, BinaryOperator | undefined> = new Map([
  ["=", undefined],
  ...(["+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"] satisfies BinaryOperator[]).map(
    (operator) => [`${operator}=`, operator] as const,
  ),
]);

/** `{ statements }`; goes on after a fault in one of them. `undefined` when it does not even begin or end. */
export function parseBlock(reader: TokenReader): Block | undefined {
  const open = reader.current.span;
  if (!reader.expectSymbol("{")) return undefined;
  const statements: Statement[] = [];
  let endsWithValue = false;
  while (!reader.isSymbol("}")) {
    if (reader.current.kind === "end" || reader.isExhausted) {
      // A fault before it, as a string without an end, has eaten the brace.
      if (reader.diagnostics.length === 0) reader.unexpected("'}'");
      return undefined;
    }
    const statement = reader.nest("statement", () => parseStatement(reader));
    if (statement !== undefined && endsStatement(reader, statement)) {
      statements.push(statement);
      endsWithValue = reader.isSymbol("}") && reader.source[reader.previousEnd - 1] !== ";";
    } else {
      reader.skipStatement();
    }
  }
  reader.take();
  return { statements, endsWithValue, span: { start: open.start, end: reader.previousEnd } };
}

/**
 * Whether a statement ends as it must: those without a block need a semicolon unless they are the last. Behind those that may be
 * values, one may stand.
 */
function endsStatement(reader: TokenReader, statement: Statement): boolean {
  const { kind } = statement;
  if (kind === "unroll" || kind === "while" || kind === "for") return true;
  if (kind === "if" || kind === "block") {
    reader.takeSymbol(";");
    return true;
  }
  if (reader.takeSymbol(";") || reader.isSymbol("}")) return true;
  reader.unexpected("';'");
  return false;
}

function parseStatement(reader: TokenReader): Statement | undefined {
  const token = reader.current;
  if (token.kind === "symbol" && token.text === "{") {
    const block = parseBlock(reader);
    return block === undefined ? undefined : { kind: "block", block, span: block.span };
  }
  if (token.kind === "word") {
    switch (token.text) {
      case "let":
        return parseDeclaration(reader);
      case "if":
        return parseIf(reader);
      case "unroll":
        return parseUnroll(reader);
      case "while":
        return parseWhile(reader);
      case "for":
        return parseFor(reader);
      case "return":
        return parseReturn(reader);
      case "break":
      case "continue":
        reader.take();
        return { kind: "jump", word: token.text, span: withSemicolon(reader, token.span) };
      default:
    }
  }
  return parseSimpleStatement(reader);
}

/** An assignment, or an expression that stands alone. */
function parseSimpleStatement(reader: TokenReader): Statement | undefined {
  const expression = parseExpression(reader);
  if (expression === undefined) return undefined;
  const token = reader.current;
  if (token.kind !== "symbol" || !assignmentOperators.has(token.text)) {
    return { kind: "expression", expression, isDiscarded: false, span: expression.span };
  }
  reader.take();
  const value = parseExpression(reader);
  if (value === undefined) return undefined;
  if (token.text === "=" && expression.kind === "identifier" && expression.name === "_") {
    const span = joinSpans(expression.span, value.span);
    return { kind: "expression", expression: value, isDiscarded: true, span };
  }
  const operator = assignmentOperators.get(token.text);
  const span = joinSpans(expression.span, value.span);
  return { kind: "assignment", target: expression, operator, value, span };
}

function parseDeclaration(reader: TokenReader): Statement | undefined {
  const start = reader.take().span;
  const variable = reader.current;
  if (variable.kind !== "scratch") {
    reader.unexpected("variable after 'let'");
    return undefined;
  }
  reader.take();
  const type = reader.takeSymbol(":") ? parseTypeName(reader, parseExpression) : undefined;
  let value: Expression | undefined;
  if (reader.takeSymbol("=")) {
    value = parseExpression(reader);
    if (value === undefined) return undefined;
  }
  const { name, span: nameSpan } = variable;
  return { kind: "declaration", name, nameSpan, type, value, span: spanToHere(reader, start) };
}

function parseIf(reader: TokenReader): Statement | undefined {
  const start = reader.take().span;
  const condition = parseExpression(reader);
  if (condition === undefined) return undefined;
  const then = parseBlock(reader);
  if (then === undefined) return undefined;
  let otherwise: Block | undefined;
  if (reader.isWord("else")) {
    reader.take();
    otherwise = reader.isWord("if") ? parseElseIf(reader) : parseBlock(reader);
    if (otherwise === undefined) return undefined;
  }
  return { kind: "if", condition, then, otherwise, span: spanToHere(reader, start) };
}

function parseElseIf(reader: TokenReader): Block | undefined {
  const statement = reader.nest("statement", () => parseIf(reader));
  return statement === undefined
    ? undefined
    : { statements: [statement], endsWithValue: true, span: statement.span };
}

function parseUnroll(reader: TokenReader): Statement | undefined {
  const start = reader.take().span;
  const count = parseExpression(reader);
  const body = count === undefined ? undefined : parseBlock(reader);
  if (count === undefined || body === undefined) return undefined;
  return { kind: "unroll", count, body, span: spanToHere(reader, start) };
}

function parseWhile(reader: TokenReader): Statement | undefined {
  const start = reader.take().span;
  const condition = parseExpression(reader);
  const body = condition === undefined ? undefined : parseBlock(reader);
  if (condition === undefined || body === undefined) return undefined;
  return { kind: "while", condition, body, span: spanToHere(reader, start) };
}

/** `for ($kv : @map) { … }`, `for ($i : 0..10) { … }`; the parentheses may be left out. */
function parseFor(reader: TokenReader): Statement | undefined {
  const start = reader.take().span;
  const hasParentheses = reader.takeSymbol("(");
  const variable = reader.current;
  if (variable.kind !== "scratch") {
    reader.unexpected("variable in for loop");
    return undefined;
  }
  reader.take();
  if (!reader.expectSymbol(":")) return undefined;
  const subject = parseExpression(reader);
  if (subject === undefined) return undefined;
  let last: Expression | undefined;
  if (reader.takeSymbol("..")) {
    last = parseExpression(reader);
    if (last === undefined) return undefined;
  }
  if (hasParentheses && !reader.expectSymbol(")")) return undefined;
  const body = parseBlock(reader);
  if (body === undefined) return undefined;
  const { name, span: variableSpan } = variable;
  const span = spanToHere(reader, start);
  return { kind: "for", variable: name, variableSpan, subject, last, body, span };
}

function parseReturn(reader: TokenReader): Statement | undefined {
  const start = reader.take().span;
  if (reader.isSymbol(";") || reader.isSymbol("}")) {
    return { kind: "return", value: undefined, span: start };
  }
  const value = parseExpression(reader);
  return value === undefined
    ? undefined
    : { kind: "return", value, span: joinSpans(start, value.span) };
}

function spanToHere(reader: TokenReader, start: Span): Span {
  return { start: start.start, end: reader.previousEnd };
}

/** As bpftrace has it of what stands alone. */
function withSemicolon(reader: TokenReader, { start, end }: Span): Span {
  return { start, end: reader.isSymbol(";") ? reader.current.span.end : end };
}
