import { describe, expect, test } from "@jest/globals";
import { faultOfInteger } from "../../../src/language/syntax/integer-fault.js";

describe("numbers", () => {
  test.each(["0", "1_000", "0x_1f", "0755", "5e10", "1e1_0", "10ull", "1_2ms", "0x1u", "0s"])(
    "%s is one",
    (text) => {
      expect(faultOfInteger(text)).toBeUndefined();
    },
  );

  test.each([
    ["0b101", 1, "invalid integer suffix 'b101'"],
    ["1llu", 3, "invalid integer suffix 'u'"],
    ["1_", 1, "trailing underscore in integer literal"],
    ["1UL", 0, "invalid trailing bytes: 1UL"],
    ["089", 0, "invalid trailing bytes: 089"],
    ["1e0", 0, "invalid trailing bytes: 1e0"],
    ["12e3", 0, "coefficient part of scientific literal must be 1-9: 12e3"],
    ["0xg", 0, "invalid integer: "],
  ])("%s is none, from character %i on", (text, start, message) => {
    expect(faultOfInteger(text)).toEqual({ start, message });
  });
});
