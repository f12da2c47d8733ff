import { viewOf } from "./record-cursor.js";
import { type Value } from "./value.js";

/** Where values are read from: bytes, and a view of the same bytes. */
export interface ByteSource {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Reads the value at an offset, which the caller knows to be within the bytes. */
export type ValueReader = (source: ByteSource, offset: number) => Value;

/** Bytes of the target's to read values from. */
export function sourceOf(bytes: Uint8Array): ByteSource {
  return { bytes, view: viewOf(bytes) };
}
