import { describe, expect, test } from "@jest/globals";
import { Sha256, sha256 } from "../src/sha256.js";
import { encodeUtf8 } from "../src/utf8.js";
import { toHex } from "./hex.js";

// FIPS 180-4 examples and NIST's CAVP short messages.
const vectors = [
  { message: "", digest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
  { message: "abc", digest: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
  {
    message: "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    digest: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  },
  {
    message:
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
    digest: "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
  },
];

describe("sha256", () => {
  for (const { message, digest } of vectors) {
    test(`digests the example of ${message.length} bytes as the standard says`, () => {
      expect(toHex(sha256(encodeUtf8(message)))).toBe(digest);
    });
  }

  test("gives the same digest however the message is cut into pieces", () => {
    const message = Uint8Array.from({ length: 300 }, (_, index) => index & 0xff);
    const whole = toHex(sha256(message));
    for (const size of [1, 3, 55, 56, 63, 64, 65, 127, 128, 129]) {
      const hash = new Sha256();
      for (let start = 0; start < message.length; start += size) {
        hash.update(message.subarray(start, start + size));
      }
      expect(toHex(hash.digest())).toBe(whole);
    }
  });
});
