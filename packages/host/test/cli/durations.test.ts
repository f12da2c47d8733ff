import { describe, expect, test } from "@jest/globals";
import { UsageError } from "../../src/cli/exit-code.js";
import { formatAge } from "../../src/cli/format-age.js";
import { formatTable } from "../../src/cli/format-table.js";
import { parseDuration } from "../../src/cli/parse-duration.js";

describe("parseDuration", () => {
  for (const [text, seconds] of [
    ["90s", 90],
    ["10m", 600],
    ["8h", 28_800],
    ["14d", 1_209_600],
  ] as const) {
    test(`takes ${text}`, () => {
      expect(parseDuration(text)).toBe(seconds);
    });
  }

  for (const text of ["", "0s", "10", "1.5h", "-1m", "15d", "1y", "99999999s"]) {
    test(`refuses "${text}"`, () => {
      expect(() => parseDuration(text)).toThrow(UsageError);
    });
  }
});

describe("formatAge", () => {
  for (const [milliseconds, text] of [
    [0n, "0 s"],
    [7999n, "7 s"],
    [310_000n, "5 min 10 s"],
    [3_600_000n, "1 h"],
    [3_605_000n, "1 h"],
    [273_600_000n, "3 d 4 h"],
  ] as const) {
    test(`says ${text}`, () => {
      expect(formatAge(milliseconds)).toBe(text);
    });
  }
});

test("a table's columns are as wide as their widest cell, and its lines have no space at their end", () => {
  const table = formatTable([
    ["NAME", "LOST"],
    ["a-long-name", "0"],
    ["b", "12345"],
  ]);
  expect(table).toBe("NAME         LOST\na-long-name  0\nb            12345\n");
});
