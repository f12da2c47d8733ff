import { describe, expect, test } from "@jest/globals";
import { IncomingStream } from "../../src/link/incoming-stream.js";
import { OutgoingStream } from "../../src/link/outgoing-stream.js";
import { Ranges } from "../../src/link/ranges.js";
import { Random } from "./random.js";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

function incoming(limitBytes = 1000): { stream: IncomingStream; messages: number[][] } {
  const messages: number[][] = [];
  const stream = new IncomingStream(limitBytes, (message) => messages.push([...message]));
  return { stream, messages };
}

describe("ranges", () => {
  test("touching and overlapping stretches become one", () => {
    const ranges = new Ranges();
    ranges.add(10, 20);
    ranges.add(30, 40);
    ranges.add(20, 25);
    expect(ranges.missing(0, 50)).toEqual([
      { start: 0, end: 10 },
      { start: 25, end: 30 },
      { start: 40, end: 50 },
    ]);
    ranges.add(15, 35);
    expect(ranges.missing(10, 40)).toEqual([]);
    ranges.remove(12, 38);
    expect(ranges.first).toEqual({ start: 10, end: 12 });
    ranges.remove(0, 100);
    expect(ranges.isEmpty).toBe(true);
  });
});

describe("an outgoing stream", () => {
  test("gives each message behind its length, in the pieces asked for", () => {
    const stream = new OutgoingStream();
    stream.push(bytes(1, 2, 3));
    stream.push(new Uint8Array(200).fill(7));
    expect(stream.queuedBytes).toBe(4 + 202);
    expect(stream.take(2)).toEqual({ start: 0, bytes: bytes(3, 1) });
    expect(stream.take(6)).toEqual({ start: 2, bytes: bytes(2, 3, 0xc8, 0x01, 7, 7) });
    expect(stream.queuedBytes).toBe(198);
  });

  test("gives what was lost again, first, and in smaller pieces where they are asked for", () => {
    const stream = new OutgoingStream();
    stream.push(bytes(1, 2, 3, 4, 5));
    stream.take(4);
    stream.lost(1, 4);
    expect(stream.take(2)).toEqual({ start: 1, bytes: bytes(1, 2) });
    expect(stream.take(100)).toEqual({ start: 3, bytes: bytes(3) });
    expect(stream.take(100)).toEqual({ start: 4, bytes: bytes(4, 5) });
    expect(stream.take(100)).toBeUndefined();
  });

  test("does not give again what was thought lost and has arrived", () => {
    const stream = new OutgoingStream();
    stream.push(bytes(1, 2, 3, 4, 5));
    stream.take(6);
    stream.lost(0, 6);
    stream.arrived(2, 6);
    expect(stream.take(100)).toEqual({ start: 0, bytes: bytes(5, 1) });
    stream.lost(0, 6);
    expect(stream.take(100)).toEqual({ start: 0, bytes: bytes(5, 1) });
    expect(stream.hasWork).toBe(false);
  });

  test("tells of each message when all of it has arrived, in order", () => {
    const stream = new OutgoingStream();
    const delivered: string[] = [];
    stream.push(bytes(1), () => delivered.push("first"));
    stream.push(bytes(2), () => delivered.push("second"));
    stream.take(4);
    stream.arrived(2, 4);
    expect(delivered).toEqual([]);
    stream.arrived(0, 2);
    expect(delivered).toEqual(["first", "second"]);
    expect(stream.isDrained).toBe(true);
  });

  test("has messages of no bytes, too", () => {
    const stream = new OutgoingStream();
    let isDelivered = false;
    stream.push(bytes(), () => {
      isDelivered = true;
    });
    expect(stream.take(9)).toEqual({ start: 0, bytes: bytes(0) });
    stream.arrived(0, 1);
    expect(isDelivered).toBe(true);
  });
});

describe("an incoming stream", () => {
  test("puts pieces in order, whatever order they come in, and each only once", () => {
    const { stream, messages } = incoming();
    expect(stream.receive(4, bytes(2, 9, 9))).toBe("taken");
    expect(stream.receive(4, bytes(2, 9))).toBe("taken");
    expect(stream.receive(2, bytes(6, 7))).toBe("taken");
    expect(messages).toEqual([]);
    stream.receive(0, bytes(3, 5, 6));
    stream.receive(0, bytes(3, 5));
    expect(messages).toEqual([
      [5, 6, 7],
      [9, 9],
    ]);
    expect(stream.next).toBe(7);
  });

  test("gives a message of no bytes", () => {
    const { stream, messages } = incoming();
    stream.receive(0, bytes(0, 1, 8));
    expect(messages).toEqual([[], [8]]);
  });

  test("a message longer than the limit ends it before any memory is given to it", () => {
    const { stream } = incoming(100);
    expect(stream.receive(0, bytes(0x65))).toBe("oversized");
    const { stream: other } = incoming(100);
    expect(other.receive(0, bytes(0xff, 0xff, 0xff, 0xff, 0xff, 0x7f))).toBe("oversized");
  });

  test("the limit may be raised, for messages from then on", () => {
    const { stream, messages } = incoming(2);
    expect(stream.receive(0, bytes(2, 8, 8))).toBe("taken");
    stream.limitMessages(3);
    expect(stream.receive(3, bytes(3, 9, 9, 9))).toBe("taken");
    expect(messages).toEqual([
      [8, 8],
      [9, 9, 9],
    ]);
    expect(stream.receive(7, bytes(4))).toBe("oversized");
  });

  test("keeps at most 1 MiB of what came too early, and 64 KiB of one who may send small messages only", () => {
    for (const [messageLimit, limit] of [
      [4096, 1 << 16],
      [1 << 30, 1 << 20],
    ] as const) {
      const { stream } = incoming(messageLimit);
      expect(stream.receive(10, new Uint8Array(limit - 1000))).toBe("taken");
      expect(stream.receive(10 + limit, new Uint8Array(1001))).toBe("full");
      expect(stream.receive(10 + limit, new Uint8Array(1000))).toBe("taken");
    }
  });

  test("whatever an outgoing stream gives, in any order and more than once, comes out as it went in", () => {
    const random = new Random(3);
    const sent = Array.from({ length: 50 }, () => random.bytes(random.between(0, 700)));
    const outgoing = new OutgoingStream();
    for (const message of sent) outgoing.push(message);
    const { stream, messages } = incoming();
    const underway: { start: number; bytes: Uint8Array }[] = [];
    while (!outgoing.isDrained) {
      const piece = outgoing.take(random.between(1, 300));
      if (piece !== undefined) underway.push(piece);
      if (piece !== undefined && random.chance(0.8)) continue;
      const [moved] = underway.splice(random.between(0, underway.length - 1), 1);
      if (moved === undefined) continue;
      const end = moved.start + moved.bytes.length;
      if (random.chance(0.3)) outgoing.lost(moved.start, end);
      else {
        stream.receive(moved.start, moved.bytes);
        outgoing.arrived(moved.start, end);
      }
    }
    expect(messages).toEqual(sent.map((message) => [...message]));
  });
});
