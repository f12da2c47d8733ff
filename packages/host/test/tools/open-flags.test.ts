import { describe, expect, test } from "@jest/globals";
import { escapeText } from "../../src/tools/escape-text.js";
import { openFlag, openFlagNames } from "../../src/tools/open-flags.js";
import { ToolOptionError } from "../../src/tools/tool.js";

describe("open flags", () => {
  test("have the numbers of the target's architecture", () => {
    expect(openFlag("O_DIRECTORY", "x64")).toBe(0o200000);
    expect(openFlag("O_DIRECTORY", "arm64")).toBe(0o40000);
    expect(openFlag("O_APPEND", "mips")).toBe(8);
  });

  test("are named, those of several bits only when all are set", () => {
    expect(openFlagNames(0, "x64")).toEqual(["O_RDONLY"]);
    expect(openFlagNames(0o2000001, "x64")).toEqual(["O_WRONLY", "O_CLOEXEC"]);
    expect(openFlagNames(0o4010002, "x64")).toEqual(["O_RDWR", "O_DSYNC", "O_SYNC"]);
  });

  test("that do not exist are refused with those that do", () => {
    expect(() => openFlag("O_WRITE", "x64")).toThrow(ToolOptionError);
  });
});

test("text from a target cannot move the cursor", () => {
  expect(escapeText("a\u001b[2Jb\nc\td\u009be")).toBe("a\\x1b[2Jb\\nc\\td\\x9be");
});
