import { queryKey, type Answers, type Query } from "./answers.js";
import { readConfig } from "./check/config.js";
import { Diagnostics } from "./check/diagnostics.js";
import { parentProcessQueries } from "./check/parent-process.js";
import { expandBlock } from "./check/probes/expand-attach-point.js";
import { type ParsedProgram } from "./syntax/ast.js";

/**
 * What must still be known of the target before the program can be checked, each query once. Ask again with the answers
 * until nothing is left: a wildcard's names come first, then what is known of each.
 */
export function requirements(
  program: ParsedProgram,
  answers: Answers,
  options: { readonly positional?: readonly string[] } = {},
): readonly Query[] {
  const missing: Query[] = [...parentProcessQueries(program, answers)];
  // What is wrong is for check() to say.
  const diagnostics = new Diagnostics();
  const input = {
    answers,
    positional: options.positional ?? [],
    pid: undefined,
    missingProbes: readConfig(program.config, diagnostics).missingProbes,
  };
  for (const block of program.blocks) expandBlock(block, input, missing, diagnostics);
  return [...new Map(missing.map((query) => [queryKey(query), query])).values()];
}
