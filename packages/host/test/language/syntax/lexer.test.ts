import { describe, expect, test } from "@jest/globals";
import { readToken } from "../../../src/language/syntax/lexer.js";
import { type Token } from "../../../src/language/syntax/token.js";

function readAll(source: string): Token[] {
  const tokens: Token[] = [];
  for (let offset = 0; ;) {
    const token = readToken(source, offset);
    if (token.kind === "end") return tokens;
    tokens.push(token);
    offset = token.span.end;
  }
}

function show(token: Token): string {
  switch (token.kind) {
    case "word":
    case "symbol":
      return `${token.kind} ${token.text}`;
    case "integer":
      return `integer ${token.value}${token.isUnsigned ? "u" : ""}`;
    case "string":
      return `string ${JSON.stringify(token.value)}`;
    case "scratch":
    case "map":
      return `${token.kind} ${token.name}`;
    case "positional":
      return `positional ${token.index}`;
    case "invalid":
      return `invalid ${token.message}`;
    default:
      return token.kind;
  }
}

describe("tokens", () => {
  const cases: { source: string; expected: string[] }[] = [
    { source: "", expected: [] },
    { source: " \n\t// only this\n /* and\nthat */ ", expected: [] },
    { source: "pid tid_2", expected: ["word pid", "word tid_2"] },
    { source: "@ @a1 @_x", expected: ["map @", "map @a1", "map @_x"] },
    {
      source: "$x $1 $# $12",
      expected: ["scratch x", "positional 1", "positionalCount", "positional 12"],
    },
    {
      source: "$0",
      expected: ["invalid param $0 is out of integer range [1, 9223372036854775807]"],
    },
    { source: "$", expected: ["invalid $ is not a variable's name"] },
    { source: "0 42 1_000_000", expected: ["integer 0", "integer 42", "integer 1000000"] },
    {
      source: "0x1F 0xffff_ffff 0b101",
      expected: ["integer 31", "integer 4294967295", "invalid invalid integer suffix 'b101'"],
    },
    { source: "0755 1e6 5E3", expected: ["integer 493", "integer 1000000", "integer 5000"] },
    {
      source: "1u 2UL 3ll 4ull 0xdUL",
      expected: [
        "integer 1u",
        "invalid invalid trailing bytes: 2UL",
        "integer 3",
        "integer 4u",
        "integer 13u",
      ],
    },
    {
      source: "10ns 3us 2ms 1s 1m 1h 1d",
      expected: [
        "integer 10",
        "integer 3000",
        "integer 2000000",
        "integer 1000000000",
        "integer 60000000000",
        "integer 3600000000000",
        "integer 86400000000000",
      ],
    },
    { source: "0x1d", expected: ["integer 29"] },
    { source: "18446744073709551615", expected: ["integer 18446744073709551615"] },
    {
      source: "18446744073709551616",
      expected: [
        "invalid overflow error, maximum value is 18446744073709551615: 18446744073709551616",
      ],
    },
    {
      source: "1e20",
      expected: ["invalid overflow error, maximum value is 18446744073709551615: 1e20"],
    },
    { source: "089", expected: ["invalid invalid trailing bytes: 089"] },
    { source: "12abc", expected: ["invalid invalid integer suffix 'abc'"] },
    { source: "0x", expected: ["invalid invalid integer: "] },
    { source: '"a b"', expected: ['string "a b"'] },
    {
      source: String.raw`"\n\t\"\\\x41\101\0"`,
      expected: [`string ${JSON.stringify('\n\t"\\AA\0')}`],
    },
    { source: String.raw`"\xc3\xa9"`, expected: ['string "é"'] },
    { source: String.raw`"\q"`, expected: [String.raw`invalid invalid escape character '\q'`] },
    { source: '"open', expected: ["invalid unterminated string"] },
    {
      source: '"open\n"',
      expected: ["invalid unterminated string", "invalid unterminated string"],
    },
    { source: "a->b.c", expected: ["word a", "symbol ->", "word b", "symbol .", "word c"] },
    { source: "<<=>>=<<>>", expected: ["symbol <<=", "symbol >>=", "symbol <<", "symbol >>"] },
    { source: "x+++y", expected: ["word x", "symbol ++", "symbol +", "word y"] },
    { source: "0..10", expected: ["integer 0", "symbol ..", "integer 10"] },
    { source: "a/*b*/c", expected: ["word a", "word c"] },
    { source: "a /* b", expected: ["word a", "invalid unterminated comment"] },
    { source: "é", expected: ['invalid unexpected character "é"'] },
    { source: "😀x", expected: ['invalid unexpected character "😀"', "word x"] },
  ];
  test.each(cases)("$source", ({ source, expected }) => {
    expect(readAll(source).map(show)).toEqual(expected);
  });

  test("spans are where the tokens stand", () => {
    expect(readAll("a /* x */ 12").map(({ span }) => span)).toEqual([
      { start: 0, end: 1 },
      { start: 10, end: 12 },
    ]);
  });
});
