import { isError, type Diagnostic } from "./diagnostic.js";
import { type ParsedProgram } from "./syntax/ast.js";
import { type ParseOptions, parseProgram } from "./syntax/parse-program.js";
import { type SourceSet } from "./syntax/source-set.js";

/** Parses a program's text, and the files that it names. There is a program only when nothing is wrong with it. */
export function parse(
  source: string,
  options: ParseOptions = {},
): {
  readonly program: ParsedProgram | undefined;
  readonly sources: SourceSet;
  readonly diagnostics: readonly Diagnostic[];
} {
  const { program, sources, diagnostics } = parseProgram(source, options);
  return { program: diagnostics.some(isError) ? undefined : program, sources, diagnostics };
}

/** A diagnostic by the file that it is about. */
export function locateDiagnostic(diagnostic: Diagnostic, sources: SourceSet): Diagnostic {
  const place = sources.locate(diagnostic.span);
  if (place === undefined) return diagnostic;
  const { path, text, span } = place;
  const { related, ...rest } = diagnostic;
  const other = related === undefined ? undefined : sources.locate(related.span);
  const isInSameFile = other?.path === path && related !== undefined;
  return {
    ...rest,
    span,
    file: { path, text },
    ...(isInSameFile ? { related: { ...related, span: other.span } } : {}),
  };
}
