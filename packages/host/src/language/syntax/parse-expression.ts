import { type BinaryOperator, type Expression, type FieldName, type UnaryOperator } from "./ast.js";
import { asExpression } from "./block-value.js";
import { parseContainer, parseOffset } from "./parse-type-call.js";
import { parseTypeName, startsCast, startsType } from "./parse-type-name.js";
import { joinSpans, type Span } from "./span.js";
import { type Token } from "./token.js";
import { type TokenReader } from "./token-reader.js";

/** C's precedences; a higher one binds tighter. All are left-associative. */
const precedences: ReadonlyMap<string, number> = new Map(
  (
    [
      ["||"],
      ["&&"],
      ["|"],
      ["^"],
      ["&"],
      ["==", "!="],
      ["<", "<=", ">", ">="],
      ["<<", ">>"],
      ["+", "-"],
      ["*", "/", "%"],
    ] satisfies BinaryOperator[][]
  ).flatMap((operators, level) => operators.map((operator) => [operator, level + 1] as const)),
);

/** Parses an expression; `undefined` after a fault, which is then reported. */
export function parseExpression(reader: TokenReader): Expression | undefined {
  return reader.nest("expression", () => parseConditional(reader));
}

function parseConditional(reader: TokenReader): Expression | undefined {
  const condition = parseBinary(reader, 1);
  if (condition === undefined || !reader.takeSymbol("?")) return condition;
  const isShort = reader.isSymbol(":");
  const then = isShort ? undefined : parseExpression(reader);
  if ((then === undefined && !isShort) || !reader.expectSymbol(":")) return undefined;
  const otherwise = parseExpression(reader);
  if (otherwise === undefined) return undefined;
  const span = joinSpans(condition.span, otherwise.span);
  return { kind: "conditional", condition, then, otherwise, span };
}

function parseBinary(reader: TokenReader, minimum: number): Expression | undefined {
  let left = parseUnary(reader);
  while (left !== undefined) {
    const operator = binaryOperator(reader);
    if (operator === undefined || operator.precedence < minimum) return left;
    if (!reader.countOperator()) return undefined;
    reader.take();
    const right = reader.nest("expression", () => parseBinary(reader, operator.precedence + 1));
    if (right === undefined) return undefined;
    const span = joinSpans(left.span, right.span);
    left = { kind: "binary", operator: operator.text, left, right, span };
  }
  return left;
}

function binaryOperator(
  reader: TokenReader,
): { text: BinaryOperator; precedence: number } | undefined {
  const token = reader.current;
  if (token.kind !== "symbol") return undefined;
  const precedence = precedences.get(token.text);
  if (precedence === undefined) return undefined;
  // Nothing is divided by a block: this slash ends a predicate.
  if (token.text === "/") {
    const next = reader.after(token);
    if (next.kind === "symbol" && next.text === "{") return undefined;
  }
  // The keys of `precedences` are BinaryOperators.
  return { text: token.text as BinaryOperator, precedence };
}

const unaryOperators: ReadonlySet<string> = new Set<UnaryOperator>(["-", "!", "~", "*", "&"]);

function parseUnary(reader: TokenReader): Expression | undefined {
  const token = reader.current;
  if (token.kind !== "symbol") return parsePostfix(reader);
  if (token.text === "++" || token.text === "--") {
    const operator = token.text;
    reader.take();
    const target = reader.nest("expression", () => parseUnary(reader));
    if (target === undefined) return undefined;
    const span = joinSpans(token.span, target.span);
    return { kind: "update", operator, isPrefix: true, target, span };
  }
  if (unaryOperators.has(token.text)) {
    reader.take();
    const operand = reader.nest("expression", () => parseUnary(reader));
    if (operand === undefined) return undefined;
    const span = joinSpans(token.span, operand.span);
    // `unaryOperators` holds nothing else.
    return { kind: "unary", operator: token.text as UnaryOperator, operand, span };
  }
  if (token.text === "(" && startsCast(reader, token)) {
    reader.take();
    const type = parseTypeName(reader, parseExpression);
    if (type === undefined || !reader.expectSymbol(")")) return undefined;
    const operand = reader.nest("expression", () => parseUnary(reader));
    if (operand === undefined) return undefined;
    return { kind: "cast", type, operand, span: joinSpans(token.span, operand.span) };
  }
  return parsePostfix(reader);
}

