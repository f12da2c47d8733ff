import { UsageError } from "./exit-code.js";

/** A command line's words, as a shell would see them: quotes and backslashes count, nothing else does. Throws UsageError. */
export function splitCommand(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === quote) {
      quote = "";
    } else if (quote === "" && (character === "'" || character === '"')) {
      quote = character;
      word ??= "";
    } else if (character === "\\" && quote !== "'" && at + 1 < text.length) {
      at++;
      word = (word ?? "") + text.charAt(at);
    } else if (quote === "" && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (quote !== "") throw new UsageError(`-c ${text}: a ${quote} is not closed`);
  if (word !== undefined) words.push(word);
  return words;
}
