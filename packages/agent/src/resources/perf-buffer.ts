import { PERF_PAGE_DATA_HEAD, PERF_PAGE_DATA_TAIL } from "../kernel/uapi.js";

/** sizeof(struct perf_event_header): u32 type, u16 misc, u16 size (include/uapi/linux/perf_event.h). */
const headerSizeBytes = 8;

/** One or two pieces of a buffer: two when the bytes lie across its end. */
export type Pieces = readonly [Uint8Array] | readonly [Uint8Array, Uint8Array];

/** One CPU's perf buffer as mapped memory (struct perf_event_mmap_page, then data pages). */
export class PerfBuffer {
  readonly #head: Uint32Array;
  readonly #lowWord: number;
  readonly #tail: BigUint64Array;
  readonly #data: Uint8Array;
  readonly #view: DataView;
  readonly #mask: number;
  readonly #isLittleEndian: boolean;

  constructor(memory: Uint8Array, pageSize: number, isLittleEndian: boolean) {
    const { buffer, byteOffset } = memory;
    const sizeBytes = memory.length - pageSize;
    this.#head = new Uint32Array(buffer, byteOffset + PERF_PAGE_DATA_HEAD, 2);
    // A u64 on every kernel, unlike a ring buffer's.
    this.#lowWord = isLittleEndian ? 0 : 1;
    this.#tail = new BigUint64Array(buffer, byteOffset + PERF_PAGE_DATA_TAIL, 1);
    this.#data = new Uint8Array(buffer, byteOffset + pageSize, sizeBytes);
    this.#view = new DataView(buffer, byteOffset + pageSize, sizeBytes);
    this.#mask = sizeBytes - 1;
    this.#isLittleEndian = isLittleEndian;
  }

  /** Bytes from a position (modulo 2^32) to the head: the kernel moves that when records are complete. */
  available(from: number): number {
    return (Atomics.load(this.#head, this.#lowWord) - from) >>> 0;
  }

  /** The length of the whole records from a position on, as many as fit into the limit. */
  scan(from: number, limitBytes: number): number {
    const available = this.available(from);
    if (available <= limitBytes) return available;
    let offset = 0;
    for (;;) {
      const size = this.recordLength(from + offset);
      if (size < headerSizeBytes || offset + size > limitBytes) return offset;
      offset += size;
    }
  }

  /** Of the record at a position before the head. */
  recordLength(from: number): number {
    return this.#view.getUint16((from & this.#mask) + 6, this.#isLittleEndian);
  }

  /** Views of the memory itself: gone when it is unmapped. */
  pieces(from: number, lengthBytes: number): Pieces {
    const start = from & this.#mask;
    const first = this.#data.subarray(start, start + lengthBytes);
    if (first.length === lengthBytes) return [first];
    return [first, this.#data.subarray(0, lengthBytes - first.length)];
  }

  /** Gives the bytes before a position back to the kernel. */
  consume(position: bigint): void {
    Atomics.store(this.#tail, 0, position);
  }
}
