import { encodeUtf8, wellFormed } from "../text/utf8.js";

/** Writes messages in the wire format of Protocol Buffers: numbers as varints, and what has a length. */
export class ProtobufWriter {
  readonly #bytes: number[] = [];

  /** A field that is a number; zero, the default, takes no room. */
  number(field: number, value: number | bigint): this {
    return BigInt(value) === 0n ? this : this.choice(field, value);
  }

  /** A number that is one of several things that a field may be: zero is written, too. */
  choice(field: number, value: number | bigint): this {
    this.#varint(BigInt(field) << 3n);
    this.#varint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  /** A repeated number. */
  packed(field: number, values: readonly (number | bigint)[]): this {
    const packed = new ProtobufWriter();
    for (const value of values) packed.#varint(BigInt.asUintN(64, BigInt(value)));
    return this.bytes(field, packed.#bytes);
  }

  text(field: number, text: string): this {
    return this.bytes(field, encodeUtf8(wellFormed(text)));
  }

  /** A message within this one. */
  message(field: number, write: (writer: ProtobufWriter) => void): this {
    const inner = new ProtobufWriter();
    write(inner);
    return this.bytes(field, inner.#bytes);
  }

  bytes(field: number, bytes: Iterable<number> & { readonly length: number }): this {
    this.#varint((BigInt(field) << 3n) | 2n);
    this.#varint(BigInt(bytes.length));
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  /** `value` is not negative. */
  #varint(value: bigint): void {
    let rest = value;
    for (; rest > 0x7fn; rest >>= 7n) this.#bytes.push(Number(rest & 0x7fn) | 0x80);
    this.#bytes.push(Number(rest));
  }
}
