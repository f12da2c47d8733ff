import { compile, type CompileOptions, type CompileResult } from "../language/compile.js";
import { parse } from "../language/parse.js";
import { requirements } from "../language/requirements.js";
import { type Answers, type Query } from "../language/answers.js";
import { type TargetDescription } from "../spec/target-description.js";

/** Compiles a program for a target, asking of it what the program turns out to need, round by round. */
export async function compileProgram(
  source: string,
  target: TargetDescription,
  answer: (queries: readonly Query[]) => Promise<Answers>,
  options: CompileOptions,
): Promise<CompileResult> {
  let answers: Answers = new Map();
  const { program } = parse(source, options);
  if (program !== undefined) {
    for (;;) {
      const queries = requirements(program, target, answers, options);
      if (queries.length === 0) break;
      answers = await answer(queries);
    }
  }
  return compile(source, target, answers, options);
}
