import { ProtocolError } from "./errors.js";

/** Deeper than any message of ours, shallow enough for any engine's stack. */
const maxDepth = 32;

export interface MsgpackBounds {
  /** Values of all kinds in one message, keys included: each costs memory beyond its bytes once it is decoded. */
  readonly items: number;
}

/**
 * Walks a msgpack value before anything is built from it. Throws ProtocolError unless it is exactly one whole value of
 * the kinds we use: nil, booleans, numbers, strings, bytes, arrays, and maps with string keys (never "__proto__").
 */
export function checkMsgpack(bytes: Uint8Array, bounds: MsgpackBounds): void {
  const walk = new Walk(bytes, bounds.items);
  walk.value();
  while (walk.isInside()) walk.next();
  walk.finish();
}

class Walk {
  readonly #bytes: Uint8Array;
  #offset = 0;
  #items: number;
  /** For each open array or map: values still to come; in a map twice the entries, even when a key is next. */
  readonly #remaining: number[] = [];
  readonly #isMap: boolean[] = [];

  constructor(bytes: Uint8Array, items: number) {
    this.#bytes = bytes;
    this.#items = items;
  }

  isInside(): boolean {
    return this.#remaining.length > 0;
  }

  /** One more value of the innermost array or map, or its end. */
  next(): void {
    const top = this.#remaining.length - 1;
    const remaining = this.#remaining[top] ?? 0;
    if (remaining === 0) {
      this.#remaining.pop();
      this.#isMap.pop();
      return;
    }
    this.#remaining[top] = remaining - 1;
    if (this.#isMap[top] === true && remaining % 2 === 0) this.#key();
    else this.value();
  }

  finish(): void {
    const rest = this.#bytes.length - this.#offset;
    if (rest !== 0) throw new ProtocolError(`${rest} bytes after the end of the message`);
  }

  value(): void {
    this.#countItem();
    const token = this.#unsigned(1);
    if (token < 0x80 || token >= 0xe0) return;
    if (token < 0x90) this.#enter(token & 0x0f, true);
    else if (token < 0xa0) this.#enter(token & 0x0f, false);
    else if (token < 0xc0) this.#skip(token & 0x1f);
    else this.#longValue(token);
  }

  /** The formats that have a byte of their own (the msgpack specification's table of formats). */
  #longValue(token: number): void {
    switch (token) {
      case 0xc0: // nil
      case 0xc2: // false
      case 0xc3: // true
        return;
      case 0xc4: // bin 8, 16, 32
      case 0xc5:
      case 0xc6:
        this.#skip(this.#unsigned(1 << (token - 0xc4)));
        return;
      case 0xca: // float 32, 64
      case 0xcb:
        this.#skip(4 << (token - 0xca));
        return;
      case 0xcc: // uint 8 to 64
      case 0xcd:
      case 0xce:
      case 0xcf:
        this.#skip(1 << (token - 0xcc));
        return;
      case 0xd0: // int 8 to 64
      case 0xd1:
      case 0xd2:
      case 0xd3:
        this.#skip(1 << (token - 0xd0));
        return;
      case 0xd9: // str 8, 16, 32
      case 0xda:
      case 0xdb:
        this.#skip(this.#unsigned(1 << (token - 0xd9)));
        return;
      case 0xdc: // array 16, 32
      case 0xdd:
        this.#enter(this.#unsigned(2 << (token - 0xdc)), false);
        return;
      case 0xde: // map 16, 32
      case 0xdf:
        this.#enter(this.#unsigned(2 << (token - 0xde)), true);
        return;
      default: // ext, and 0xc1 which no format uses
        throw new ProtocolError(`msgpack format 0x${token.toString(16)} is not used here`);
    }
  }

  #key(): void {
    this.#countItem();
    const token = this.#unsigned(1);
    let length: number;
    if (token >= 0xa0 && token < 0xc0) length = token & 0x1f;
    else if (token >= 0xd9 && token <= 0xdb) length = this.#unsigned(1 << (token - 0xd9));
    else throw new ProtocolError("a map key is not a string");
    const start = this.#offset;
    this.#skip(length);
    if (
      length === protoKey.length &&
      protoKey.every((byte, i) => byte === this.#bytes[start + i])
    ) {
      throw new ProtocolError("a map key is __proto__");
    }
  }

  #enter(length: number, isMap: boolean): void {
    const values = isMap ? 2 * length : length;
    if (values > this.#bytes.length - this.#offset) {
      throw new ProtocolError(
        `${length} ${isMap ? "map entries" : "array values"} declared, which cannot be there`,
      );
    }
    if (this.#remaining.length === maxDepth) {
      throw new ProtocolError(`nested deeper than ${maxDepth}`);
    }
    this.#remaining.push(values);
    this.#isMap.push(isMap);
  }

  #countItem(): void {
    this.#items -= 1;
    if (this.#items < 0) throw new ProtocolError("more values in one message than allowed");
  }

  #skip(lengthBytes: number): void {
    if (lengthBytes > this.#bytes.length - this.#offset) {
      throw new ProtocolError("message ends within a value");
    }
    this.#offset += lengthBytes;
  }

  /** A big-endian integer of 1, 2 or 4 bytes. */
  #unsigned(sizeBytes: number): number {
    const start = this.#offset;
    this.#skip(sizeBytes);
    let value = 0;
    for (let index = start; index < this.#offset; index++) {
      value = value * 256 + (this.#bytes[index] ?? 0);
    }
    return value;
  }
}

/** "__proto__" in ASCII. */
const protoKey = [0x5f, 0x5f, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x5f, 0x5f];
