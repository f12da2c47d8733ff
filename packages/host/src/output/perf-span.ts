import { DecodeError } from "./decode-error.js";
import { noBytes, type RecordCursor, viewOf } from "./record-cursor.js";

// struct perf_event_header (include/uapi/linux/perf_event.h): u32 type, u16 misc, u16 size with the header.
const headerSizeBytes = 8;
const recordTypes = { lost: 2, throttle: 5, sample: 9, lostSamples: 13 } as const;

/**
 * Walks the samples of a perf event array's spans (PERF_SAMPLE_RAW alone: u32 size, data). What the kernel says of lost
 * records is added up, other records are passed over.
 */
export class PerfCursor implements RecordCursor {
  bytes: Uint8Array = noBytes;
  offset = 0;
  length = 0;
  /** Records that the kernel could not write, of all spans walked so far. */
  lost = 0n;
  /** How often the kernel throttled the event, of all spans walked so far. */
  throttled = 0;
  readonly #isLittleEndian: boolean;
  #view = viewOf(noBytes);
  #next = 0;

  constructor(byteOrder: "little" | "big") {
    this.#isLittleEndian = byteOrder === "little";
  }

  reset(span: Uint8Array): void {
    this.bytes = span;
    this.#view = viewOf(span);
    this.#next = 0;
    this.length = 0;
  }

  next(): boolean {
    const end = this.bytes.byteLength;
    while (this.#next < end) {
      const start = this.#next;
      if (end - start < headerSizeBytes) throw this.#malformed("ends within a header");
      const type = this.#view.getUint32(start, this.#isLittleEndian);
      const size = this.#view.getUint16(start + 6, this.#isLittleEndian);
      if (size < headerSizeBytes) throw this.#malformed("has a record without a header");
      if (size > end - start) throw this.#malformed("ends within a record");
      if (type === recordTypes.sample) {
        this.#enterSample(start + headerSizeBytes, size - headerSizeBytes);
        this.#next = start + size;
        return true;
      }
      this.#count(type, start + headerSizeBytes, size - headerSizeBytes);
      this.#next = start + size;
    }
    return false;
  }

  #enterSample(body: number, bodySize: number): void {
    if (bodySize < 4) throw this.#malformed("has a sample without a size");
    const length = this.#view.getUint32(body, this.#isLittleEndian);
    if (length > bodySize - 4) throw this.#malformed("has a sample that is longer than its record");
    this.offset = body + 4;
    this.length = length;
  }

  #count(type: number, body: number, bodySize: number): void {
    if (type === recordTypes.throttle) this.throttled++;
    // PERF_RECORD_LOST: u64 id, u64 lost. PERF_RECORD_LOST_SAMPLES: u64 lost.
    const at = type === recordTypes.lost ? 8 : type === recordTypes.lostSamples ? 0 : undefined;
    if (at === undefined) return;
    if (bodySize < at + 8) throw this.#malformed("has a count of lost records that is cut short");
    this.lost += this.#view.getBigUint64(body + at, this.#isLittleEndian);
  }

  #malformed(fault: string): DecodeError {
    return new DecodeError(
      `read a perf buffer's span of ${this.bytes.byteLength} bytes: it ${fault}, at byte ${this.#next}`,
    );
  }
}
