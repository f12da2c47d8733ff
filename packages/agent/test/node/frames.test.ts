import { once } from "node:events";
import { type Socket } from "node:net";
import { afterEach, describe, expect, test } from "@jest/globals";
import { type Listener } from "../../src/listeners/listener.js";
import { closePayload, frame, type FrameOptions, opcodes, readServerFrames } from "./frames.js";
import { implementations } from "./listening.js";
import { EchoServer, openRawClient } from "./test-links.js";

/** What a client sends after its handshake, and what it hears: echoed messages, pongs, and the code of a close frame. */
interface Case {
  readonly name: string;
  readonly sent: readonly Uint8Array[];
  readonly echoed?: readonly Uint8Array[];
  readonly pongs?: readonly Uint8Array[];
  /** Undefined: the connection stays open. 1005: a close frame without a code. */
  readonly code?: number;
  /** How many bytes are sent at a time; all at once unless said. */
  readonly chopBytes?: number;
}

const { binary, text, close, ping, pong, continuation } = opcodes;
const none = new Uint8Array(0);
const filled = (length: number, byte = 0x2a): Uint8Array => new Uint8Array(length).fill(byte);
const part = (opcode: number, payload: Uint8Array, options: FrameOptions = {}): Uint8Array =>
  frame(opcode, payload, { fin: false, ...options });
const protocolError = 1002;

const messages: readonly Case[] = [0, 1, 125, 126, 127, 128, 65_535, 65_536, 131_071].flatMap(
  (length) => {
    const payload = Uint8Array.from({ length }, (_, index) => (index * 7) & 0xff);
    const whole = { sent: [frame(binary, payload)], echoed: [payload] };
    return [
      { name: `a message of ${length} bytes`, ...whole },
      { name: `a message of ${length} bytes, 997 at a time`, ...whole, chopBytes: 997 },
      ...(length > 128
        ? []
        : [{ name: `a message of ${length} bytes, one at a time`, ...whole, chopBytes: 1 }]),
    ];
  },
);

const masks: readonly Case[] = [
  {
    name: "a mask of zeros",
    sent: [frame(binary, filled(9), { mask: filled(4, 0) })],
    echoed: [filled(9)],
  },
  {
    name: "a mask of ones",
    sent: [frame(binary, filled(9), { mask: filled(4, 0xff) })],
    echoed: [filled(9)],
  },
  {
    name: "a message without a mask",
    sent: [frame(binary, filled(9), { mask: undefined })],
    code: protocolError,
  },
  {
    name: "a ping without a mask",
    sent: [frame(ping, none, { mask: undefined })],
    code: protocolError,
  },
  {
    name: "a close frame without a mask",
    sent: [frame(close, none, { mask: undefined })],
    code: protocolError,
  },
];

const controls: readonly Case[] = [
  { name: "an empty ping", sent: [frame(ping, none)], pongs: [none] },
  { name: "a ping of 125 bytes", sent: [frame(ping, filled(125))], pongs: [filled(125)] },
  {
    name: "a ping of 125 bytes, one at a time",
    sent: [frame(ping, filled(125))],
    pongs: [filled(125)],
    chopBytes: 1,
  },
  { name: "a ping of 126 bytes", sent: [frame(ping, filled(126))], code: protocolError },
  {
    name: "a split ping",
    sent: [part(ping, none), frame(continuation, none)],
    code: protocolError,
  },
  {
    name: "ten pings in a row",
    sent: Array.from({ length: 10 }, (_, index) => frame(ping, filled(index))),
    pongs: Array.from({ length: 10 }, (_, index) => filled(index)),
  },
  {
    name: "a pong that nobody asked for",
    sent: [frame(pong, filled(5)), frame(binary, filled(1))],
    echoed: [filled(1)],
  },
  { name: "a split pong", sent: [part(pong, none)], code: protocolError },
  {
    name: "a ping between the pieces of a message",
    sent: [part(binary, filled(3)), frame(ping, filled(4)), frame(continuation, filled(2))],
    pongs: [filled(4)],
    echoed: [filled(5)],
  },
];

const reserved: readonly Case[] = [
  ...[1, 2, 3, 4, 5, 6, 7].map((rsv) => ({
    name: `reserved bits ${rsv}`,
    sent: [frame(binary, filled(1), { rsv })],
    code: protocolError,
  })),
  { name: "a reserved bit on a ping", sent: [frame(ping, none, { rsv: 4 })], code: protocolError },
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => ({
    name: `opcode ${opcode}`,
    sent: [frame(binary, filled(2)), frame(opcode, none), frame(ping, none)],
    echoed: [filled(2)],
    code: protocolError,
  })),
];

const fragments: readonly Case[] = [
  {
    name: "two pieces",
    sent: [part(binary, filled(3)), frame(continuation, filled(4))],
    echoed: [filled(7)],
  },
  {
    name: "two pieces, a byte at a time",
    sent: [part(binary, filled(3)), frame(continuation, filled(4))],
    echoed: [filled(7)],
    chopBytes: 1,
  },
  {
    name: "empty pieces",
    sent: [part(binary, none), part(continuation, none), frame(continuation, none)],
    echoed: [none],
  },
  {
    name: "an empty piece first and last",
    sent: [part(binary, none), part(continuation, filled(6)), frame(continuation, none)],
    echoed: [filled(6)],
  },
  {
    name: "1000 pieces",
    sent: [
      part(binary, none),
      ...Array.from({ length: 998 }, () => part(continuation, filled(3))),
      frame(continuation, none),
    ],
    echoed: [filled(2994)],
  },
  {
    name: "1025 pieces",
    sent: [
      part(binary, filled(1)),
      ...Array.from({ length: 1024 }, () => part(continuation, filled(1))),
    ],
    code: 1008,
  },
  {
    name: "a continuation of nothing",
    sent: [frame(continuation, filled(1))],
    code: protocolError,
  },
  {
    name: "a first continuation that says it is not the last",
    sent: [part(continuation, filled(1))],
    code: protocolError,
  },
  {
    name: "a continuation after a whole message",
    sent: [frame(binary, filled(1)), frame(continuation, filled(1))],
    echoed: [filled(1)],
    code: protocolError,
  },
  {
    name: "a message within another",
    sent: [part(binary, filled(1)), frame(binary, filled(1))],
    code: protocolError,
  },
];

