import { describe, expect, test } from "@jest/globals";
import { encodeUtf8 } from "../src/utf8.js";
import { toHex } from "./hex.js";

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
