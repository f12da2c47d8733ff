import { describe, expect, test } from "@jest/globals";
import { decodeCString, encodeCString } from "../../../src/kernel/text.js";

describe("text", () => {
  test("comes back as it went", () => {
    for (const text of ["", "comm", "Zürich", "点", "🎈", "a".repeat(10_000)]) {
      expect(decodeCString(encodeCString(text))).toBe(text);
    }
  });

  test("ends at the first NUL of a C string", () => {
    expect(decodeCString(Uint8Array.of(0x61, 0, 0x62))).toBe("a");
  });
});
