import { encodeUtf8 } from "./utf8.js";

/** Beyond this the buffer is given back after a message, so that one large reply does not stay in memory. */
const keptBufferSizeBytes = 65_536;
const firstBufferSizeBytes = 1024;

/** A value that msgpack, or we, have no form for. */
export class UnencodableError extends Error {
  override readonly name = "UnencodableError";
}

/**
 * Encodes values as `decodeMsgpack` reads them; bigints in 64 bits, whatever their size. Keys whose value is undefined are left
 * out.
 */
export class MsgpackEncoder {
  #bytes = new Uint8Array(firstBufferSizeBytes);
  #view = new DataView(this.#bytes.buffer);
  #offset = 0;

  /** A view of a buffer that the next call writes over. Throws UnencodableError. */
  encode(value: unknown): Uint8Array {
    this.#offset = 0;
    this.#value(value);
    const encoded = this.#bytes.subarray(0, this.#offset);
    if (this.#bytes.length > keptBufferSizeBytes) this.#replaceBuffer(firstBufferSizeBytes);
    return encoded;
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case "number":
        this.#number(value);
        return;
      case "bigint":
        this.#bigint(value);
        return;
      case "string":
        this.#text(value);
        return;
      case "boolean":
        this.#token(value ? 0xc3 : 0xc2);
        return;
      case "object":
        this.#object(value);
        return;
      default:
        throw new UnencodableError(`msgpack has no form for a value of type ${typeof value}`);
    }
  }

  #object(value: object | null): void {
    if (value === null) this.#token(0xc0);
    else if (value instanceof Uint8Array) this.#bin(value);
    else if (Array.isArray(value)) this.#array(value);
    else this.#map(value);
  }

  /** As short as can be; what is no integer of 32 bits is a float. */
  #number(value: number): void {
    const isInteger = Number.isInteger(value) && !Object.is(value, -0);
    if (!isInteger || value > 0xffff_ffff || value < -0x8000_0000) this.#float(value);
    else if (value >= 0x80) this.#length(value, 0xcc);
    else if (value >= -0x20) this.#token(value & 0xff);
    else this.#negative(value);
  }

  #negative(value: number): void {
    const sizeBytes = value >= -0x80 ? 1 : value >= -0x8000 ? 2 : 4;
    const start = this.#header(0xd0 + (sizeBytes >> 1), sizeBytes);
    if (sizeBytes === 1) this.#view.setInt8(start, value);
    else if (sizeBytes === 2) this.#view.setInt16(start, value);
    else this.#view.setInt32(start, value);
  }

  #float(value: number): void {
    const start = this.#header(0xcb, 8);
    this.#view.setFloat64(start, value);
  }

  #bigint(value: bigint): void {
    const isSigned = value <= 0x7fff_ffff_ffff_ffffn;
    if (value < -0x8000_0000_0000_0000n || value > 0xffff_ffff_ffff_ffffn) {
      throw new UnencodableError(`${value} has more than 64 bits`);
    }
    const start = this.#header(isSigned ? 0xd3 : 0xcf, 8);
    if (isSigned) this.#view.setBigInt64(start, value);
    else this.#view.setBigUint64(start, value);
  }

  #text(text: string): void {
    const bytes = encodeUtf8(text);
    if (bytes.length < 0x20) this.#token(0xa0 | bytes.length);
    else this.#length(bytes.length, 0xd9);
    this.#append(bytes);
  }

  #bin(bytes: Uint8Array): void {
    this.#length(bytes.length, 0xc4);
    this.#append(bytes);
  }

  #array(values: readonly unknown[]): void {
    if (values.length < 0x10) this.#token(0x90 | values.length);
    else this.#longLength(values.length, 0xdc);
    for (const value of values) this.#value(value);
  }

  #map(value: object): void {
    const entries = Object.entries(value).filter(([, one]) => one !== undefined);
    if (entries.length < 0x10) this.#token(0x80 | entries.length);
    else this.#longLength(entries.length, 0xde);
    for (const [key, one] of entries) {
      this.#text(key);
      this.#value(one);
    }
  }

  /** A number of 8, 16 or 32 bits, behind the first of three tokens or one of the next. */
  #length(value: number, firstToken: number): void {
    if (value > 0xff) {
      this.#longLength(value, firstToken + 1);
      return;
    }
    const start = this.#header(firstToken, 1);
    this.#view.setUint8(start, value);
  }

  #longLength(value: number, firstToken: number): void {
    const isShort = value <= 0xffff;
    const start = this.#header(isShort ? firstToken : firstToken + 1, isShort ? 2 : 4);
    if (isShort) this.#view.setUint16(start, value);
    else this.#view.setUint32(start, value);
  }

  #token(token: number): void {
    this.#header(token, 0);
  }

  /** A token, and room for what belongs to it; gives where that is. */
  #header(token: number, sizeBytes: number): number {
    this.#reserve(1 + sizeBytes);
    this.#view.setUint8(this.#offset, token);
    const start = this.#offset + 1;
    this.#offset = start + sizeBytes;
    return start;
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#offset);
    this.#offset += bytes.length;
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#offset + sizeBytes;
    if (needed <= this.#bytes.length) return;
    const old = this.#bytes;
    this.#replaceBuffer(Math.max(2 * old.length, needed));
    this.#bytes.set(old.subarray(0, this.#offset));
  }

  #replaceBuffer(sizeBytes: number): void {
    this.#bytes = new Uint8Array(sizeBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }
}
