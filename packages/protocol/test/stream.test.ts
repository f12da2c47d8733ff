import { describe, expect, test } from "@jest/globals";
import { decodeStreamMessage, encodeStreamMessage, ProtocolError } from "../src/index.js";
import { fromHex, toHex } from "./hex.js";

const header = { channel: 0x0102, stream: 0x03040506, position: 0x0708n, lost: 2n ** 64n - 1n };

describe("stream messages", () => {
  test("the header is laid out as documented, then comes the span", () => {
    expect(toHex(encodeStreamMessage(header, Uint8Array.of(0xaa, 0xbb)))).toBe(
      "02000201060504030807000000000000ffffffffffffffffaabb",
    );
  });

  test("are decoded to what was encoded", () => {
    const span = Uint8Array.of(1, 2, 3);
    expect(decodeStreamMessage(encodeStreamMessage(header, span))).toEqual({ ...header, span });
  });

  test("are decoded from the middle of a larger buffer", () => {
    const message = encodeStreamMessage(header, Uint8Array.of(7));
    const buffer = new Uint8Array(message.length + 10).fill(0xee);
    buffer.set(message, 5);
    const decoded = decodeStreamMessage(buffer.subarray(5, 5 + message.length));
    expect(decoded).toEqual({ ...header, span: Uint8Array.of(7) });
  });

  test("hold a copy: the span may change after encoding", () => {
    const span = Uint8Array.of(1);
    const message = encodeStreamMessage(header, span);
    span[0] = 2;
    expect(decodeStreamMessage(message).span).toEqual(Uint8Array.of(1));
  });

  const valid = encodeStreamMessage(header, new Uint8Array(0));
  const malformed = [
    { name: "an empty message", message: new Uint8Array(0) },
    { name: "a header cut short", message: valid.subarray(0, 23) },
    { name: "another kind of message", message: fromHex(`01${toHex(valid).slice(2)}`) },
    { name: "unknown flags", message: fromHex(`0201${toHex(valid).slice(4)}`) },
    {
      name: "the handle 0",
      message: encodeStreamMessage({ ...header, stream: 0 }, new Uint8Array(0)),
    },
  ];
  for (const { name, message } of malformed) {
    test(`${name} is refused`, () => {
      expect(() => decodeStreamMessage(message)).toThrow(ProtocolError);
    });
  }
});
