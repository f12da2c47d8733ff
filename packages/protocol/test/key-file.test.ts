import { describe, expect, test } from "@jest/globals";
import { parseKeyFile } from "../src/key-file.js";

const ascii = (text: string): Uint8Array =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

/** 0, 1, 2 … */
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index);

describe("a key file's content", () => {
  const accepted = [
    {
      name: "hexadecimal, with a line end",
      content: ascii("000102030405060708090a0b0c0d0e0F\n"),
      key: counting(16),
    },
    {
      name: "hexadecimal over two lines",
      content: ascii("0001020304050607\r\n 08090a0b0c0d0e0f"),
      key: counting(16),
    },
    { name: "base64", content: ascii("AAECAwQFBgcICQoLDA0ODxA=\n"), key: counting(17) },
    { name: "base64 unpadded", content: ascii("AAECAwQFBgcICQoLDA0ODxA"), key: counting(17) },
    { name: "raw bytes", content: counting(20), key: counting(20) },
  ];
  test.each(accepted)("$name is read", ({ content, key }) => {
    expect(parseKeyFile(content)).toEqual({ kind: "key", key });
  });

  const refused = [
    { name: "nothing", content: ascii(" \n"), problem: "is empty" },
    {
      name: "30 hexadecimal digits, which base64 would take",
      content: ascii("000102030405060708090a0b0c0d0e"),
      problem: "has a key of 15 bytes; at least 16 are needed",
    },
    {
      name: "a lost digit",
      content: ascii("000102030405060708090a0b0c0d0e0f1"),
      problem: "has an odd number of hexadecimal digits",
    },
    {
      name: "a sentence",
      content: ascii("correct horse, battery staple"),
      problem: "is text, but neither hexadecimal nor base64: a key is made of random bytes",
    },
    {
      name: "a key of zeros",
      content: ascii("0".repeat(64)),
      problem: "has a key of only 1 different bytes: it is not random",
    },
    {
      name: "15 raw bytes",
      content: counting(15),
      problem: "has a key of 15 bytes; at least 16 are needed",
    },
  ];
  test.each(refused)("$name is refused", ({ content, problem }) => {
    expect(parseKeyFile(content)).toEqual({ kind: "problem", problem });
  });
});
