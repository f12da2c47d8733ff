import { ProtocolError } from "../errors.js";
import { lazily } from "../lazily.js";
import { BitReader } from "./bit-reader.js";
import { HuffmanCode } from "./huffman-code.js";
import {
  distanceRanges,
  endOfBlock,
  firstLengthCode,
  fixedDistanceBits,
  fixedLengths,
  lengthRanges,
  windowSizeBytes,
} from "./symbols.js";

/** RFC 1951, 3.2.7: the order in which the lengths of the code for lengths come. */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const literalCodeCount = 286;
const distanceCodeCount = 30;

interface Codes {
  readonly literals: HuffmanCode;
  readonly distances: HuffmanCode;
}

const fixedCodes = lazily((): Codes => ({
  literals: new HuffmanCode(fixedLengths()),
  distances: new HuffmanCode(new Uint8Array(1 << fixedDistanceBits).fill(fixedDistanceBits)),
}));

/**
 * Expands messages that were compressed one after the other with DEFLATE, of any kind of block, as RFC 7692 sends them.
 * Keeps the 16 kB that the next message may refer to.
 */
export class Inflater {
  #history = new Uint8Array(0);

  /** The message, of at most `limitBytes`. Throws ProtocolError, and is of no use afterwards. */
  expand(compressed: Uint8Array, limitBytes: number): Uint8Array {
    const reader = new BitReader(compressed);
    const output = new Output(this.#history, limitBytes);
    while (readBlock(reader, output)) continue;
    this.#history = output.takeHistory();
    return output.takeMessage();
  }
}

/** Whether there is another block. The last one is an empty stored block without its length. */
function readBlock(reader: BitReader, output: Output): boolean {
  if (reader.take(1) === 1) throw new ProtocolError("a compressed message ends the compression");
  switch (reader.take(2)) {
    case 0:
      reader.align();
      if (reader.isAtEnd) return false;
      readStored(reader, output);
      return true;
    case 1:
      readMatches(reader, output, fixedCodes());
      return true;
    case 2:
      readMatches(reader, output, readCodes(reader));
      return true;
    default:
      throw new ProtocolError("a compressed message has a block of no kind");
  }
}

function readStored(reader: BitReader, output: Output): void {
  const length = reader.take(16);
  if (reader.take(16) !== (~length & 0xffff)) {
    throw new ProtocolError("a compressed message has a block of no length");
  }
  output.addBytes(reader.takeBytes(length));
}

function readMatches(reader: BitReader, output: Output, { literals, distances }: Codes): void {
  for (;;) {
    const symbol = literals.read(reader);
    if (symbol < endOfBlock) output.addByte(symbol);
    else if (symbol === endOfBlock) return;
    else {
      const length = readRange(reader, lengthRanges, symbol - firstLengthCode);
      output.repeat(length, readRange(reader, distanceRanges, distances.read(reader)));
    }
  }
}

function readRange(
  reader: BitReader,
  { bases, extraBits }: typeof lengthRanges,
  code: number,
): number {
  const base = bases[code];
  if (base === undefined) throw new ProtocolError("a compressed message has an unknown code");
  return base + reader.take(extraBits[code] ?? 0);
}

/** RFC 1951, 3.2.7: the two codes' lengths, themselves compressed. */
function readCodes(reader: BitReader): Codes {
  const literalCount = reader.take(5) + 257;
  const distanceCount = reader.take(5) + 1;
  const lengthCount = reader.take(4) + 4;
  if (literalCount > literalCodeCount || distanceCount > distanceCodeCount) {
    throw new ProtocolError("a compressed message has more codes than there are");
  }
  const ofLengths = new Uint8Array(lengthOrder.length);
  for (const symbol of lengthOrder.slice(0, lengthCount)) ofLengths[symbol] = reader.take(3);
  const lengths = readLengths(reader, new HuffmanCode(ofLengths), literalCount + distanceCount);
  return {
    literals: new HuffmanCode(lengths.subarray(0, literalCount)),
    distances: new HuffmanCode(lengths.subarray(literalCount)),
  };
}

function readLengths(reader: BitReader, code: HuffmanCode, count: number): Uint8Array {
  const lengths = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const symbol = code.read(reader);
    if (symbol < 16) {
      lengths[at++] = symbol;
      continue;
    }
    const { value, times } = readRepetition(reader, symbol, lengths[at - 1]);
    if (at + times > count) throw new ProtocolError("a compressed message has too many lengths");
    lengths.fill(value, at, at + times);
    at += times;
  }
  return lengths;
}

function readRepetition(
  reader: BitReader,
  symbol: number,
  last: number | undefined,
): { readonly value: number; readonly times: number } {
  if (symbol === 17) return { value: 0, times: 3 + reader.take(3) };
  if (symbol === 18) return { value: 0, times: 11 + reader.take(7) };
  if (last === undefined) throw new ProtocolError("a compressed message repeats no length");
  return { value: last, times: 3 + reader.take(2) };
}

/** A message as it grows, behind what was before it. */
class Output {
  readonly #start: number;
  readonly #limit: number;
  #bytes: Uint8Array;
  #end: number;

  constructor(history: Uint8Array, limitBytes: number) {
    this.#start = history.length;
    this.#limit = history.length + limitBytes;
    this.#bytes = new Uint8Array(history.length + Math.min(limitBytes, 4096));
    this.#bytes.set(history);
    this.#end = history.length;
  }

  addByte(byte: number): void {
    this.#grow(1);
    this.#bytes[this.#end++] = byte;
  }

  addBytes(bytes: Uint8Array): void {
    this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  repeat(length: number, distance: number): void {
    if (distance > this.#end || distance > windowSizeBytes) {
      throw new ProtocolError("a compressed message reaches back too far");
    }
    this.#grow(length);
    // One by one: a match may reach into what it makes.
    for (let left = length; left > 0; left--) {
      this.#bytes[this.#end] = this.#bytes[this.#end - distance] ?? 0;
      this.#end++;
    }
  }

  takeMessage(): Uint8Array {
    return this.#bytes.slice(this.#start, this.#end);
  }

  takeHistory(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(Math.max(0, this.#end - windowSizeBytes), this.#end);
  }

  #grow(length: number): void {
    const needed = this.#end + length;
    if (needed <= this.#bytes.length) return;
    if (needed > this.#limit) {
      const limit = this.#limit - this.#start;
      throw new ProtocolError(`a compressed message has more than ${limit} bytes`);
    }
    const grown = new Uint8Array(Math.min(this.#limit, Math.max(needed, this.#bytes.length * 2)));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
  }
}
