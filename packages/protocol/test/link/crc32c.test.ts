import { describe, expect, test } from "@jest/globals";
import { crc32c } from "../../src/link/crc32c.js";

const ascii = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

describe("CRC-32C", () => {
  test.each([
    // RFC 3720, appendix B.4, and the check value of the catalogues.
    { name: "nothing", bytes: new Uint8Array(0), expected: 0 },
    { name: "123456789", bytes: ascii("123456789"), expected: 0xe306_9283 },
    { name: "32 bytes of 0", bytes: new Uint8Array(32), expected: 0x8a91_36aa },
    { name: "32 bytes of 0xff", bytes: new Uint8Array(32).fill(0xff), expected: 0x62a8_ab43 },
    {
      name: "32 ascending bytes",
      bytes: Uint8Array.from({ length: 32 }, (_, index) => index),
      expected: 0x46dd_794e,
    },
  ])("of $name is what the standard says", ({ bytes, expected }) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  test("goes on where another ended", () => {
    expect(crc32c(ascii("6789"), crc32c(ascii("12345")))).toBe(crc32c(ascii("123456789")));
  });
});