const limits: readonly Case[] = [
  {
    name: "a message that says it is too long",
    sent: [frame(binary, none, { length: 33_554_433 })],
    code: 1009,
  },
  {
    name: "a message that says it is of 2^53 bytes",
    sent: [frame(binary, none, { length: 2 ** 53 })],
    code: 1009,
  },
  {
    name: "pieces that are too long together",
    sent: [part(binary, filled(9)), frame(continuation, none, { length: 33_554_424 })],
    code: 1009,
  },
  {
    name: "a length in more bits than it needs",
    sent: [frame(binary, filled(3), { lengthBits: 64 })],
    echoed: [filled(3)],
  },
];

const texts: readonly Case[] = [
  { name: "a text", sent: [frame(text, Buffer.from("text"))], code: 1003 },
  {
    name: "a text, and a message after it",
    sent: [frame(text, Buffer.from("é")), frame(binary, filled(1))],
    code: 1003,
  },
];

const closes: readonly Case[] = [
  { name: "a close frame without a code", sent: [frame(close, none)], code: 1005 },
  { name: "a close frame of one byte", sent: [frame(close, filled(1))], code: protocolError },
  {
    name: "a close frame with a reason",
    sent: [frame(close, closePayload(1000, "reasonable — é"))],
    code: 1000,
  },
  {
    name: "a close frame with the longest reason",
    sent: [frame(close, closePayload(1000, filled(123)))],
    code: 1000,
  },
  {
    name: "a close frame that is too long",
    sent: [frame(close, closePayload(1000, filled(124)))],
    code: protocolError,
  },
  {
    name: "a close frame that is split",
    sent: [part(close, closePayload(1000))],
    code: protocolError,
  },
  {
    name: "what comes after a close frame",
    sent: [frame(close, closePayload(1000)), frame(ping, none), frame(binary, none)],
    code: 1000,
  },
  {
    name: "a close frame within a message",
    sent: [
      part(binary, filled(4)),
      frame(close, closePayload(1000)),
      frame(continuation, filled(4)),
    ],
    code: 1000,
  },
  ...[
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
  ].map((code) => ({
    name: `a close frame with the code ${code}`,
    sent: [frame(close, closePayload(code))],
    code,
  })),
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code) => ({
    name: `a close frame with the code ${code}, which is none`,
    sent: [frame(close, closePayload(code))],
    code: protocolError,
  })),
  ...[
    [0xce, 0xba, 0xe1, 0xbd, 0xb9, 0xcf, 0x83, 0xed, 0xa0, 0x80],
    [0xc3],
    [0xc0, 0xaf],
    [0xf4, 0x90, 0x80, 0x80],
    [0x80],
    [0xff],
  ].map((bytes) => ({
    name: `a close frame whose reason is not UTF-8: ${Buffer.from(bytes).toString("hex")}`,
    sent: [frame(close, closePayload(1000, Uint8Array.from(bytes)))],
    code: 1007,
  })),
];

const listeners: Listener[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const listener of listeners.splice(0)) listener.close();
});

// The first is ws's server, which the cases are tried on, too: it says what is usual.
describe.each(implementations)("$name", ({ onTcp }) => {
  const cases = { messages, masks, controls, reserved, fragments, limits, texts, closes };
  describe.each(Object.entries(cases))("%s", (_, list) => {
    test.each(list)("$name", async ({ sent, chopBytes = Infinity, ...expected }) => {
      const server = new EchoServer();
      const listener = await onTcp({
        ...server.options,
        host: "127.0.0.1",
        port: 0,
        hasKey: false,
      });
      listeners.push(listener);
      const socket = await openRawClient(Number(new URL(listener.address).port));
      sockets.push(socket);
      server.only.handshake.onReady();
      const received: Buffer[] = [];
      socket.on("data", (bytes: Buffer) => received.push(bytes));
      const ended = once(socket, "end");
      await sendChopped(socket, Buffer.concat(sent), chopBytes);
      if (expected.code === undefined) {
        // What is answered to this ends what can be heard before.
        socket.write(frame(close, closePayload(4321)));
      }
      await ended;
      const heard = readServerFrames(Buffer.concat(received));
      const payloads = (opcode: number): Buffer[] =>
        heard.filter((one) => one.opcode === opcode).map(({ payload }) => payload);
      expect(payloads(binary)).toEqual((expected.echoed ?? []).map((one) => Buffer.from(one)));
      expect(payloads(pong)).toEqual((expected.pongs ?? []).map((one) => Buffer.from(one)));
      expect(payloads(close).map(codeOf)).toEqual([expected.code ?? 4321]);
    });
  });
});

function codeOf(payload: Buffer): number {
  return payload.length === 0 ? 1005 : payload.readUInt16BE(0);
}

/** Each chop is a read of its own on the other side, more often than not. */
async function sendChopped(socket: Socket, bytes: Buffer, chopBytes: number): Promise<void> {
  socket.setNoDelay(true);
  for (let offset = 0; offset < bytes.length; offset += chopBytes) {
    socket.write(bytes.subarray(offset, offset + chopBytes));
    if (chopBytes < bytes.length) await new Promise(setImmediate);
  }
}
