import fc from "fast-check";
import { describe, expect, test } from "@jest/globals";
import { Packr } from "msgpackr";
import { decodeMsgpack } from "../src/msgpack-decoder.js";
import { MsgpackEncoder } from "../src/msgpack-encoder.js";
import { toHex } from "./hex.js";

const bounds = { items: 1_000_000 };

/** Another implementation. Records are its own extension of the format. */
const other = new Packr({ useRecords: false, variableMapSize: true, int64AsType: "bigint" });

const encode = (value: unknown): Uint8Array => new MsgpackEncoder().encode(value);

/** All that a message can hold. */
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, false, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 2 ** 31),
    fc.constantFrom<unknown>(2 ** 32 - 1, 2 ** 32, 2 ** 53, -1, -32, -33, -128, -129, -32_768),
    fc.constantFrom<unknown>(-32_769, -(2 ** 31), -(2 ** 31) - 1, 1.5, -0, 1e300, NaN, Infinity),
    fc.integer(),
    fc.double(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.string({ unit: "grapheme", maxLength: 40 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie("value"), { maxLength: 20 }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tie("value"), {
      maxKeys: 20,
      noNullPrototype: true,
    }),
  ),
})).value;

describe("msgpack", () => {
  test("comes back as it went", () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decodeMsgpack(encode(value), bounds)).toEqual(value);
      }),
    );
  });

  test("is understood by another implementation, and what that writes by us", () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(plain(other.unpack(encode(value)))).toEqual(value);
        // It makes 0 of -0.
        const packed = other.pack(value);
        expect(decodeMsgpack(packed, bounds)).toEqual(plain(other.unpack(packed)));
      }),
    );
  });

  test.each([255, 256, 65_535, 65_536])("has %s elements, characters or bytes", (length) => {
    for (const value of [
      new Array<number>(length).fill(1),
      "a".repeat(length),
      new Uint8Array(length),
      Object.fromEntries(Array.from({ length }, (_, index) => [`k${index}`, index])),
    ]) {
      expect(decodeMsgpack(encode(value), bounds)).toEqual(value);
      expect(plain(other.unpack(encode(value)))).toEqual(value);
    }
  });

  test("is as short as can be", () => {
    expect(
      toHex(encode([0, 127, 128, 65_536, -32, -33, 1n, 2n ** 63n, "a", Uint8Array.of(7)])),
    ).toBe(
      `9a 00 7f cc80 ce00010000 e0 d0df d3${"0".repeat(15)}1 cf8${"0".repeat(15)} a161 c40107`.replaceAll(
        " ",
        "",
      ),
    );
  });

  test("leaves out keys whose value is undefined", () => {
    expect(decodeMsgpack(encode({ a: undefined, b: 1 }), bounds)).toEqual({ b: 1 });
  });

  test.each([undefined, 2n ** 64n, -(2n ** 63n) - 1n, Symbol("a"), (): void => undefined])(
    "has no form for %p",
    (value) => {
      expect(() => encode([value])).toThrow(expect.objectContaining({ name: "UnencodableError" }));
    },
  );

  test("is encoded anew after a value that could not be", () => {
    const encoder = new MsgpackEncoder();
    expect(() => encoder.encode([1, undefined])).toThrow();
    expect(toHex(encoder.encode([1]))).toBe("9101");
  });

  test("does not keep the room that one large value needed", () => {
    const encoder = new MsgpackEncoder();
    encoder.encode(new Uint8Array(1_000_000));
    expect(encoder.encode(1).buffer.byteLength).toBeLessThan(65_536);
  });
});

/** Buffers, which msgpackr makes, as the arrays of bytes that they are. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}
