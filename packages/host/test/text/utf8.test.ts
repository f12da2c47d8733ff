import { describe, expect, test } from "@jest/globals";
import { cutUtf8, decodeUtf8, encodeUtf8, utf8SizeBytes, wellFormed } from "../../src/text/utf8.js";

describe("text of bytes", () => {
  test.each([
    [[0x61, 0xff, 0x62]],
    [[0xc3, 0xa9]],
    [[0xc3]],
    [[0xc3, 0x28]],
    [[0xed, 0xb2, 0x80]],
    [[0xf0, 0x9f, 0x98, 0x80, 0x80]],
    [[0xef, 0xbf, 0xbd, 0xfe]],
    [[0xf5, 0x80, 0x80, 0x80, ...Array.from({ length: 30 }, (_, at) => 0x61 + at)]],
  ])("%j comes back as it was", (bytes) => {
    const text = decodeUtf8(Uint8Array.from(bytes));
    expect([...encodeUtf8(text)]).toEqual(bytes);
    expect(utf8SizeBytes(text)).toBe(bytes.length);
  });

  test("all pairs of bytes come back", () => {
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second++) {
        const bytes = [first, second, 0x41];
        expect([...encodeUtf8(decodeUtf8(Uint8Array.from(bytes)))]).toEqual(bytes);
      }
    }
  });

  test("what is UTF-8 is the text that it says", () => {
    expect(decodeUtf8(new TextEncoder().encode("é日😀\ufffd"))).toBe("é日😀\ufffd");
  });

  test("is well-formed for those who want it so", () => {
    expect(wellFormed(decodeUtf8(Uint8Array.of(0x61, 0xff, 0xc3)))).toBe("a\ufffd\ufffd");
    expect(wellFormed("a😀")).toBe("a😀");
  });

  test("is cut within a character", () => {
    expect([...encodeUtf8(cutUtf8("aé", 2))]).toEqual([0x61, 0xc3]);
  });
});
