import { describe, expect, test } from "@jest/globals";
import { ProtocolError } from "../src/index.js";
import { decodeMsgpack } from "../src/msgpack-decoder.js";
import { fromHex } from "./hex.js";

const check =
  (hex: string, items = 1000) =>
  () =>
    decodeMsgpack(fromHex(hex), { items });

const accepted = [
  { name: "small integers", hex: "92057f" },
  { name: "a negative integer", hex: "ff" },
  { name: "nil, false and true", hex: "93c0c2c3" },
  {
    name: "integers of every width",
    hex: "98ccffcdffffceffffffffcfffffffffffffffffd0ffd1ffffd2ffffffffd3ffffffffffffffff",
  },
  { name: "both floats", hex: "92ca00000000cb0000000000000000" },
  { name: "strings of every header", hex: "94a161d90161da000161db0000000161" },
  { name: "bytes of every header", hex: "93c40100c5000100c60000000100" },
  {
    name: "arrays and maps of every header",
    hex: "96 90 dc0000 dd00000000 80 de0000 df00000000".replaceAll(" ", ""),
  },
  {
    name: "a map with keys of every header",
    hex: "84a16101d9016202da00016303db0000000164 04".replaceAll(" ", ""),
  },
  { name: "32 levels", hex: `${"91".repeat(32)}00` },
];

const refused = [
  { name: "nothing", hex: "" },
  { name: "a byte too many", hex: "0000" },
  { name: "an integer cut short", hex: "cdff" },
  { name: "a string cut short", hex: "a261" },
  { name: "bytes whose header is cut short", hex: "c600" },
  { name: "4 GiB of bytes that are not there", hex: "c6ffffffff" },
  { name: "an array of 4 billion that are not there", hex: "ddffffffff00" },
  { name: "a map of 4 billion that are not there", hex: "dfffffffffa10000" },
  { name: "an array cut short", hex: "930102" },
  { name: "a map without its last value", hex: "82a16101a162" },
  { name: "33 levels", hex: `${"91".repeat(33)}00` },
  { name: "33 levels of maps", hex: `${"81a161".repeat(33)}00` },
  { name: "an integer as a key", hex: "810101" },
  { name: "bytes as a key", hex: "81c4016101" },
  { name: "__proto__ as a key", hex: "81a95f5f70726f746f5f5f80" },
  { name: "__proto__ as a key with a long header", hex: "81d9095f5f70726f746f5f5f80" },
  { name: "a timestamp extension", hex: "d6ff00000000" },
  { name: "a record definition", hex: "d4720091a161" },
  { name: "every other extension", hex: "c7010000" },
  { name: "the byte that msgpack never uses", hex: "c1" },
];

describe("what is taken for msgpack", () => {
  for (const { name, hex } of accepted) {
    test(`${name}: accepted`, () => {
      expect(check(hex)).not.toThrow();
    });
  }
  for (const { name, hex } of refused) {
    test(`${name}: refused`, () => {
      expect(check(hex)).toThrow(ProtocolError);
    });
  }

  test("more values than allowed are refused, keys counted", () => {
    expect(check("81a16101", 3)).not.toThrow();
    expect(check("81a16101", 2)).toThrow(ProtocolError);
  });
});
