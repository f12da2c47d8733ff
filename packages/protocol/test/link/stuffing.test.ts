import { describe, expect, test } from "@jest/globals";
import { stuff, stuffedLength, unstuff } from "../../src/link/stuffing.js";
import { Random } from "./random.js";

function stuffed(bytes: Uint8Array): Uint8Array {
  const output = new Uint8Array(stuffedLength(bytes.length));
  return output.subarray(0, stuff(bytes, output, 0));
}

describe("stuffing", () => {
  test.each([
    { bytes: [], expected: [0x01] },
    { bytes: [0x00], expected: [0x01, 0x01] },
    { bytes: [0x11], expected: [0x02, 0x01] },
    { bytes: [0x13, 0xff], expected: [0x03, 0x04, 0x01] },
    { bytes: [0x41], expected: [0x05, 0x41] },
    { bytes: [0x41, 0x42, 0x00, 0x43], expected: [0x09, 0x41, 0x42, 0x05, 0x43] },
    // A run of four has code 16, whose byte is beyond the two that are left out (0x11 stands for none).
    { bytes: [1, 2, 3, 4], expected: [0x12, 1, 2, 3, 4] },
  ])("of $bytes is $expected", ({ bytes, expected }) => {
    expect([...stuffed(Uint8Array.from(bytes))]).toEqual(expected);
  });

  test("a run of 62 bytes is one block, and one more begins the next", () => {
    const run = new Uint8Array(62).fill(0x41);
    expect([...stuffed(run)]).toEqual([0xfb, ...run, 0x01]);
    const longer = new Uint8Array(63).fill(0x41);
    expect([...stuffed(longer)]).toEqual([0xfb, ...run, 0x05, 0x41]);
  });

  test("whatever is stuffed comes back, and has none of the four bytes meanwhile", () => {
    const random = new Random(1);
    for (let round = 0; round < 300; round++) {
      const length = random.between(0, 300);
      const isHard = random.chance(0.5);
      const bytes = Uint8Array.from({ length }, () =>
        isHard ? random.pick([0, 0x11, 0x13, 0xff, 0x41]) : random.u32() & 0xff,
      );
      const line = stuffed(bytes);
      expect(line.some((byte) => [0, 0x11, 0x13, 0xff].includes(byte))).toBe(false);
      expect(line.length).toBeLessThanOrEqual(stuffedLength(length));
      expect(unstuff(line)).toEqual(bytes);
    }
  });

  test.each([
    { name: "nothing at all", bytes: [] },
    { name: "a block that ends early", bytes: [0x09, 0x41] },
    { name: "a code that there is not", bytes: [0xfe, 0x41] },
    { name: "a byte that is never on the line", bytes: [0x05, 0x13] },
    { name: "an end that stands for another byte", bytes: [0x02] },
  ])("$name is no stuffing", ({ bytes }) => {
    expect(unstuff(Uint8Array.from(bytes))).toBeUndefined();
  });
});