function parsePostfix(reader: TokenReader): Expression | undefined {
  let object = parsePrimary(reader);
  while (object !== undefined) {
    const token = reader.current;
    if (token.kind !== "symbol") return object;
    if (![".", "->", "[", "++", "--"].includes(token.text)) return object;
    if (!reader.countOperator()) return undefined;
    reader.take();
    if (token.text === "++" || token.text === "--") {
      const span = joinSpans(object.span, token.span);
      object = { kind: "update", operator: token.text, isPrefix: false, target: object, span };
    } else if (token.text === "[") {
      const index = parseExpression(reader);
      if (index === undefined || !reader.expectSymbol("]")) return undefined;
      object = { kind: "index", object, index, span: spanToHere(reader, object.span) };
    } else {
      object = parseMember(reader, object, token.text === "->");
    }
  }
  return object;
}

function parseMember(
  reader: TokenReader,
  object: Expression,
  isArrow: boolean,
): Expression | undefined {
  const token = reader.current;
  if (token.kind !== "word" && token.kind !== "integer") {
    reader.unexpected("field name after '.'");
    return undefined;
  }
  reader.take();
  const name = reader.source.slice(token.span.start, token.span.end);
  const span = joinSpans(object.span, token.span);
  return { kind: "member", object, name, nameSpan: token.span, isArrow, span };
}

function parsePrimary(reader: TokenReader): Expression | undefined {
  const token = reader.current;
  switch (token.kind) {
    case "integer":
    case "string":
    case "scratch":
    case "positional":
    case "positionalCount":
      reader.take();
      return token;
    case "word":
      return parseWord(reader, token);
    case "map":
      return parseMap(reader, token);
    case "symbol":
      if (token.text === "(") return parseParentheses(reader, token.span);
      if (token.text === "{") return parseBlockExpression(reader);
      break;
    default:
  }
  reader.unexpected("expression");
  return undefined;
}

function parseWord(
  reader: TokenReader,
  token: Extract<Token, { kind: "word" }>,
): Expression | undefined {
  reader.take();
  if (token.text === "if") return parseIfExpression(reader, token.span);
  if (token.text === "comptime") return parseComptime(reader, token.span);
  if (token.text === "true" || token.text === "false") {
    return { kind: "boolean", value: token.text === "true", span: token.span };
  }
  const defined = reader.definition(token.text);
  if (defined !== undefined) return parseDefined(defined, token);
  if (!reader.takeSymbol("(")) return { kind: "identifier", name: token.text, span: token.span };
  if (token.text === "sizeof" && startsType(reader)) {
    const type = parseTypeName(reader, parseExpression);
    if (type === undefined || !reader.expectSymbol(")")) return undefined;
    return { kind: "sizeof", type, span: spanToHere(reader, token.span) };
  }
  if (token.text === "offsetof") return parseOffset(reader, token.span, parseExpression);
  if (token.text === "container_of") return parseContainer(reader, token.span, parseExpression);
  const args = parseList(reader, ")");
  if (args === undefined) return undefined;
  const span = spanToHere(reader, token.span);
  return { kind: "call", name: token.text, nameSpan: token.span, args, span };
}

/** `comptime x`, as a call, behind its first word. */
function parseComptime(reader: TokenReader, nameSpan: Span): Expression | undefined {
  const value = reader.nest("expression", () => parseUnary(reader));
  if (value === undefined) return undefined;
  const span = joinSpans(nameSpan, value.span);
  return { kind: "call", name: "comptime", nameSpan, args: [value], span };
}

/** What `#define` gave a name to, as if it stood in brackets. */
function parseDefined(
  reader: TokenReader,
  token: Extract<Token, { kind: "word" }>,
): Expression | undefined {
  const expression = parseExpression(reader);
  if (expression === undefined) return undefined;
  if (reader.current.kind !== "end") {
    reader.unexpected("the end of the definition");
    return undefined;
  }
  return { ...expression, span: token.span };
}

