import { type Diagnostic, type DiagnosticCode, isError } from "../diagnostic.js";
import { expansionsOf, type Span } from "../syntax/span.js";

/**
 * Collects what is wrong. A block is checked once for each probe that it expands to, so the second report of a kind at a
 * place is dropped.
 */
export class Diagnostics {
  readonly #list: Diagnostic[] = [];
  readonly #seen = new Set<string>();

  get list(): readonly Diagnostic[] {
    return this.#list;
  }

  get hasErrors(): boolean {
    return this.#list.some(isError);
  }

  error(
    code: DiagnosticCode,
    span: Span,
    message: string,
    hints: readonly string[] = [],
    related?: Diagnostic["related"],
  ): void {
    this.add({
      severity: "error",
      code,
      span,
      message,
      hints,
      ...(related === undefined ? {} : { related }),
    });
  }

  warn(code: DiagnosticCode, span: Span, message: string, hints: readonly string[] = []): void {
    this.add({ severity: "warning", code, span, message, hints });
  }

  /** What is about the whole program, or about no part of it. */
  addPlaceless(
    severity: Diagnostic["severity"],
    code: DiagnosticCode,
    message: string,
    hints: readonly string[] = [],
  ): void {
    this.add({ severity, code, span: { start: 0, end: 0 }, isPlaceless: true, message, hints });
  }

  add(diagnostic: Diagnostic): void {
    const { severity, code, span, isPlaceless } = diagnostic;
    const place = `${severity} ${code} ${isPlaceless ? diagnostic.message : keyOf(span)}`;
    if (this.#seen.has(place)) return;
    this.#seen.add(place);
    this.#list.push(diagnostic);
  }
}

function keyOf(span: Span): string {
  return [span, ...expansionsOf(span)].map(({ start, end }) => `${start} ${end}`).join(" ");
}
