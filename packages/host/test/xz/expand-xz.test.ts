import { describe, expect, test } from "@jest/globals";
import { expandXz } from "../../src/xz/expand-xz.js";
import { XzError } from "../../src/xz/xz-error.js";
import { noise, streams, text } from "./streams.js";

const scale = Number(process.env["SONDE_FUZZ_SCALE"] ?? 1);
const mostBytes = 1 << 20;

function bytesOf(stream: string): Uint8Array {
  return new Uint8Array(Buffer.from(stream, "base64"));
}

describe("an .xz stream", () => {
  test.each([
    ["as it usually is", streams.usual, text],
    ["with other properties of LZMA", streams.withOtherProperties, text],
    ["of several blocks", streams.ofSeveralBlocks, text],
    ["of what cannot be compressed", streams.plain, noise],
  ])("%s is expanded", (_name, stream, expected) => {
    expect(expandXz(bytesOf(stream), mostBytes)).toEqual(expected);
  });

  test("that has more in it than is allowed is refused", () => {
    expect(() => expandXz(bytesOf(streams.usual), text.length - 1)).toThrow(
      new XzError(`it has more than ${text.length - 1} bytes in it`),
    );
  });

  test("that is cut short is refused, wherever that is before its index", () => {
    const whole = bytesOf(streams.plain);
    // Behind the block: an index and a footer of 12 bytes each.
    for (let length = 0; length < whole.length - 24; length++) {
      expect(() => expandXz(whole.subarray(0, length), mostBytes)).toThrow(XzError);
    }
  });

  test("that is damaged is refused, or is so within its headers and checksums alone", () => {
    const whole = bytesOf(streams.usual);
    let refused = 0;
    for (let run = 0; run < 150 * scale; run++) {
      const damaged = whole.slice();
      const at = (run * 7919) % damaged.length;
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (run % 8));
      try {
        const bytes = expandXz(damaged, mostBytes);
        if (bytes.length > mostBytes) throw new Error("more than is allowed");
      } catch (error) {
        if (!(error instanceof XzError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(100 * scale);
  });
});
