import { describe, expect, test } from "@jest/globals";
import { ConnectionClosedError, handle, ProtocolError, type StreamSpan } from "../src/index.js";
import { StreamRouter, type StreamReceiver } from "../src/stream-router.js";

const stream = handle.parse(5);

function span(position: bigint, lengthBytes: number, channel = 0): StreamSpan {
  return { stream, channel, position, lost: 0n, span: new Uint8Array(lengthBytes) };
}

function createReceiver(): { events: string[]; receiver: StreamReceiver } {
  const events: string[] = [];
  const receiver: StreamReceiver = {
    onSpan: ({ channel, position }) => events.push(`${channel}@${position}`),
    onEnd: (error) => events.push(`end ${error.message}`),
  };
  return { events, receiver };
}

describe("StreamRouter", () => {
  test("spans that came before the receiver are given first, in order", () => {
    const router = new StreamRouter();
    const { events, receiver } = createReceiver();
    router.receive(span(0n, 8));
    router.receive(span(8n, 8));
    router.open(stream, receiver);
    router.receive(span(16n, 8));
    expect(events).toEqual(["0@0", "0@8", "0@16"]);
  });

  test("each channel has positions of its own", () => {
    const router = new StreamRouter();
    const { events, receiver } = createReceiver();
    router.open(stream, receiver);
    router.receive(span(0n, 8, 0));
    router.receive(span(0n, 16, 1));
    router.receive(span(8n, 8, 0));
    router.receive(span(16n, 0, 1));
    expect(events).toEqual(["0@0", "1@0", "0@8", "1@16"]);
  });

  for (const { name, position } of [
    { name: "bytes that are missing", position: 12n },
    { name: "bytes that come twice", position: 4n },
  ]) {
    test(`${name} break the protocol`, () => {
      const router = new StreamRouter();
      router.open(stream, createReceiver().receiver);
      router.receive(span(0n, 8));
      expect(() => {
        router.receive(span(position, 8));
      }).toThrow(ProtocolError);
    });
  }

  test("what comes on an ignored stream is dropped", () => {
    const router = new StreamRouter();
    const { events, receiver } = createReceiver();
    router.open(stream, receiver);
    router.ignore(stream);
    router.receive(span(100n, 8));
    router.close(new ConnectionClosedError("gone"));
    expect(events).toEqual([]);
  });

  test("more than 64 MiB that nobody opened breaks the protocol", () => {
    const router = new StreamRouter();
    const data = new Uint8Array(1_048_576);
    for (let count = 0; count < 64; count++) {
      router.receive({ ...span(BigInt(count) * 1_048_576n, 0), span: data });
    }
    expect(() => {
      router.receive({ ...span(67_108_864n, 0), span: Uint8Array.of(1) });
    }).toThrow(ProtocolError);
  });

  test("spans that came before the link's end are given to whoever opens the stream after", () => {
    const router = new StreamRouter();
    const { events, receiver } = createReceiver();
    router.receive(span(0n, 8));
    router.close(new ConnectionClosedError("gone"));
    router.open(stream, receiver);
    expect(events).toEqual(["0@0", "end connection closed: gone"]);
  });

  test("the link's end ends every open stream, once", () => {
    const router = new StreamRouter();
    const { events, receiver } = createReceiver();
    router.open(stream, receiver);
    router.close(new ConnectionClosedError("gone"));
    router.close(new ConnectionClosedError("again"));
    expect(events).toEqual(["end connection closed: gone"]);
  });

  test("goes on from where another host had come to, and counts losses from there", () => {
    const router = new StreamRouter();
    const { events, receiver } = createReceiver();
    const positions = [{ channel: 1, position: 64n }];
    router.goOnFrom([{ stream, lost: 5n, dropped: 2n, positions }]);
    expect(router.lostSince([{ stream, lost: 7n }])).toBe(2n);
    router.open(stream, receiver);
    router.receive(span(64n, 8, 1));
    router.receive(span(0n, 8, 0));
    expect(events).toEqual(["1@64", "0@0"]);
    expect(router.progress()).toContainEqual({
      stream,
      channel: 1,
      received: 72n,
      consumed: 64n,
    });
  });
});
