import { BPF_RINGBUF_DISCARD_BIT } from "../kernel/uapi.js";

/** The length of a record is what its header's word holds below the busy and discard bits. */
const lengthMask = BPF_RINGBUF_DISCARD_BIT - 1;

export interface RingMemoryOptions {
  /** The page that user space writes: the consumer's position. */
  readonly consumer: Uint8Array;
  /** The producer's page, then the data twice over, so that a record across the end is in one piece. */
  readonly producer: Uint8Array;
  readonly pageSize: number;
  /** Of the data, once. */
  readonly sizeBytes: number;
  /** Of the kernel: positions are unsigned longs (kernel/bpf/ringbuf.c, struct bpf_ringbuf). */
  readonly pointerSize: 4 | 8;
  readonly isLittleEndian: boolean;
}

/**
 * A ring buffer as mapped memory. Positions are counted modulo 2^32 here: a ring is smaller, and a 32-bit load is one
 * instruction everywhere. Only the consumer's position, which the kernel reads whole, is stored whole.
 */
export class RingMemory {
  readonly #producerPosition: Uint32Array;
  readonly #lowWord: number;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #mask: number;
  readonly #consumerPosition: BigUint64Array | Uint32Array;
  readonly #fence = new Int32Array(1);
  /** Where the consumer stood when the memory was mapped. */
  readonly start: bigint;

  constructor(options: RingMemoryOptions) {
    const { consumer, producer, pageSize, sizeBytes, pointerSize } = options;
    const { buffer, byteOffset } = producer;
    this.#producerPosition = new Uint32Array(buffer, byteOffset, 2);
    this.#lowWord = pointerSize === 8 && !options.isLittleEndian ? 1 : 0;
    this.#words = new Uint32Array(buffer, byteOffset + pageSize, sizeBytes / 4);
    this.#bytes = new Uint8Array(buffer, byteOffset + pageSize, 2 * sizeBytes);
    this.#mask = sizeBytes - 1;
    this.#consumerPosition =
      pointerSize === 8
        ? new BigUint64Array(consumer.buffer, consumer.byteOffset, 1)
        : new Uint32Array(consumer.buffer, consumer.byteOffset, 1);
    this.start = BigInt(this.#consumerPosition[0] ?? 0);
  }

  /** The producer's position: bytes before it may still be being written. */
  get producerPosition(): number {
    return Atomics.load(this.#producerPosition, this.#lowWord);
  }

  /** The length of the whole, committed records from a position on, as many as fit into the limit. */
  scan(from: number, limitBytes: number): number {
    const available = Math.min((this.producerPosition - from) >>> 0, limitBytes);
    const words = this.#words;
    const mask = this.#mask;
    let offset = 0;
    while (offset < available) {
      const header = words[((from + offset) & mask) >>> 2] ?? 0;
      // The busy bit is the sign: what comes after waits until this record is complete.
      if ((header | 0) < 0) break;
      const next = offset + (((header & lengthMask) + 15) & ~7);
      if (next > available) break;
      offset = next;
    }
    // The loads above are plain; this keeps those of the data from being done before them.
    Atomics.add(this.#fence, 0, 0);
    return offset;
  }

  /** How many records a stretch of whole ones has, those that were discarded left out. */
  countRecords(from: number, lengthBytes: number): number {
    let count = 0;
    for (let offset = 0; offset < lengthBytes;) {
      const header = this.#words[((from + offset) & this.#mask) >>> 2] ?? 0;
      if ((header & BPF_RINGBUF_DISCARD_BIT) === 0) count += 1;
      offset += ((header & lengthMask) + 15) & ~7;
    }
    return count;
  }

  /** The length of the record at a position when it is complete; 0 when it is not, or when there is none. */
  recordLength(from: number): number {
    if (this.producerPosition === from) return 0;
    const header = Atomics.load(this.#words, (from & this.#mask) >>> 2);
    return (header | 0) < 0 ? 0 : ((header & lengthMask) + 15) & ~7;
  }

  /** A view of the memory itself: gone when the memory is unmapped. */
  span(from: number, lengthBytes: number): Uint8Array {
    const start = from & this.#mask;
    return this.#bytes.subarray(start, start + lengthBytes);
  }

  /** Gives the bytes before a position back to the kernel. */
  consume(position: bigint): void {
    const store = this.#consumerPosition;
    if (store instanceof BigUint64Array) Atomics.store(store, 0, position);
    else Atomics.store(store, 0, Number(position & 0xffff_ffffn));
  }
}
