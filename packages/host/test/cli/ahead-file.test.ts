import { describe, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { formatAheadFile, wordsAhead } from "../../src/cli/ahead-file.js";

const options = [
  { short: "-o", long: "--output", required: true },
  { short: "-q", long: "--quiet", required: false },
];

describe("what a program is run by later", () => {
  const source = "begin { print(1) }";
  const cases = [
    { words: ["--aot", "x", "-e", source], file: undefined, kept: ["-e", source] },
    { words: ["-q", "a.bt", "--aot=x", "5"], file: "a.bt", kept: ["-q", "-e", source, "5"] },
    {
      name: "an option's word is not the file",
      words: ["-o", "a.bt", "a.bt", "a.bt", "--aot", "x"],
      file: "a.bt",
      kept: ["-o", "a.bt", "-e", source, "a.bt"],
    },
  ];
  test.each(cases)("$words", ({ words, file, kept }) => {
    expect(wordsAhead({ words, options, file, source })).toEqual(kept);
  });

  test("the shell gives the same words, and those of later behind them", () => {
    const program = `begin { printf("it's $1 \\n%d", 5); }\n`;
    const text = formatAheadFile(["printf", "%s|"], ["-e", program, "-q", "--", "--name=1"]);
    const { stdout } = spawnSync("sh", ["-c", text, "sh", "-p", "1 2"], { encoding: "utf8" });
    expect(stdout.split("|")).toEqual([
      "trace",
      "-e",
      program,
      "-q",
      "-p",
      "1 2",
      "--",
      "--name=1",
      "",
    ]);
  });
});
