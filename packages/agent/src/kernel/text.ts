import { decodeUtf8, encodeUtf8 } from "@sonde/protocol";

/** A C string: UTF-8 and a NUL. */
export function encodeCString(text: string): Uint8Array {
  const bytes = encodeUtf8(text);
  const terminated = new Uint8Array(bytes.length + 1);
  terminated.set(bytes);
  return terminated;
}

/** The bytes before the first NUL, as text. */
export function decodeCString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeUtf8(end === -1 ? bytes : bytes.subarray(0, end));
}
