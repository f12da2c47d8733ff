import { type Diagnostic } from "./diagnostic.js";
import { formatPlace, positionOf, type Span } from "./syntax/span.js";

/**
 * A diagnostic as people read it: `stdin:1:9-14: ERROR: message`, the source line with a marker under the span, the place it
 * has to do with, hints. The end column is exclusive; a span over several lines is named by its first and last line.
 * Ends with a newline. Of one that is about no place and says nothing there are the hints.
 */
export function renderDiagnostic(diagnostic: Diagnostic, program: NamedSource): string {
  const { severity, span, message, hints, related, file, isPlaceless } = diagnostic;
  const level = severity === "error" ? "ERROR" : "WARNING";
  const placeless = message === "" ? [] : [`${level}: ${message}`];
  const lines =
    isPlaceless === true ? placeless : excerpt(span, level, message, sourceOf(file, program));
  for (const one of related ?? []) {
    const said = one.isPart === true ? level : "NOTE";
    lines.push(...excerpt(one.span, said, one.message, sourceOf(one.file, program)));
  }
  lines.push(...hints.map((hint) => `HINT: ${hint}`));
  return lines.map((text) => `${text}\n`).join("");
}

interface NamedSource {
  readonly source: string;
  readonly sourceName: string;
}

function sourceOf(file: Diagnostic["file"], program: NamedSource): NamedSource {
  return file === undefined ? program : { source: file.text, sourceName: file.path };
}

function excerpt(
  span: Span,
  level: string,
  message: string,
  { source, sourceName }: NamedSource,
): string[] {
  return [
    `${sourceName}:${formatPlace(source, span)}: ${level}: ${message}`,
    excerptOf(source, span),
  ];
}

/** The line that a span begins in, with a marker below it; without a newline at the end. */
export function excerptOf(source: string, span: Span): string {
  const start = positionOf(source, span.start);
  const end = positionOf(source, span.end);
  const line = source.split("\n", start.line)[start.line - 1] ?? "";
  const endColumn =
    start.line === end.line ? Math.max(end.column, start.column + 1) : line.length + 1;
  return `${line}\n${marker(line, start.column, endColumn)}`;
}

/** Tildes under the columns; tabs before them are kept so that they stand below the text. */
function marker(line: string, start: number, end: number): string {
  const indent = line.slice(0, start - 1).replaceAll(/[^\t]/g, " ");
  return indent + "~".repeat(Math.max(1, end - start));
}
