import { type Option } from "commander";

/** A command line of `sonde trace`, and what makes another of it. */
export interface GivenWords {
  /** Behind "trace", as they were given. */
  readonly words: readonly string[];
  readonly options: readonly Pick<Option, "short" | "long" | "required">[];
  /** The program's file among them; `undefined` when the program itself was given. */
  readonly file: string | undefined;
  readonly source: string;
}

/** The same words with the program itself in place of its file, and without --aot. */
export function wordsAhead({ words, options, file, source }: GivenWords): readonly string[] {
  const kept: string[] = [];
  let isReplaced = false;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (word === "--aot") {
      index += 1;
    } else if (word.startsWith("--aot=")) {
      continue;
    } else if (options.some((one) => one.required && (one.short === word || one.long === word))) {
      kept.push(word, ...words.slice(index + 1, index + 2));
      index += 1;
    } else if (word === file && !isReplaced) {
      kept.push("-e", source);
      isReplaced = true;
    } else {
      kept.push(word);
    }
  }
  return kept;
}

/** A script for the shell that runs a command with these words, and with those that it is given itself. */
export function formatAheadFile(command: readonly string[], words: readonly string[]): string {
  // Behind "--" there are parameters of the program alone: options of later come before it.
  const end = words.indexOf("--");
  const [before, after] = end === -1 ? [words, []] : [words.slice(0, end), words.slice(end)];
  const parts = [...command, "trace", ...before].map(quoted);
  const line = [...parts, '"$@"', ...after.map(quoted)].join(" ");
  return `#!/bin/sh
# Made by sonde trace --aot: a program in bpftrace's language, which sonde compiles for its target whenever this is run.
exec ${line}
`;
}

/** As the shell reads it back. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
