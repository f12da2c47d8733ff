import { describe, expect, test } from "@jest/globals";
import { connectionSeed, decodeSegment, encodeFrame, type Frame } from "../../src/link/frame.js";
import { crc32c } from "../../src/link/crc32c.js";
import { stuff, stuffedLength } from "../../src/link/stuffing.js";
import { toHex } from "../hex.js";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const seed = connectionSeed(0x0102_0304, 0x0506_0708);

/** As in docs/links.md. */
const documentedOpen = { kind: "open", version: 1, host: 0xfffe_fdfc, baud: 115_200 } as const;
const documentedData = {
  kind: "data",
  number: 3,
  stream: { offset: 0, bytes: bytes(1, 9) },
} as const;

const frames: readonly Frame[] = [
  documentedOpen,
  { kind: "accept", version: 1, host: 1, agent: 0xffff_ffff, baud: 9600 },
  { kind: "refuse", version: 2, host: 7, why: "busy" },
  { kind: "reset" },
  { kind: "data", number: 0xffff },
  {
    kind: "data",
    number: 3,
    acknowledgement: { largest: 4096, earlier: bytes(0xff, 0, 1) },
    control: { offset: 0xff_fffe, bytes: bytes(1, 2, 3) },
    stream: { offset: 0x12_3456, bytes: bytes(0, 0x11, 0x13, 0xff) },
  },
  documentedData,
  { kind: "acknowledge", acknowledgement: { largest: 0, earlier: bytes() } },
  { kind: "close", reason: "the session is over" },
  { kind: "closed" },
];

function sealed(content: Uint8Array): Uint8Array {
  const whole = new Uint8Array(content.length + 4);
  whole.set(content);
  new DataView(whole.buffer).setUint32(content.length, crc32c(content), true);
  const segment = new Uint8Array(stuffedLength(whole.length));
  return segment.subarray(0, stuff(whole, segment, 0));
}

describe("frames", () => {
  test.each(frames)("a frame of kind $kind is read as it was written", (frame) => {
    const line = encodeFrame(frame, "agent", seed);
    expect([line[0], line.at(-1)]).toEqual([0, 0]);
    const segment = line.subarray(1, -1);
    expect(segment.includes(0)).toBe(false);
    expect(decodeSegment(segment, seed)).toEqual({ kind: "frame", role: "agent", frame });
  });

  test("the frames in docs/links.md are these", () => {
    expect(toHex(encodeFrame(documentedOpen, "host", 0))).toBe(
      "001a8001fcfdfe0109c201127288d6ea00",
    );
    expect(toHex(encodeFrame(documentedData, "agent", seed))).toBe(
      "00099c030101011b01090de7a04a00",
    );
    expect(seed.toString(16)).toBe("2827c871");
  });

  test("a frame of another connection is not believed", () => {
    const line = encodeFrame({ kind: "closed" }, "host", seed + 1);
    expect(decodeSegment(line.subarray(1, -1), seed)).toEqual({ kind: "unknown", role: "host" });
    expect(decodeSegment(line.subarray(1, -1), undefined).kind).toBe("unknown");
  });

  test("a handshake's frame needs no connection", () => {
    const line = encodeFrame({ kind: "reset" }, "agent", 0).subarray(1, -1);
    expect(decodeSegment(line, undefined).kind).toBe("frame");
    expect(decodeSegment(line, seed).kind).toBe("frame");
  });

  test("no single changed, missing or doubled byte goes unnoticed", () => {
    const line = encodeFrame(frames[5] ?? { kind: "reset" }, "agent", seed).subarray(1, -1);
    line.forEach((byte, at) => {
      for (let changed = 1; changed < 256; changed++) {
        const damaged = Uint8Array.from(line);
        damaged[at] = changed;
        if (changed !== byte) expect(decodeSegment(damaged, seed).kind).not.toBe("frame");
      }
      const shorter = bytes(...line.subarray(0, at), ...line.subarray(at + 1));
      const longer = bytes(...line.subarray(0, at + 1), ...line.subarray(at));
      expect(decodeSegment(shorter, seed).kind).not.toBe("frame");
      expect(decodeSegment(longer, seed).kind).not.toBe("frame");
    });
  });

  test("fields that do not fill the frame, or that are cut off, are no frame", () => {
    // Contents with a right CRC (their last four bytes), as only a faulty sender makes them.
    const contents = [
      { name: "reset with a byte too many", first: 0x8b, rest: [1] },
      { name: "open of four bytes", first: 0x80, rest: [1, 2, 3, 4] },
      { name: "refusal for no known reason", first: 0x8a, rest: [1, 0, 0, 0, 0, 7] },
      {
        name: "an acknowledgement of nine bytes",
        first: 0x85,
        rest: [0, 0, 9, ...new Array<number>(9).fill(0)],
      },
      {
        name: "a chunk that is longer than its frame",
        first: 0xb4,
        rest: [0, 0, 0, 0, 0, 9, 9, 1, 0, 0, 0],
      },
    ];
    for (const { first, rest } of contents) {
      expect(decodeSegment(sealed(bytes(first, ...rest)), 0)).toEqual({ kind: "noise" });
    }
  });

  test("a reason's letters are ASCII and at most 120", () => {
    const line = encodeFrame({ kind: "close", reason: `ü${"x".repeat(200)}` }, "host", seed);
    const decoded = decodeSegment(line.subarray(1, -1), seed);
    const frame: Frame = { kind: "close", reason: `?${"x".repeat(119)}` };
    expect(decoded).toEqual({ kind: "frame", role: "host", frame });
  });
});
