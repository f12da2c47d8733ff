import { constants, createDeflateRaw, inflateRawSync, type ZlibOptions } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { Deflater } from "../../src/compression/deflater.js";
import { Inflater } from "../../src/compression/inflater.js";
import { ProtocolError } from "../../src/errors.js";

/** Like what crosses the wire: repetitive in part, within a message and from one to the next. */
const message = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc
    .tuple(fc.constantFrom("open /etc/passwd ", "\0\0\0\0", "ab"), fc.nat({ max: 400 }))
    .map(([text, times]) => new TextEncoder().encode(text.repeat(times))),
  fc
    .array(fc.constantFrom("/usr/lib", "cat", "python3", "\n", "x86_64-linux-gnu"), {
      maxLength: 200,
    })
    .map((words) => new TextEncoder().encode(words.join(" "))),
);
const messages = fc.array(message, { minLength: 1, maxLength: 12 });

/** What zlib leaves at the end of a message that is flushed. */
const tail = Buffer.from([0, 0, 0xff, 0xff]);

async function deflateByZlib(
  given: readonly Uint8Array[],
  options: ZlibOptions,
): Promise<Uint8Array[]> {
  const deflate = createDeflateRaw(options);
  const compressed: Uint8Array[] = [];
  for (const one of given) {
    const pieces: Buffer[] = [];
    const take = (piece: Buffer): void => void pieces.push(piece);
    deflate.on("data", take);
    deflate.write(one);
    await new Promise<void>((resolve) => {
      deflate.flush(constants.Z_SYNC_FLUSH, resolve);
    });
    deflate.off("data", take);
    const whole = Buffer.concat(pieces);
    expect(whole.subarray(-4)).toEqual(tail);
    compressed.push(whole.subarray(0, -4));
  }
  deflate.close();
  return compressed;
}

describe("another implementation", () => {
  test("understands what we compress", () => {
    fc.assert(
      fc.property(messages, (given) => {
        const deflater = new Deflater();
        const stream = Buffer.concat(
          given.flatMap((one) => [deflater.compress(one, 4).subarray(1), tail]),
        );
        const options = { finishFlush: constants.Z_SYNC_FLUSH, windowBits: 14 };
        expect(inflateRawSync(stream, options).equals(Buffer.concat(given))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test.each<[string, ZlibOptions]>([
    ["its usual way", {}],
    ["its best", { level: 9, memLevel: 9 }],
    ["fixed codes", { strategy: constants.Z_FIXED }],
    ["codes alone", { strategy: constants.Z_HUFFMAN_ONLY }],
    ["no compression", { level: 0 }],
    ["runs alone", { strategy: constants.Z_RLE }],
  ])("is understood when it compresses in %s", async (_, options) => {
    await fc.assert(
      fc.asyncProperty(messages, async (given) => {
        const inflater = new Inflater();
        const compressed = await deflateByZlib(given, { ...options, windowBits: 14 });
        for (const [at, one] of compressed.entries()) {
          expect(Buffer.from(inflater.expand(one, 100_000)).equals(given[at] ?? tail)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});

test("whatever comes is expanded within its limit or refused", () => {
  const deflater = new Deflater();
  const good = deflater.compress(new TextEncoder().encode("open /etc/passwd ".repeat(20)), 4);
  const mutation = fc.record({ at: fc.nat({ max: good.length - 1 }), byte: fc.nat({ max: 255 }) });
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    // Of the kind that has codes of its own.
    fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => {
      bytes[0] = ((bytes[0] ?? 0) & 0b1111_1000) | 0b100;
      return bytes;
    }),
    fc.array(mutation, { minLength: 1, maxLength: 5 }).map((mutations) => {
      const bytes = good.slice(1);
      for (const { at, byte } of mutations) bytes[at] = byte;
      return bytes;
    }),
  );
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 1, maxLength: 3 }), (given) => {
      const inflater = new Inflater();
      try {
        for (const one of given) {
          expect(inflater.expand(one, 5000).length).toBeLessThanOrEqual(5000);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
    { numRuns: 5000 },
  );
});
