import { ProtocolError } from "./errors.js";
import { decodeUtf8 } from "./utf8.js";

/** Deeper than any message of ours, shallow enough for any engine's stack. */
const maxDepth = 32;

export interface MsgpackBounds {
  /** Values of all kinds in one message, keys included: each costs memory beyond its bytes once it is decoded. */
  readonly items: number;
}

/**
 * Decodes msgpack of the kinds that we use: nil, booleans, numbers, strings, bytes, arrays, and maps with string keys (never
 * "__proto__"). Integers of 64 bits are bigints, all others numbers; bytes are views of the message. Throws ProtocolError
 * unless it is exactly one whole value. What is declared is checked before anything is made of it.
 */
export function decodeMsgpack(bytes: Uint8Array, bounds: MsgpackBounds): unknown {
  const decoder = new Decoder(bytes, bounds.items);
  const value = decoder.value(0);
  decoder.finish();
  return value;
}

class Decoder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;
  #items: number;

  constructor(bytes: Uint8Array, items: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#items = items;
  }

  finish(): void {
    const rest = this.#bytes.length - this.#offset;
    if (rest !== 0) throw new ProtocolError(`${rest} bytes after the end of the message`);
  }

  /** `depth`: of arrays and maps around it. */
  value(depth: number): unknown {
    this.#countItem();
    const token = this.#unsigned(1);
    if (token < 0x80) return token;
    if (token >= 0xe0) return token - 0x100;
    if (token < 0x90) return this.#map(token & 0x0f, depth);
    if (token < 0xa0) return this.#array(token & 0x0f, depth);
    if (token < 0xc0) return this.#text(token & 0x1f);
    return this.#longValue(token, depth);
  }

  /** The formats that have a byte of their own (the msgpack specification's table of formats). */
  #longValue(token: number, depth: number): unknown {
    switch (token) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4: // bin 8, 16, 32
      case 0xc5:
      case 0xc6:
        return this.#bin(this.#unsigned(1 << (token - 0xc4)));
      case 0xca: // float 32, 64
        return this.#view.getFloat32(this.#take(4));
      case 0xcb:
        return this.#view.getFloat64(this.#take(8));
      case 0xcc: // uint 8, 16, 32
      case 0xcd:
      case 0xce:
        return this.#unsigned(1 << (token - 0xcc));
      case 0xcf:
        return this.#view.getBigUint64(this.#take(8));
      case 0xd0: // int 8, 16, 32, 64
        return this.#view.getInt8(this.#take(1));
      case 0xd1:
        return this.#view.getInt16(this.#take(2));
      case 0xd2:
        return this.#view.getInt32(this.#take(4));
      case 0xd3:
        return this.#view.getBigInt64(this.#take(8));
      case 0xd9: // str 8, 16, 32
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (token - 0xd9)));
      case 0xdc: // array 16, 32
      case 0xdd:
        return this.#array(this.#unsigned(2 << (token - 0xdc)), depth);
      case 0xde: // map 16, 32
      case 0xdf:
        return this.#map(this.#unsigned(2 << (token - 0xde)), depth);
      default: // ext, and 0xc1 which no format uses
        throw new ProtocolError(`msgpack format 0x${token.toString(16)} is not used here`);
    }
  }

  #array(length: number, depth: number): unknown[] {
    this.#enter(length, length, "array values", depth);
    const values: unknown[] = [];
    for (let index = 0; index < length; index++) values.push(this.value(depth + 1));
    return values;
  }

  #map(length: number, depth: number): Record<string, unknown> {
    this.#enter(2 * length, length, "map entries", depth);
    const map: Record<string, unknown> = {};
    for (let index = 0; index < length; index++) {
      const key = this.#key();
      map[key] = this.value(depth + 1);
    }
    return map;
  }

  #key(): string {
    this.#countItem();
    const token = this.#unsigned(1);
    let length: number;
    if (token >= 0xa0 && token < 0xc0) length = token & 0x1f;
    else if (token >= 0xd9 && token <= 0xdb) length = this.#unsigned(1 << (token - 0xd9));
    else throw new ProtocolError("a map key is not a string");
    const key = this.#text(length);
    if (key === "__proto__") throw new ProtocolError("a map key is __proto__");
    return key;
  }

  /** Each value takes a byte at least. */
  #enter(values: number, length: number, what: string, depth: number): void {
    if (values > this.#bytes.length - this.#offset) {
      throw new ProtocolError(`${length} ${what} declared, which cannot be there`);
    }
    if (depth === maxDepth) throw new ProtocolError(`nested deeper than ${maxDepth}`);
  }

  #countItem(): void {
    this.#items -= 1;
    if (this.#items < 0) throw new ProtocolError("more values in one message than allowed");
  }

  #text(lengthBytes: number): string {
    return decodeUtf8(this.#bin(lengthBytes));
  }

  #bin(lengthBytes: number): Uint8Array {
    const start = this.#take(lengthBytes);
    // A plain Uint8Array, even of a subclass whose `subarray` gives the subclass.
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, lengthBytes);
  }

  /** A big-endian integer of 1, 2 or 4 bytes. */
  #unsigned(sizeBytes: number): number {
    const start = this.#take(sizeBytes);
    if (sizeBytes === 1) return this.#view.getUint8(start);
    return sizeBytes === 2 ? this.#view.getUint16(start) : this.#view.getUint32(start);
  }

  /** Passes over bytes; gives where they begin. */
  #take(lengthBytes: number): number {
    const start = this.#offset;
    if (lengthBytes > this.#bytes.length - start) {
      throw new ProtocolError("message ends within a value");
    }
    this.#offset = start + lengthBytes;
    return start;
  }
}
