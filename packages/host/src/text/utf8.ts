/**
 * Text and its bytes. What a process or a kernel calls a string is bytes, mostly UTF-8: a byte that is not becomes U+DC80 and
 * the like, half a pair that no text has (byte b is U+DC00 + b), and the same byte again when it is encoded.
 */

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Above this many bytes the decoder's fixed cost is worth paying. */
const shortText = 24;

const replacement = "\ufffd";
const loneByte = /[\udc80-\udcff]/u;

/** The text of the bytes from `start` to `end`. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (end - start > shortText) return decode(bytes.subarray(start, end));
  let text = "";
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x80) return decode(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

function decode(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  return text.includes(replacement) ? decodeWithLoneBytes(bytes) : text;
}

function decodeWithLoneBytes(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const size = sequenceSize(bytes[at] ?? 0);
    const character = decoder.decode(bytes.subarray(at, at + size));
    const isWhole = !character.startsWith(replacement) || isReplacement(bytes, at);
    text += isWhole ? character : String.fromCharCode(0xdc00 + (bytes[at] ?? 0));
    at += isWhole ? size : 1;
  }
  return text;
}

/** Bytes of the character that the byte begins, if it begins one. */
function sequenceSize(first: number): number {
  if (first < 0xc0) return 1;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/** U+FFFD itself, which text may have. */
function isReplacement(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd;
}

/** The bytes of a text. */
export function encodeUtf8(text: string): Uint8Array {
  return loneByte.test(text) ? encodeWithLoneBytes(text) : encoder.encode(text);
}

function encodeWithLoneBytes(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    if (loneByte.test(character)) bytes.push(character.charCodeAt(0) - 0xdc00);
    else bytes.push(...encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}

/** The text for readers that know only UTF-8: U+FFFD stands for each byte that is not. */
export function wellFormed(text: string): string {
  return loneByte.test(text) ? text.replaceAll(/[\udc80-\udcff]/gu, replacement) : text;
}

/** Bytes that the text takes. */
export function utf8SizeBytes(text: string): number {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) >= 0x80) return encodeUtf8(text).length;
  }
  return text.length;
}

/** The text's first bytes, at most `limitBytes` of them, as C's "%.5s" cuts. */
export function cutUtf8(text: string, limitBytes: number): string {
  if (utf8SizeBytes(text) <= limitBytes) return text;
  return decodeUtf8(encodeUtf8(text), 0, limitBytes);
}

/** Orders by code points, which is the order of the UTF-8 bytes. */
export function compareUtf8(left: string, right: string): number {
  const shared = Math.min(left.length, right.length);
  for (let at = 0; at < shared; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a === b) continue;
    // Surrogates stand for code points above all other units.
    const isASurrogate = a >= 0xd800 && a <= 0xdfff;
    const isBSurrogate = b >= 0xd800 && b <= 0xdfff;
    if (isASurrogate !== isBSurrogate) return isASurrogate ? 1 : -1;
    return a - b;
  }
  return left.length - right.length;
}
