import { faultOfInteger } from "./integer-fault.js";
import { parseIntegerLiteral } from "./integer-literal.js";
import { readStringLiteral } from "./string-literal.js";
import { type Token } from "./token.js";

/** Longest first, so that the first that matches is right. */
const symbols = [
  "<<=",
  ">>=",
  "->",
  "++",
  "--",
  "<<",
  ">>",
  "<=",
  ">=",
  "==",
  "!=",
  "&&",
  "||",
  "+=",
  "-=",
  "*=",
  "/=",
  "%=",
  "&=",
  "|=",
  "^=",
  "..",
  ...Array.from("+-*/%&|^~!<>=?:;,.(){}[]"),
];

/** The token at or after `offset`, past spaces and comments. Reading on from its end gives the next one. */
export function readToken(source: string, offset: number): Token {
  const start = skipSpace(source, offset);
  const span = (end: number): { start: number; end: number } => ({ start, end });
  const character = source[start];
  if (character === undefined) return { kind: "end", span: span(start) };
  if (source.startsWith("/*", start)) {
    // Skipped by skipSpace when it is closed.
    return { kind: "invalid", message: "unterminated comment", span: span(source.length) };
  }
  if (character === '"') {
    const { value, end, fault } = readStringLiteral(source, start);
    if (fault === undefined) return { kind: "string", value, span: span(end) };
    const place = { start: fault.start, end: fault.end };
    return { kind: "invalid", message: fault.message, place, span: span(end) };
  }
  if (/[0-9]/.test(character)) {
    const text = match(/[0-9A-Za-z_]+/y, source, start);
    const fault = faultOfInteger(text);
    if (fault !== undefined) {
      const { message } = fault;
      const end = start + text.length;
      return { kind: "invalid", message, span: { start: start + fault.start, end } };
    }
    const literal = parseIntegerLiteral(text);
    return { ...literal, span: span(start + text.length) };
  }
  if (character === "$") return readDollar(source, start);
  if (character === "@") {
    const name = match(/@[A-Za-z0-9_]*/y, source, start);
    return { kind: "map", name, span: span(start + name.length) };
  }
  const word = match(/[A-Za-z_][A-Za-z0-9_]*/y, source, start);
  if (word !== "") return { kind: "word", text: word, span: span(start + word.length) };
  const symbol = symbols.find((text) => source.startsWith(text, start));
  if (symbol !== undefined) {
    return { kind: "symbol", text: symbol, span: span(start + symbol.length) };
  }
  const stranger = String.fromCodePoint(source.codePointAt(start) ?? 0);
  return {
    kind: "invalid",
    message: `unexpected character ${JSON.stringify(stranger)}`,
    span: span(start + stranger.length),
  };
}

function readDollar(source: string, start: number): Token {
  if (source[start + 1] === "#") {
    return { kind: "positionalCount", span: { start, end: start + 2 } };
  }
  const text = match(/\$[A-Za-z0-9_]*/y, source, start);
  const span = { start, end: start + text.length };
  const name = text.slice(1);
  if (/^[A-Za-z_]/.test(name)) return { kind: "scratch", name, span };
  if (/^[1-9][0-9]{0,3}$/.test(name)) return { kind: "positional", index: Number(name), span };
  const message =
    name === "0"
      ? "param $0 is out of integer range [1, 9223372036854775807]"
      : `${text} is not a variable's name`;
  return { kind: "invalid", message, span };
}

/** The first offset at or after `offset` that is neither space nor in a comment. */
export function skipSpace(source: string, offset: number): number {
  let position = offset;
  for (;;) {
    position += match(/\s+/y, source, position).length;
    if (source.startsWith("//", position)) {
      const end = source.indexOf("\n", position);
      position = end === -1 ? source.length : end;
    } else if (source.startsWith("/*", position)) {
      const end = source.indexOf("*/", position + 2);
      if (end === -1) return position;
      position = end + 2;
    } else {
      return position;
    }
  }
}

/** The text that a sticky pattern matches at an offset, "" when it does not. */
function match(pattern: RegExp, source: string, offset: number): string {
  pattern.lastIndex = offset;
  return pattern.exec(source)?.[0] ?? "";
}
