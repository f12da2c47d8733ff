import { describe, expect, test } from "@jest/globals";
import { Deflater } from "../../src/compression/deflater.js";
import { Inflater } from "../../src/compression/inflater.js";
import { ProtocolError } from "../../src/errors.js";
import { encodeUtf8 } from "../../src/utf8.js";

const kind = 4;

/** Sends messages through both, and gives how many bytes each took on its way, without its kind. */
function carry(...messages: readonly Uint8Array[]): number[] {
  const deflater = new Deflater();
  const inflater = new Inflater();
  return messages.map((message) => {
    const compressed = deflater.compress(message, kind);
    expect(compressed[0]).toBe(kind);
    // Not `toEqual`, which takes seconds for long messages.
    expect(areEqual(inflater.expand(compressed.subarray(1), 1 << 22), message)).toBe(true);
    return compressed.length - 1;
  });
}

function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Bytes in which there is nothing to find, the same in every run. */
function noise(length: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    return state >>> 23;
  });
}

const event = (count: number): Uint8Array =>
  encodeUtf8(`open ${count} by cat: /usr/lib/python3/dist-packages/pygments/cmdline.py\n`);

describe("messages", () => {
  test("come as they were sent, whatever their lengths", () => {
    const lengths = [0, 1, 2, 3, 4, 5, 100, 258, 259, 4095, 4096, 4097, 8192, 16_384, 50_000];
    carry(...lengths.map((length) => noise(length, length + 1)));
    carry(...lengths.map((length) => new Uint8Array(length)));
    carry(...lengths.map((length) => Uint8Array.from({ length }, (_, at) => (at * at) >> 8)));
    carry(
      ...[...lengths].reverse().map((length) => Uint8Array.from({ length }, (_, at) => at % 7)),
    );
  });

  test("that are alike take a few bytes each after the first", () => {
    const [first = 0, ...others] = carry(...Array.from({ length: 50 }, (_, count) => event(count)));
    expect(first).toBeGreaterThan(50);
    expect(Math.max(...others)).toBeLessThanOrEqual(9);
  });

  test("find again what was said up to 12 kB before, and forget the rest", () => {
    const text = noise(1000);
    const [, , near = 0] = carry(text, noise(11_000, 2), text);
    const [, , far = 0] = carry(text, noise(20_000, 2), text);
    expect(near).toBeLessThan(30);
    expect(far).toBeGreaterThan(900);
  });

  test("in which there is nothing to find grow by little", () => {
    for (const length of [0, 1, 10, 100, 1000, 4096, 10_000, 100_000]) {
      const [size = 0] = carry(noise(length));
      expect(size - length).toBeLessThanOrEqual(2 + 6 * Math.ceil(length / 4096));
    }
  });

  test("of one byte again and again take next to nothing", () => {
    const [size = 0] = carry(new Uint8Array(1 << 20));
    expect(size).toBeLessThan(12_000);
  });

  test("go on as long as a session does", () => {
    const deflater = new Deflater();
    const inflater = new Inflater();
    for (let count = 0; count < 3000; count++) {
      const message = count % 3 === 0 ? noise(count % 700, count + 1) : event(count);
      const compressed = deflater.compress(message, kind).subarray(1);
      expect(areEqual(inflater.expand(compressed, 1000), message)).toBe(true);
    }
  });
});

describe("an inflater", () => {
  test("makes no more of a message than its limit", () => {
    const compressed = new Deflater().compress(new Uint8Array(100_000), kind).subarray(1);
    expect(new Inflater().expand(compressed, 100_000)).toHaveLength(100_000);
    expect(() => new Inflater().expand(compressed, 99_999)).toThrow("more than 99999 bytes");
  });

  test.each<[string, readonly number[], string]>([
    ["nothing at all", [], "ends too soon"],
    ["a block of the fourth kind", [0b110], "a block of no kind"],
    ["the end of the compression", [0b001], "ends the compression"],
    ["a stored block without its bytes", [0, 5, 0, 0xfa, 0xff, 1], "ends too soon"],
    ["a stored block whose lengths differ", [0, 5, 0, 0xfa, 0xfe, 1, 2, 3, 4, 5], "no length"],
    ["a match before there is anything", [0b0000_0010, 0b0000_0010, 0], "reaches back too far"],
    ["more codes than there are", [0b1111_1100, 0xff, 0xff], "more codes than there are"],
    ["a code that is too full", [0b0000_0100, 0, 0b1001_0010, 0x24, 0x49, 0], "too full"],
  ])("refuses %s", (_, bytes, message) => {
    const expand = (): Uint8Array => new Inflater().expand(Uint8Array.from(bytes), 1000);
    expect(expand).toThrow(ProtocolError);
    expect(expand).toThrow(message);
  });
});
