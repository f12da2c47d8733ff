import { encodeUtf8 } from "@sonde/protocol";

/** A C string: UTF-8 and a NUL. */
export function encodeCString(text: string): Uint8Array {
  const bytes = encodeUtf8(text);
  const terminated = new Uint8Array(bytes.length + 1);
  terminated.set(bytes);
  return terminated;
}

/** UTF-8 up to the end of the bytes; what is not UTF-8 becomes U+FFFD, a byte at a time. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < bytes.length;) {
    const { point, length } = decodePoint(bytes, index);
    text += String.fromCodePoint(point);
    index += length;
  }
  return text;
}

/** The bytes before the first NUL, as text. */
export function decodeCString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeUtf8(end === -1 ? bytes : bytes.subarray(0, end));
}

const replacement = { point: 0xfffd, length: 1 } as const;

/** Smallest code point of a sequence of so many bytes: anything below is overlong. */
const smallestPoints = [0, 0, 0x80, 0x800, 0x1_0000];

function decodePoint(bytes: Uint8Array, index: number): { point: number; length: number } {
  const first = bytes[index] ?? 0;
  if (first < 0x80) return { point: first, length: 1 };
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return replacement;
  let point = first & (0x7f >> length);
  for (let next = index + 1; next < index + length; next++) {
    const byte = bytes[next] ?? 0;
    if ((byte & 0xc0) !== 0x80) return replacement;
    point = (point << 6) | (byte & 0x3f);
  }
  const isSurrogate = point >= 0xd800 && point <= 0xdfff;
  if (point < (smallestPoints[length] ?? 0) || point > 0x10_ffff || isSurrogate) return replacement;
  return { point, length };
}
