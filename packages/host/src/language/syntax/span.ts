/** A piece of a source text: offsets in UTF-16 units, the end is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** Of what a macro, or a name of its parameters, stands for: where that is used. */
  readonly expandedFrom?: Span;
}

/** The uses of macros that a place comes from, the innermost first. */
export function expansionsOf({ expandedFrom }: Span): readonly Span[] {
  return expandedFrom === undefined ? [] : [expandedFrom, ...expansionsOf(expandedFrom)];
}

/** The smallest span that holds both. */
export function joinSpans(first: Span, last: Span): Span {
  return { start: Math.min(first.start, last.start), end: Math.max(first.end, last.end) };
}

/** A place in a source text as people count it: both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Line and column of an offset; offsets past the end count as the end. */
export function positionOf(source: string, offset: number): Position {
  const limit = Math.min(offset, source.length);
  let line = 1;
  let lineStart = 0;
  for (let next = source.indexOf("\n"); next !== -1 && next < limit;) {
    line += 1;
    lineStart = next + 1;
    next = source.indexOf("\n", lineStart);
  }
  return { line, column: limit - lineStart + 1 };
}

/** A span as messages name it: "1:9-14" with the end exclusive, or by its lines, "1-3". */
export function formatPlace(source: string, span: Span): string {
  const start = positionOf(source, span.start);
  const end = positionOf(source, span.end);
  if (start.line !== end.line) return `${start.line}-${end.line}`;
  return `${start.line}:${start.column}-${Math.max(end.column, start.column + 1)}`;
}
