import { type SourceFile } from "./syntax/source-set.js";
import { type Span } from "./syntax/span.js";

/** What is wrong with a user's program: a value, collected and shown, never thrown. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly code: DiagnosticCode;
  readonly span: Span;
  /** It is about no place of the program: the span says nothing. */
  readonly isPlaceless?: true;
  /** Lower case, no full stop. */
  readonly message: string;
  /** What to do about it, a sentence each. */
  readonly hints: readonly string[];
  /** Other places that have to do with it, as the first use of a map. */
  readonly related?: readonly RelatedPlace[];
  /** The file that it is about, when that is not the program itself. */
  readonly file?: SourceFile;
}

/** Another place that has to do with a fault. */
export interface RelatedPlace {
  readonly span: Span;
  readonly message: string;
  /** It is a part of what is wrong, and as bad; else it is there to know of. */
  readonly isPart?: true;
  /** The file that it is in, when that is not the program itself. */
  readonly file?: SourceFile;
}

/** Kinds of faults, for tests and for tools; the message says the rest. */
export type DiagnosticCode =
  | "syntax"
  | "unknown-probe-type"
  | "bad-probe"
  | "no-match"
  | "nothing-to-attach"
  | "unknown-config"
  | "bad-config"
  | "unknown-name"
  | "unknown-function"
  | "unknown-field"
  | "unknown-variable"
  | "unknown-map"
  | "missing-option"
  | "wrong-probe"
  | "argument-count"
  | "argument-type"
  | "format"
  | "type-mismatch"
  | "bad-value"
  | "not-supported"
  | "too-large"
  | "cast"
  | "unneeded"
  | "unreachable";

export function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === "error";
}