function parseMap(
  reader: TokenReader,
  token: Extract<Token, { kind: "map" }>,
): Expression | undefined {
  reader.take();
  const { name, span: nameSpan } = token;
  if (!reader.takeSymbol("[")) return { kind: "map", name, nameSpan, keys: [], span: nameSpan };
  const keys = parseList(reader, "]");
  if (keys === undefined) return undefined;
  const span = spanToHere(reader, nameSpan);
  if (keys.length === 0) {
    reader.report(span, `syntax: ${name}[] has no key`);
    return undefined;
  }
  return { kind: "map", name, nameSpan, keys, span };
}

/** `(expression)`, a tuple, `(a, b)`, or a record, `(x=a, y=b)`. */
function parseParentheses(reader: TokenReader, open: Span): Expression | undefined {
  reader.take();
  if (reader.takeSymbol(")")) {
    return { kind: "tuple", elements: [], span: spanToHere(reader, open) };
  }
  if (startsNamed(reader)) return parseRecord(reader, open);
  const first = parseExpression(reader);
  if (first === undefined) return undefined;
  // Its place is that of what the brackets hold, as in bpftrace.
  if (reader.takeSymbol(")")) return first;
  if (!reader.isSymbol(",")) {
    reader.unexpected("')'");
    return undefined;
  }
  reader.take();
  const rest = parseList(reader, ")");
  if (rest === undefined) return undefined;
  return { kind: "tuple", elements: [first, ...rest], span: spanToHere(reader, open) };
}

/** `name =`, which no expression begins with. */
function startsNamed(reader: TokenReader): boolean {
  const token = reader.current;
  if (token.kind !== "word") return false;
  const next = reader.after(token);
  return next.kind === "symbol" && next.text === "=";
}

/** Behind its opening bracket. */
function parseRecord(reader: TokenReader, open: Span): Expression | undefined {
  const names: FieldName[] = [];
  const elements: Expression[] = [];
  while (!reader.takeSymbol(")")) {
    const name = reader.current;
    if (name.kind !== "word") {
      reader.unexpected("identifier");
      return undefined;
    }
    reader.take();
    const value = reader.expectSymbol("=") ? parseExpression(reader) : undefined;
    if (value === undefined) return undefined;
    if (names.some(({ text }) => text === name.text)) {
      const message = `syntax: Named argument list already contains name: ${name.text}`;
      reader.report(spanToHere(reader, name.span), message);
      return undefined;
    }
    names.push({ text: name.text, span: name.span });
    elements.push(value);
    if (!reader.takeSymbol(",") && !reader.isSymbol(")")) {
      reader.unexpected("')'");
      return undefined;
    }
  }
  return { kind: "tuple", elements, names, span: spanToHere(reader, open) };
}

/** `{ statements; value }`. */
function parseBlockExpression(reader: TokenReader): Expression | undefined {
  const block = reader.parseBlock();
  return block === undefined ? undefined : asExpression(block);
}

/** `if c { a } else { b }` where a value is wanted, behind its first word. */
function parseIfExpression(reader: TokenReader, start: Span): Expression | undefined {
  const condition = parseExpression(reader);
  const then = condition === undefined ? undefined : parseBlockExpression(reader);
  if (condition === undefined || then === undefined) return undefined;
  if (!reader.isWord("else")) {
    reader.unexpected("'else'");
    return undefined;
  }
  const { span } = reader.take();
  let otherwise: Expression | undefined;
  if (reader.isWord("if")) {
    reader.take();
    otherwise = reader.nest("expression", () => parseIfExpression(reader, span));
  } else {
    otherwise = parseBlockExpression(reader);
  }
  if (otherwise === undefined) return undefined;
  return { kind: "conditional", condition, then, otherwise, span: spanToHere(reader, start) };
}

/** Expressions between commas up to the closing bracket, which is taken. */
function parseList(reader: TokenReader, close: string): Expression[] | undefined {
  const list: Expression[] = [];
  if (reader.takeSymbol(close)) return list;
  for (;;) {
    const expression = parseExpression(reader);
    if (expression === undefined) return undefined;
    list.push(expression);
    if (reader.takeSymbol(close)) return list;
    if (!reader.takeSymbol(",")) {
      reader.unexpected(`'${close}'`);
      return undefined;
    }
    if (reader.takeSymbol(close)) return list;
  }
}

function spanToHere(reader: TokenReader, start: Span): Span {
  return { start: start.start, end: reader.previousEnd };
}
