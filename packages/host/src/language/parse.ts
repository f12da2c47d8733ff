import { isError, type Diagnostic, type RelatedPlace } from "./diagnostic.js";
import { type ParsedProgram } from "./syntax/ast.js";
import { type ParseOptions, parseProgram } from "./syntax/parse-program.js";
import { type SourceSet } from "./syntax/source-set.js";
import { expansionsOf } from "./syntax/span.js";

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

/** A diagnostic by the files that it is about; the uses of macros that it comes from are places that it has to do with. */
export function locateDiagnostic(diagnostic: Diagnostic, sources: SourceSet): Diagnostic {
  const expansions = expansionsOf(diagnostic.span).map(
    (span) => ({ span, message: "expanded from", isPart: true }) as const,
  );
  const related = [...(diagnostic.related ?? []), ...expansions];
  return {
    ...locate(diagnostic, sources),
    ...(related.length === 0 ? {} : { related: related.map((one) => locate(one, sources)) }),
  };
}

function locate<Place extends Diagnostic | RelatedPlace>(place: Place, sources: SourceSet): Place {
  const { start, end } = place.span;
  const inFile = sources.locate(place.span);
  if (inFile === undefined) return { ...place, span: { start, end } };
  const { path, text, span } = inFile;
  return { ...place, span, file: { path, text } };
}
