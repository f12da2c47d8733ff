import { describe, expect, test } from "@jest/globals";
import { decodeUtf8, encodeUtf8 } from "../src/utf8.js";
import { fromHex, toHex } from "./hex.js";

const examples = [
  { name: "ASCII", text: "a~\0", bytes: "617e00" },
  { name: "two bytes", text: "é߿", bytes: "c3a9dfbf" },
  { name: "three bytes", text: "€\uffff", bytes: "e282acefbfbf" },
  { name: "four bytes", text: "😀", bytes: "f09f9880" },
  { name: "a lone surrogate as the replacement character", text: "\ud800x", bytes: "efbfbd78" },
];

describe("encodeUtf8", () => {
  for (const { name, text, bytes } of examples) {
    test(`encodes ${name}`, () => {
      expect(toHex(encodeUtf8(text))).toBe(bytes);
    });
  }
});

describe("decodeUtf8", () => {
  for (const { name, text, bytes } of examples.slice(0, 4)) {
    test(`decodes ${name}`, () => {
      expect(decodeUtf8(fromHex(bytes))).toBe(text);
    });
  }

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
