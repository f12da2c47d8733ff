import { randomBytes } from "node:crypto";

export interface FrameOptions {
  /** Whether it is a message's last; true unless said. */
  readonly fin?: boolean;
  /** The three reserved bits, 0 unless said. */
  readonly rsv?: number;
  /** Undefined: not masked. A random one unless said. */
  readonly mask?: Uint8Array | undefined;
  /** What the header says; the payload's length unless said. */
  readonly length?: number;
  /** Bits of the length; as few as do unless said. */
  readonly lengthBits?: 7 | 16 | 64;
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** A frame as a client sends it (RFC 6455, section 5.2), right or wrong. */
export function frame(opcode: number, payload: Uint8Array, options: FrameOptions = {}): Uint8Array {
  const { fin = true, rsv = 0, length = payload.length } = options;
  const mask = "mask" in options ? options.mask : randomBytes(4);
  const lengthBits = options.lengthBits ?? (length < 126 ? 7 : length < 65_536 ? 16 : 64);
  const header = Buffer.alloc(lengthBits === 7 ? 2 : lengthBits === 16 ? 4 : 10);
  header[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  header[1] =
    (mask === undefined ? 0 : 0x80) | (lengthBits === 7 ? length : lengthBits === 16 ? 126 : 127);
  if (lengthBits === 16) header.writeUInt16BE(length, 2);
  if (lengthBits === 64) header.writeBigUInt64BE(BigInt(length), 2);
  if (mask === undefined) return Buffer.concat([header, payload]);
  const masked = payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0));
  return Buffer.concat([header, mask, masked]);
}

export function closePayload(code: number, reason: string | Uint8Array = ""): Uint8Array {
  const bytes = Buffer.from(reason as string);
  return Buffer.concat([Uint8Array.of(code >> 8, code & 0xff), bytes]);
}

/** A frame that a server sent. */
export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** The frames in what a server sent, which must be whole messages without masks. Throws TypeError for anything else. */
export function readServerFrames(bytes: Buffer): ServerFrame[] {
  const frames: ServerFrame[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const first = bytes.readUInt8(offset);
    const short = bytes.readUInt8(offset + 1);
    if ((first & 0xf0) !== 0x80 || short > 127)
      throw new TypeError(`not a server's frame: ${first} ${short}`);
    const start = offset + (short === 127 ? 10 : short === 126 ? 4 : 2);
    const length =
      short === 127
        ? Number(bytes.readBigUInt64BE(offset + 2))
        : short === 126
          ? bytes.readUInt16BE(offset + 2)
          : short;
    if (start + length > bytes.length) throw new TypeError("a frame that is cut off");
    frames.push({ opcode: first & 0x0f, payload: bytes.subarray(start, start + length) });
    offset = start + length;
  }
  return frames;
}
