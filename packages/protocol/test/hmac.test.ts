import { describe, expect, test } from "@jest/globals";
import { areMacsEqual, hmacSha256 } from "../src/hmac.js";
import { encodeUtf8 } from "../src/utf8.js";
import { fromHex, toHex } from "./hex.js";

// RFC 4231, section 4.
const vectors = [
  {
    name: "case 1",
    key: new Uint8Array(20).fill(0x0b),
    data: encodeUtf8("Hi There"),
    mac: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  },
  {
    name: "case 2, a key shorter than the digest",
    key: encodeUtf8("Jefe"),
    data: encodeUtf8("what do ya want for nothing?"),
    mac: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  },
  {
    name: "case 3, more than one block",
    key: new Uint8Array(20).fill(0xaa),
    data: new Uint8Array(50).fill(0xdd),
    mac: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
  },
  {
    name: "case 4",
    key: fromHex("0102030405060708090a0b0c0d0e0f10111213141516171819"),
    data: new Uint8Array(50).fill(0xcd),
    mac: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
  },
  {
    name: "case 6, a key longer than a block",
    key: new Uint8Array(131).fill(0xaa),
    data: encodeUtf8("Test Using Larger Than Block-Size Key - Hash Key First"),
    mac: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  },
];

describe("hmacSha256", () => {
  for (const { name, key, data, mac } of vectors) {
    test(`gives the MAC of RFC 4231, ${name}`, () => {
      expect(toHex(hmacSha256(key, data))).toBe(mac);
    });
  }

  test("takes parts as if they were one message", () => {
    const [first] = vectors;
    const parts = [encodeUtf8("Hi "), encodeUtf8(""), encodeUtf8("There")];
    expect(toHex(hmacSha256(new Uint8Array(20).fill(0x0b), ...parts))).toBe(first?.mac);
  });
});

describe("areMacsEqual", () => {
  test("tells equal from different, at the first and at the last byte", () => {
    expect(areMacsEqual(fromHex("010203"), fromHex("010203"))).toBe(true);
    expect(areMacsEqual(fromHex("010203"), fromHex("000203"))).toBe(false);
    expect(areMacsEqual(fromHex("010203"), fromHex("010204"))).toBe(false);
  });

  test("a part of the other is not equal", () => {
    expect(areMacsEqual(fromHex("0102"), fromHex("010203"))).toBe(false);
  });
});
