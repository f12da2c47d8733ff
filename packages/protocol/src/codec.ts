import { type ControlMessage } from "./control.js";
import { ProtocolError } from "./errors.js";
import { areMacsEqual, hmacSha256 } from "./hmac.js";
import { decodeMsgpack } from "./msgpack-decoder.js";
import { MsgpackEncoder } from "./msgpack-encoder.js";
import { authenticatedStreamKind, streamHeaderSizeBytes, streamMacSizeBytes } from "./stream.js";

/** The first byte of a control message without and with a MAC. */
export const controlMessageKind = 1;
export const authenticatedMessageKind = 3;

/** What a side accepts in one message. */
export interface MessageBounds {
  readonly sizeBytes: number;
  /** Values of all kinds, map keys included. */
  readonly items: number;
}

/** Keys of one session as one side sees them: the two directions have different ones. */
export interface DirectionKeys {
  readonly send: Uint8Array;
  readonly receive: Uint8Array;
}

/**
 * An authenticated control message: kind 3, a u64 counter (little-endian, from 0, one more for each message of that
 * direction), the first 16 bytes of HMAC-SHA-256 over kind, counter and payload, the payload.
 */
const counterOffset = 1;
const macOffset = 9;
const macSizeBytes = 16;
const authenticatedHeaderSizeBytes = macOffset + macSizeBytes;

const encoder = new MsgpackEncoder();

/** Control messages of one connection, both ways: with a counter and a MAC from `authenticate` on. */
export class ControlCodec {
  #keys: DirectionKeys | undefined;
  #sentCount = 0n;
  #receivedCount = 0n;

  /** Every message after this one is sent with a MAC; received ones may have one. */
  authenticate(keys: DirectionKeys): void {
    this.#keys = keys;
  }

  get isAuthenticated(): boolean {
    return this.#keys !== undefined;
  }

  /** Throws for a value that msgpack cannot hold, as an integer of more than 64 bits. */
  encode(message: ControlMessage): Uint8Array {
    return this.encodePayload(encoder.encode(message));
  }

  /** A message around a copy of an envelope that is msgpack already. */
  encodePayload(payload: Uint8Array): Uint8Array {
    const headerSizeBytes = this.#keys === undefined ? 1 : authenticatedHeaderSizeBytes;
    const encoded = new Uint8Array(headerSizeBytes + payload.length);
    encoded.set(payload, headerSizeBytes);
    if (this.#keys === undefined) {
      encoded[0] = controlMessageKind;
      return encoded;
    }
    encoded[0] = authenticatedMessageKind;
    new DataView(encoded.buffer).setBigUint64(counterOffset, this.#sentCount++, true);
    encoded.set(macOf(this.#keys.send, encoded), macOffset);
    return encoded;
  }

  /**
   * The envelope as it came, not yet validated, and whether it had a right MAC. Throws ProtocolError for whatever is
   * malformed, forged, replayed or out of order.
   */
  decode(message: Uint8Array, bounds: MessageBounds): { envelope: unknown; hasMac: boolean } {
    if (message.length > bounds.sizeBytes) {
      throw new ProtocolError(`message of ${message.length} bytes, at most ${bounds.sizeBytes}`);
    }
    const kind = message[0];
    if (kind === controlMessageKind) {
      return { envelope: decodeMsgpack(tail(message, 1), bounds), hasMac: false };
    }
    if (kind !== authenticatedMessageKind) {
      throw new ProtocolError(
        kind === undefined ? "empty message" : `unknown message kind ${kind}`,
      );
    }
    this.#checkMac(message);
    return {
      envelope: decodeMsgpack(tail(message, authenticatedHeaderSizeBytes), bounds),
      hasMac: true,
    };
  }

  /** Bytes to leave free at the end of a stream message for `signStream`. */
  get streamMacSizeBytes(): number {
    return this.#keys === undefined ? 0 : streamMacSizeBytes;
  }

  /**
   * Says, once there are keys, that this stream message is ours: the MAC is of its header and its length. Of what it carries
   * it is not, for that would cost a board more than all else.
   */
  signStream(message: Uint8Array): void {
    if (this.#keys === undefined) return;
    message[0] = authenticatedStreamKind;
    message.set(streamMacOf(this.#keys.send, message), message.length - streamMacSizeBytes);
  }

  /** A view of the stream message without its MAC. Throws ProtocolError for one that the other side did not send. */
  checkStream(message: Uint8Array): Uint8Array {
    const hasMac = message[0] === authenticatedStreamKind;
    if (this.#keys === undefined) {
      if (hasMac) throw new ProtocolError("a MAC before authentication");
      return message;
    }
    if (!hasMac) throw new ProtocolError("a stream message without a MAC");
    if (message.length < streamHeaderSizeBytes + streamMacSizeBytes) {
      throw new ProtocolError("a stream message ends within its MAC");
    }
    const end = message.length - streamMacSizeBytes;
    if (!areMacsEqual(message.subarray(end), streamMacOf(this.#keys.receive, message))) {
      throw new ProtocolError("wrong MAC of a stream message");
    }
    return message.subarray(0, end);
  }

  #checkMac(message: Uint8Array): void {
    if (this.#keys === undefined) throw new ProtocolError("a MAC before authentication");
    if (message.length < authenticatedHeaderSizeBytes) {
      throw new ProtocolError("message ends within its MAC");
    }
    const mac = message.subarray(macOffset, authenticatedHeaderSizeBytes);
    if (!areMacsEqual(mac, macOf(this.#keys.receive, message))) {
      throw new ProtocolError("wrong MAC");
    }
    const view = new DataView(message.buffer, message.byteOffset, message.length);
    const counter = view.getBigUint64(counterOffset, true);
    if (counter !== this.#receivedCount) {
      throw new ProtocolError(`message ${counter} came where ${this.#receivedCount} was due`);
    }
    this.#receivedCount += 1n;
  }
}

/** A message's envelope as msgpack, the caller's to keep. Throws for a value that msgpack cannot hold. */
export function packControlMessage(message: ControlMessage): Uint8Array {
  return new Uint8Array(encoder.encode(message));
}

function macOf(key: Uint8Array, message: Uint8Array): Uint8Array {
  return hmacSha256(
    key,
    message.subarray(0, macOffset),
    message.subarray(authenticatedHeaderSizeBytes),
  ).subarray(0, macSizeBytes);
}

function streamMacOf(key: Uint8Array, message: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, message.length, true);
  const header = message.subarray(0, streamHeaderSizeBytes);
  return hmacSha256(key, header, length).subarray(0, streamMacSizeBytes);
}

/** A plain Uint8Array, even of a subclass whose `subarray` gives the subclass. */
function tail(message: Uint8Array, offset: number): Uint8Array {
  return new Uint8Array(message.buffer, message.byteOffset + offset, message.length - offset);
}
