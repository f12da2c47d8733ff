import { readToken } from "../syntax/lexer.js";
import { type Token } from "../syntax/token.js";

/** What a source is made of, between spaces. */
export interface Piece {
  readonly kind: Token["kind"] | "comment" | "directive";
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Line ends between the piece before and this one. */
  readonly newlines: number;
}

/** The tokens, comments and lines of the preprocessor in a stretch of a source. */
export function* readPieces(source: string, start: number, end: number): Generator<Piece> {
  let position = start;
  for (;;) {
    const spaceEnd = spacesFrom(source, position);
    if (spaceEnd >= end) return;
    const newlines = source.slice(position, spaceEnd).split("\n").length - 1;
    const { kind, end: pieceEnd } = pieceAt(source, spaceEnd);
    const stop = Math.min(pieceEnd, end);
    yield { kind, text: source.slice(spaceEnd, stop), start: spaceEnd, end: stop, newlines };
    position = stop;
  }
}

function spacesFrom(source: string, position: number): number {
  const spaces = /\s*/y;
  spaces.lastIndex = position;
  return position + (spaces.exec(source)?.[0].length ?? 0);
}

function pieceAt(
  source: string,
  start: number,
): { readonly kind: Piece["kind"]; readonly end: number } {
  if (source.startsWith("//", start)) return { kind: "comment", end: lineEnd(source, start) };
  if (source.startsWith("/*", start)) {
    const close = source.indexOf("*/", start + 2);
    return { kind: "comment", end: close === -1 ? source.length : close + 2 };
  }
  const lineStart = source.lastIndexOf("\n", start - 1) + 1;
  if (source[start] === "#" && source.slice(lineStart, start).trim() === "") {
    let end = lineEnd(source, start);
    while (source[end - 1] === "\\" && end < source.length) end = lineEnd(source, end + 1);
    return { kind: "directive", end };
  }
  const { kind, span } = readToken(source, start);
  return { kind, end: Math.max(span.end, start + 1) };
}

function lineEnd(source: string, position: number): number {
  const end = source.indexOf("\n", position);
  return end === -1 ? source.length : end;
}
