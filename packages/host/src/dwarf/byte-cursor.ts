import { DwarfError } from "./dwarf-error.js";

const decoder = new TextDecoder();

/** Reads numbers and strings of a section one after the other. Throws DwarfError beyond its end. */
export class ByteCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #isLittle: boolean;
  readonly #section: string;
  offset: number;

  constructor(section: string, bytes: Uint8Array, byteOrder: "little" | "big", offset = 0) {
    this.#section = section;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#isLittle = byteOrder === "little";
    this.offset = offset;
  }

  get isAtEnd(): boolean {
    return this.offset >= this.#bytes.length;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), this.#isLittle);
  }

  u24(): number {
    const at = this.#take(3);
    const [a, b, c] = [0, 1, 2].map((index) => this.#view.getUint8(at + index));
    const parts = this.#isLittle ? [c, b, a] : [a, b, c];
    return parts.reduce<number>((sum, part) => sum * 256 + (part ?? 0), 0);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), this.#isLittle);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#take(8), this.#isLittle);
  }

  /** An unsigned number of so many bytes: 1, 2, 4 or 8. */
  unsigned(sizeBytes: number): bigint {
    switch (sizeBytes) {
      case 1:
        return BigInt(this.u8());
      case 2:
        return BigInt(this.u16());
      case 4:
        return BigInt(this.u32());
      case 8:
        return this.u64();
      default:
        throw this.error(`a number of ${sizeBytes} bytes`);
    }
  }

  /** An offset or a length, of 4 or 8 bytes; below 2^53. */
  size(sizeBytes: 4 | 8): number {
    return sizeBytes === 4 ? this.u32() : this.#safe(this.u64());
  }

  /** ULEB128. */
  unsignedLeb(): bigint {
    const first = this.u8();
    if ((first & 0x80) === 0) return BigInt(first);
    let value = BigInt(first & 0x7f);
    for (let shift = 7n; ; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
      if (shift > 70n) throw this.error("a number of more than ten bytes");
    }
  }

  /** SLEB128. */
  signedLeb(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return BigInt.asIntN(Number(shift) + 7, value);
      if (shift > 70n) throw this.error("a number of more than ten bytes");
    }
  }

  /** A ULEB128 that is a count, an index or a code. */
  count(): number {
    const first = this.u8();
    if ((first & 0x80) === 0) return first;
    this.offset -= 1;
    return this.#safe(this.unsignedLeb());
  }

  /** Up to a NUL. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.offset);
    if (end === -1 || this.offset < 0) throw this.error("a string without an end");
    const text = decoder.decode(this.#bytes.subarray(this.offset, end));
    this.offset = end + 1;
    return text;
  }

  skip(sizeBytes: number): void {
    this.#take(sizeBytes);
  }

  bytes(sizeBytes: number): Uint8Array {
    const at = this.#take(sizeBytes);
    return this.#bytes.subarray(at, at + sizeBytes);
  }

  #take(sizeBytes: number): number {
    const at = this.offset;
    if (!(at >= 0 && sizeBytes >= 0 && at + sizeBytes <= this.#bytes.length)) {
      throw this.error("the section ends too soon");
    }
    this.offset = at + sizeBytes;
    return at;
  }

  #safe(value: bigint): number {
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.error(`${value} is out of range`);
    return Number(value);
  }

  /** A fault at this place. */
  error(message: string): DwarfError {
    return new DwarfError(`${this.#section}, byte ${this.offset}: ${message}`);
  }
}
