import { describe, expect, test } from "@jest/globals";
import { printable } from "../../src/cli/printable.js";

describe("printable", () => {
  test("leaves no character that a terminal obeys", () => {
    const obeyed = ["\u0000", "\u0007", "\b", "\r", "\u001b[2J", "\u007f", "\u009b2J"];
    const characters = obeyed.map((text) => printable(`a${text}b`));
    expect(characters).toEqual([
      ...["a\ufffdb", "a\ufffdb", "a\ufffdb", "a\ufffdb"],
      ...["a\ufffd[2Jb", "a\ufffdb", "a\ufffd2Jb"],
    ]);
  });

  test("leaves lines, columns and other languages as they are", () => {
    expect(printable("π\tçà\n漢字 \u{1f41d}\n")).toBe("π\tçà\n漢字 \u{1f41d}\n");
  });
});
