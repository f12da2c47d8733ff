import { describe, expect, test } from "@jest/globals";
import {
  decodeIpAddress,
  encodeIpAddress,
  encodeUnixAddress,
  isLoopback,
  parseIpAddress,
} from "../../../src/kernel/socket-address.js";
import { type Machine } from "../../../src/system/system.js";

const little: Machine = { architecture: "x64", isLittleEndian: true, pointerSize: 8 };
const big: Machine = { architecture: "s390x", isLittleEndian: false, pointerSize: 8 };

const parse = (text: string): number[] => [...(parseIpAddress(text) ?? [])];
const ipv6 = (...groups: number[]): number[] =>
  groups.flatMap((group) => [group >> 8, group & 0xff]);

describe("an address of the internet", () => {
  test.each<[string, number[]]>([
    ["127.0.0.1", [127, 0, 0, 1]],
    ["255.255.255.255", [255, 255, 255, 255]],
    ["::", ipv6(0, 0, 0, 0, 0, 0, 0, 0)],
    ["::1", ipv6(0, 0, 0, 0, 0, 0, 0, 1)],
    ["fe80::1:2", ipv6(0xfe80, 0, 0, 0, 0, 0, 1, 2)],
    ["1:2:3:4:5:6:7:8", ipv6(1, 2, 3, 4, 5, 6, 7, 8)],
    ["1:2:3:4:5:6:7::", ipv6(1, 2, 3, 4, 5, 6, 7, 0)],
    ["::FFFF:192.0.2.1", ipv6(0, 0, 0, 0, 0, 0xffff, 0xc000, 0x0201)],
  ])("%s is understood", (text, bytes) => {
    expect(parse(text)).toEqual(bytes);
  });

  test.each([
    ...["", "board", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.-4", "0x7f.0.0.1", "1.2.3.4 "],
    ...[
      ":",
      ":::",
      "1::2::3",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7:8::",
      "12345::",
      "g::",
      "::1.2.3",
      "1.2.3.4::",
    ],
  ])("'%s' is none", (text) => {
    expect(parseIpAddress(text)).toBeUndefined();
  });

  test.each([
    ["127.0.0.1", true],
    ["127.255.0.9", true],
    ["::1", true],
    ["128.0.0.1", false],
    ["0.0.0.0", false],
    ["::", false],
    ["::2", false],
    ["1::1", false],
  ])("whether %s is this machine's own: %s", (text, expected) => {
    expect(isLoopback(parseIpAddress(text) ?? new Uint8Array(0))).toBe(expected);
  });

  test("is given to the kernel in the machine's byte order, its port in the network's", () => {
    const address = Uint8Array.of(10, 0, 0, 2);
    expect([...encodeIpAddress(little, address, 0x1234)].slice(0, 8)).toEqual([
      2, 0, 0x12, 0x34, 10, 0, 0, 2,
    ]);
    expect([...encodeIpAddress(big, address, 0x1234)].slice(0, 8)).toEqual([
      0, 2, 0x12, 0x34, 10, 0, 0, 2,
    ]);
    const six = encodeIpAddress(little, Uint8Array.from(parse("fe80::1")), 80);
    expect([six.length, six[0], six[8], six[23]]).toEqual([28, 10, 0xfe, 1]);
  });

  test("comes back from the kernel as it was given", () => {
    for (const machine of [little, big]) {
      const four = encodeIpAddress(machine, Uint8Array.of(10, 0, 0, 2), 4650);
      expect(decodeIpAddress(machine, four)).toEqual({ address: "10.0.0.2", port: 4650 });
      const six = encodeIpAddress(machine, Uint8Array.from(parse("fe80::1:ab")), 4650);
      expect(decodeIpAddress(machine, six)).toEqual({ address: "fe80:0:0:0:0:0:1:ab", port: 4650 });
    }
  });

  test("of another family is nobody's", () => {
    expect(decodeIpAddress(little, new Uint8Array(128))).toBeUndefined();
  });
});

describe("the address of a Unix socket", () => {
  test("is its path", () => {
    expect([...(encodeUnixAddress(big, "/a") ?? [])]).toEqual([0, 1, 0x2f, 0x61, 0]);
  });

  test("has at most 107 bytes", () => {
    expect(encodeUnixAddress(little, "a".repeat(107))).toHaveLength(110);
    expect(encodeUnixAddress(little, "a".repeat(108))).toBeUndefined();
    expect(encodeUnixAddress(little, "é".repeat(54))).toBeUndefined();
  });
});
