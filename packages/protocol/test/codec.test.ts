import { describe, expect, test } from "@jest/globals";
import { ControlCodec, type MessageBounds } from "../src/codec.js";
import { type ControlMessage } from "../src/control.js";
import { decodeStreamMessage, encodeStreamMessage, ProtocolError } from "../src/index.js";
import { fromHex, toHex } from "./hex.js";

const bounds: MessageBounds = { sizeBytes: 100_000, items: 1000 };
const keys = { send: new Uint8Array(32).fill(1), receive: new Uint8Array(32).fill(2) };
const mirrored = { send: keys.receive, receive: keys.send };

function request(params: unknown): ControlMessage {
  return { kind: "request", id: 7, method: "map.dump", params };
}

function roundTrip(params: unknown): unknown {
  return new ControlCodec().decode(new ControlCodec().encode(request(params)), bounds).envelope;
}

function createAuthenticatedPair(): [ControlCodec, ControlCodec] {
  const [sender, receiver] = [new ControlCodec(), new ControlCodec()];
  sender.authenticate(keys);
  receiver.authenticate(mirrored);
  return [sender, receiver];
}

describe("plain control messages", () => {
  test("are the kind and a msgpack map", () => {
    expect(toHex(new ControlCodec().encode({ kind: "cancel", id: 5 }))).toBe(
      // {kind: "cancel", id: 5}
      "0182a46b696e64a663616e63656ca2696405",
    );
  });

  const values: { name: string; value: unknown }[] = [
    { name: "a small bigint, which stays a bigint", value: { value: 5n } },
    { name: "0n", value: { value: 0n } },
    { name: "the largest u64", value: { value: 2n ** 64n - 1n } },
    { name: "the first u64 that is no i64", value: { value: 2n ** 63n } },
    { name: "a negative bigint", value: { value: -(2n ** 63n) } },
    { name: "the largest u32, which stays a number", value: { value: 0xffff_ffff } },
    { name: "bytes", value: { value: Uint8Array.of(0, 255) } },
    { name: "text beyond ASCII", value: { value: "µ€😀" } },
    { name: "nothing, nested", value: [null, [], {}, [{}], ""] },
    {
      name: "a map of many keys",
      value: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key ${i}`, i])),
    },
  ];
  for (const { name, value } of values) {
    test(`carry ${name}`, () => {
      expect(roundTrip(value)).toEqual({
        kind: "request",
        id: 7,
        method: "map.dump",
        params: value,
      });
    });
  }

  test("leave out keys whose value is undefined", () => {
    expect(roundTrip({ a: undefined, b: 1 })).toMatchObject({ params: { b: 1 } });
  });

  test("keep their content when the next one is encoded", () => {
    const codec = new ControlCodec();
    const first = codec.encode({ kind: "cancel", id: 1 });
    const copy = toHex(first);
    codec.encode(request({ data: new Uint8Array(70_000) }));
    codec.encode({ kind: "cancel", id: 2 });
    expect(toHex(first)).toBe(copy);
  });

  test("decode to bytes that are plain, even from a subclass", () => {
    class Subclass extends Uint8Array {}
    const message = Subclass.from(new ControlCodec().encode(request(Uint8Array.of(9))));
    const { envelope } = new ControlCodec().decode(message, bounds);
    const { params } = envelope as { params: Uint8Array };
    expect(params.constructor).toBe(Uint8Array);
    expect(params).toEqual(Uint8Array.of(9));
  });

  const malformed = [
    { name: "an empty message", hex: "" },
    { name: "kind 0", hex: "0080" },
    { name: "a stream message", hex: `02${"00".repeat(23)}` },
    { name: "no msgpack", hex: "01" },
    { name: "an extension", hex: "01d4720091a161" },
    { name: "a MAC before authentication", hex: `03${"00".repeat(24)}80` },
  ];
  for (const { name, hex } of malformed) {
    test(`${name}: refused`, () => {
      expect(() => new ControlCodec().decode(fromHex(hex), bounds)).toThrow(ProtocolError);
    });
  }

  test("one byte more than allowed is refused", () => {
    const message = new ControlCodec().encode({ kind: "cancel", id: 5 });
    const sizeBytes = message.length;
    expect(new ControlCodec().decode(message, { ...bounds, sizeBytes }).hasMac).toBe(false);
    expect(() =>
      new ControlCodec().decode(message, { ...bounds, sizeBytes: sizeBytes - 1 }),
    ).toThrow("at most");
  });
});

describe("authenticated control messages", () => {
  test("arrive, one after the other", () => {
    const [sender, receiver] = createAuthenticatedPair();
    for (let id = 0; id < 3; id++) {
      const decoded = receiver.decode(sender.encode({ kind: "cancel", id }), bounds);
      expect(decoded).toEqual({ hasMac: true, envelope: { kind: "cancel", id } });
    }
  });

  test("the two directions have counters and keys of their own", () => {
    const [left, right] = createAuthenticatedPair();
    right.decode(left.encode({ kind: "cancel", id: 1 }), bounds);
    expect(left.decode(right.encode({ kind: "cancel", id: 2 }), bounds).hasMac).toBe(true);
  });

  test("a flipped bit anywhere is refused", () => {
    const [sender] = createAuthenticatedPair();
    const message = sender.encode({ kind: "cancel", id: 5 });
    for (let index = 0; index < message.length; index++) {
      const forged = Uint8Array.from(message);
      forged[index] = (forged[index] ?? 0) ^ 0x10;
      const [, receiver] = createAuthenticatedPair();
      expect(() => receiver.decode(forged, bounds)).toThrow(ProtocolError);
    }
  });

  test("a replayed message is refused", () => {
    const [sender, receiver] = createAuthenticatedPair();
    const message = sender.encode({ kind: "cancel", id: 5 });
    receiver.decode(message, bounds);
    expect(() => receiver.decode(message, bounds)).toThrow("message 0 came where 1 was due");
  });

  test("a message out of order is refused", () => {
    const [sender, receiver] = createAuthenticatedPair();
    sender.encode({ kind: "cancel", id: 5 });
    expect(() => receiver.decode(sender.encode({ kind: "cancel", id: 6 }), bounds)).toThrow(
      "message 1 came where 0 was due",
    );
  });

  test("a message sent back to its sender is refused", () => {
    const [sender] = createAuthenticatedPair();
    const message = sender.encode({ kind: "cancel", id: 5 });
    expect(() => sender.decode(message, bounds)).toThrow("wrong MAC");
  });

  test("a message that ends within its MAC is refused", () => {
    const [sender, receiver] = createAuthenticatedPair();
    const message = sender.encode({ kind: "cancel", id: 5 }).subarray(0, 24);
    expect(() => receiver.decode(message, bounds)).toThrow(ProtocolError);
  });
});

describe("stream messages with a key", () => {
  const header = { stream: 5, channel: 2, position: 96n, lost: 3n };

  function sign(codec: ControlCodec, span: readonly number[]): Uint8Array {
    const room = new Uint8Array(codec.streamMacSizeBytes);
    const message = encodeStreamMessage(header, Uint8Array.of(...span, ...room));
    codec.signStream(message);
    return message;
  }

  test("are told from all others by the MAC of their header", () => {
    const [sender, receiver] = createAuthenticatedPair();
    const plain = receiver.checkStream(sign(sender, [1, 2, 3]));
    expect(decodeStreamMessage(plain)).toEqual({ ...header, span: Uint8Array.of(1, 2, 3) });
    expect(decodeStreamMessage(receiver.checkStream(sign(sender, []))).span).toHaveLength(0);
  });

  const [sender] = createAuthenticatedPair();
  const signed = sign(sender, [1, 2, 3, 4]);
  const changedAt = (index: number): Uint8Array =>
    signed.map((byte, at) => (at === index ? byte ^ 1 : byte));
  const forged = [
    ...[1, 2, 4, 8, 16, 23].map((index) => ({
      name: `byte ${index} of the header changed`,
      message: changedAt(index),
    })),
    { name: "the MAC changed", message: changedAt(signed.length - 1) },
    { name: "a byte more", message: Uint8Array.of(...signed, 0) },
    {
      name: "a byte less",
      message: Uint8Array.of(...signed.subarray(0, 24), ...signed.subarray(25)),
    },
    { name: "no room for a MAC", message: signed.subarray(0, 39) },
    { name: "no MAC", message: encodeStreamMessage(header, Uint8Array.of(1)) },
    { name: "a MAC of the other direction", message: sign(createAuthenticatedPair()[1], [1, 2]) },
  ];
  for (const { name, message } of forged) {
    test(`are refused with ${name}`, () => {
      const [, receiver] = createAuthenticatedPair();
      expect(() => receiver.checkStream(message)).toThrow(ProtocolError);
    });
  }

  test("and without one are as they were", () => {
    const codec = new ControlCodec();
    const message = encodeStreamMessage(header, Uint8Array.of(1));
    codec.signStream(message);
    expect(codec.checkStream(message)).toEqual(encodeStreamMessage(header, Uint8Array.of(1)));
    expect(() => codec.checkStream(signed)).toThrow("a MAC before authentication");
  });
});
