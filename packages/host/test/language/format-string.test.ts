import { describe, expect, test } from "@jest/globals";
import { type FormatPiece } from "../../src/spec/trace-layout.js";
import { parseFormatString } from "../../src/language/format-string.js";

function show(piece: FormatPiece): string {
  if (typeof piece === "string") return JSON.stringify(piece);
  const { flags, width, precision, length, conversion } = piece;
  return `%[${flags}|${width ?? ""}|${precision ?? ""}|${length}|${conversion}]`;
}

describe("formats", () => {
  const cases: [string, string[]][] = [
    ["", []],
    ["plain", ['"plain"']],
    ["100%%", ['"100%"']],
    ["%d", ["%[||||d]"]],
    ["a%db", ['"a"', "%[||||d]", '"b"']],
    ["%-16s|%5d", ["%[-|16|||s]", '"|"', "%[|5|||d]"]],
    ["%08llx", ["%[0|8||ll|x]"]],
    ["%+ #.3d", ["%[+ #||3||d]"]],
    ["%.s", ["%[||0||s]"]],
    ["%lu %hhd %zu", ["%[|||l|u]", '" "', "%[|||hh|d]", '" "', "%[|||z|u]"]],
    ["%r%rx%rh", ["%[||||r]", "%[||||rx]", "%[||||rh]"]],
    ["%c%p%o%X%i", ["%[||||c]", "%[||||p]", "%[||||o]", "%[||||X]", "%[||||i]"]],
    ["%99999d", ["%[|4096|||d]"]],
    ["%gr%10gr", ["%[||||gr]", "%[|10|||gr]"]],
  ];
  test.each(cases)("%s", (format, expected) => {
    const { pieces, strays } = parseFormatString(format);
    expect(strays).toEqual([]);
    expect(pieces.map(show)).toEqual(expected);
  });

  test("conversions know where they stand", () => {
    expect(parseFormatString("ab%-5d%%%s").conversionSpans).toEqual([
      { start: 2, end: 6 },
      { start: 8, end: 10 },
    ]);
  });

  test.each([
    ["%y", "%y"],
    ["ab%w", "%w"],
    ["%5", "%5"],
  ])("%s has no conversion, and stands as it is", (format, stray) => {
    expect(parseFormatString(format)).toMatchObject({ pieces: [format], strays: [stray] });
  });

  test("a % alone is one", () => {
    expect(parseFormatString("1%, 100%\n %")).toMatchObject({
      pieces: ["1%, 100%\n %"],
      strays: [],
    });
  });
});
