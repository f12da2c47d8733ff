import { type CompileOptions } from "../language/compile.js";

/** The words behind a program: those of the kind `--name=value`, which can stand behind `--` only, are options of its own. */
export function readProgramWords(
  words: readonly string[],
): Pick<CompileOptions, "positional" | "named"> {
  const isNamed = (word: string): boolean => /^--\w/.test(word);
  const named = words.filter(isNamed).map((word) => {
    const [, name = "", value = "true"] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    return [name, value] as const;
  });
  return {
    positional: words.filter((word) => !isNamed(word)),
    named: Object.fromEntries(named),
  };
}
