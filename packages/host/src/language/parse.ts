import { isError, type Diagnostic } from "./diagnostic.js";
import { type ParsedProgram } from "./syntax/ast.js";
import { parseProgram } from "./syntax/parse-program.js";

/** Parses a program's text. There is a program only when nothing is wrong with it. */
export function parse(source: string): {
  readonly program: ParsedProgram | undefined;
  readonly diagnostics: readonly Diagnostic[];
} {
  const { program, diagnostics } = parseProgram(source);
  return { program: diagnostics.some(isError) ? undefined : program, diagnostics };
}
