/**
 * Walks the records of raw spans, one after the other, without making an object for each. After `next()` has returned
 * true the record's data are `length` bytes of `bytes` from `offset`. A cursor is reused for all spans of a stream.
 */
export interface RecordCursor {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly length: number;
  /** Begins a span: whole records only, as a stream delivers them. */
  reset(span: Uint8Array): void;
  /** Moves to the span's next record; false at its end. Throws DecodeError when the span is malformed. */
  next(): boolean;
}

export const noBytes = new Uint8Array(0);

/** A view of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
