import { type TargetDescription } from "../spec/target-description.js";
import { queryKey, type Answers, type Query } from "./answers.js";
import { type CheckOptions, tryCheck } from "./check/check.js";
import { type ParsedProgram } from "./syntax/ast.js";

/**
 * What must still be known of the target before the program can be checked, each query once. Ask again with the answers
 * until nothing is left: a wildcard's names come first, then what is known of each, then types, from pointer to pointer.
 */
export function requirements(
  program: ParsedProgram,
  target: TargetDescription,
  answers: Answers,
  options: CheckOptions = {},
): readonly Query[] {
  const { missing } = tryCheck(program, target, answers, options);
  return [...new Map(missing.map((query) => [queryKey(query), query])).values()];
}
