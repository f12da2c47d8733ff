import { describe, expect, test } from "@jest/globals";
import { decodeCString, decodeUtf8, encodeCString } from "../../../src/kernel/text.js";

describe("text", () => {
  test("comes back as it went", () => {
    for (const text of ["", "comm", "Zürich", "点", "🎈", "a".repeat(10_000)]) {
      expect(decodeCString(encodeCString(text))).toBe(text);
    }
  });

  test("ends at the first NUL of a C string", () => {
    expect(decodeCString(Uint8Array.of(0x61, 0, 0x62))).toBe("a");
  });

  const malformed: readonly { name: string; bytes: readonly number[]; expected: string }[] = [
    { name: "a lone continuation byte", bytes: [0x80, 0x61], expected: "\ufffda" },
    { name: "a sequence cut short", bytes: [0xe7, 0x82], expected: "\ufffd\ufffd" },
    { name: "an overlong form", bytes: [0xc0, 0xaf], expected: "\ufffd\ufffd" },
    {
      name: "an overlong form of three",
      bytes: [0xe0, 0x80, 0xaf],
      expected: "\ufffd\ufffd\ufffd",
    },
    { name: "a surrogate", bytes: [0xed, 0xa0, 0x80], expected: "\ufffd\ufffd\ufffd" },
    { name: "a byte that begins nothing", bytes: [0xff, 0x62], expected: "\ufffdb" },
  ];
  for (const { name, bytes, expected } of malformed) {
    test(`replaces ${name}`, () => {
      expect(decodeUtf8(Uint8Array.from(bytes))).toBe(expected);
    });
  }
});
