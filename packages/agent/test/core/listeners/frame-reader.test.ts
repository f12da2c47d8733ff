import fc from "fast-check";
import { describe, expect, test } from "@jest/globals";
import { encodeFrameHeader, FrameFault, FrameReader } from "@sonde/protocol";

/** What a reader makes of bytes that come in such pieces, and the code with which it gives up. */
function read(pieces: readonly Uint8Array[], from: "client" | "server" = "client"): string[] {
  const heard: string[] = [];
  const reader = new FrameReader({
    from,
    messageLimitBytes: 33_554_432,
    fragmentLimit: 1024,
    onMessage: (message) => {
      heard.push(`message ${message.join(" ")}`);
    },
    onControl: (opcode, payload) => {
      heard.push(`${opcode} ${payload.join(" ")}`);
    },
  });
  try {
    for (const piece of pieces) reader.push(piece);
  } catch (error) {
    if (!(error instanceof FrameFault)) throw error;
    heard.push(`fault ${error.code}`);
  }
  return heard;
}

/** Bytes that are frames more often than not. */
const frames = fc
  .array(
    fc.record({
      first: fc.constantFrom(0x82, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8a, 0x81, 0xc2, 0x83),
      payload: fc.uint8Array({ maxLength: 300 }),
      mask: fc.uint8Array({ minLength: 4, maxLength: 4 }),
      isMasked: fc.integer({ min: 0, max: 30 }).map((chance) => chance > 0),
    }),
    { maxLength: 8 },
  )
  .map((list) =>
    Uint8Array.from(
      list.flatMap(({ first, payload, mask, isMasked }) => [
        first,
        ...(payload.length < 126
          ? [payload.length | (isMasked ? 0x80 : 0)]
          : [126 | (isMasked ? 0x80 : 0), payload.length >> 8, payload.length & 0xff]),
        ...(isMasked ? mask : []),
        ...payload,
      ]),
    ),
  );

describe("a reader of frames", () => {
  test("hears the same, however the bytes are cut", () => {
    fc.assert(
      fc.property(frames, fc.array(fc.nat(2000), { maxLength: 10 }), (bytes, cuts) => {
        const places = [...cuts, bytes.length].sort((one, other) => one - other);
        const pieces = places.map((end, index) => bytes.slice(places[index - 1] ?? 0, end));
        expect(read(pieces)).toEqual(read([bytes]));
      }),
    );
  });

  test("knows no other way to refuse bytes than a fault with a code", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), (pieces) => {
        read(pieces);
      }),
    );
  });

  test("takes a server's frames without masks, and a client's with them", () => {
    const bare = Uint8Array.of(0x82, 2, 7, 8);
    const masked = Uint8Array.of(0x82, 0x82, 1, 2, 3, 4, 6, 10);
    expect(read([bare], "server")).toEqual(["message 7 8"]);
    expect(read([masked], "client")).toEqual(["message 7 8"]);
    expect(read([masked], "server")).toEqual(["fault 1002"]);
    expect(read([bare], "client")).toEqual(["fault 1002"]);
    const long = new Uint8Array(70_000).fill(5);
    for (const isMasked of [false, true]) {
      const header = encodeFrameHeader(2, long.length, isMasked);
      const from = isMasked ? "client" : "server";
      expect(read([header, long], from)).toEqual([`message ${long.join(" ")}`]);
    }
  });

  test("hears nothing after it has been stopped", () => {
    const heard: number[] = [];
    const reader = new FrameReader({
      from: "client",
      messageLimitBytes: 33_554_432,
      fragmentLimit: 1024,
      onMessage: () => undefined,
      onControl: (opcode) => {
        heard.push(opcode);
        reader.stop();
      },
    });
    reader.push(Uint8Array.of(0x89, 0x80, 0, 0, 0, 0, 0x89, 0x80, 0, 0, 0, 0));
    reader.push(Uint8Array.of(0x89, 0x80, 0, 0, 0, 0));
    expect(heard).toEqual([9]);
  });
});
