import { DecodeError } from "./decode-error.js";
import { noBytes, type RecordCursor, viewOf } from "./record-cursor.js";

// kernel/bpf/ringbuf.c: a record is u32 length and flags, u32 page offset, the data, padding to 8 bytes.
const headerSizeBytes = 8;
const busyFlag = 0x8000_0000;
const discardedFlag = 0x4000_0000;
const lengthMask = 0x3fff_ffff;

/** Walks the records of a ring buffer's spans; discarded records are passed over. */
export class RingCursor implements RecordCursor {
  bytes: Uint8Array = noBytes;
  offset = 0;
  length = 0;
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
    for (;;) {
      const start = this.#next;
      if (start === end) return false;
      if (end - start < headerSizeBytes) throw this.#malformed("ends within a header");
      const header = this.#view.getUint32(start, this.#isLittleEndian);
      const length = header & lengthMask;
      const offset = start + headerSizeBytes;
      if (length > end - offset) throw this.#malformed("ends within a record");
      if (header >= busyFlag) throw this.#malformed("has a record that is still being written");
      // The last record's padding may be left out.
      this.#next = Math.min(offset + ((length + 7) & ~7), end);
      if ((header & discardedFlag) !== 0) continue;
      this.offset = offset;
      this.length = length;
      return true;
    }
  }

  #malformed(fault: string): DecodeError {
    return new DecodeError(
      `read a ring buffer's span of ${this.bytes.byteLength} bytes: it ${fault}, at byte ${this.#next}`,
    );
  }
}
