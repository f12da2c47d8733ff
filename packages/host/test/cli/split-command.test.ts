import { describe, expect, test } from "@jest/globals";
import { splitCommand } from "../../src/cli/split-command.js";

describe("a command's words", () => {
  const commands: readonly (readonly [string, readonly string[]])[] = [
    ["ls", ["ls"]],
    ["  ls  -l\t/tmp ", ["ls", "-l", "/tmp"]],
    [`sh -c 'a "b" $c'`, ["sh", "-c", 'a "b" $c']],
    [`"a \\" b" c\\ d`, ['a " b', "c d"]],
    [`a'b'"c"`, ["abc"]],
    [`echo ''`, ["echo", ""]],
    ["a\\", ["a\\"]],
  ];
  for (const [text, words] of commands) {
    test(`of ${text}`, () => {
      expect(splitCommand(text)).toEqual(words);
    });
  }

  test("may be none, and its quotes must be closed", () => {
    expect(splitCommand(" ")).toEqual([]);
    expect(() => splitCommand("ls 'a")).toThrow("a ' is not closed");
  });
});
