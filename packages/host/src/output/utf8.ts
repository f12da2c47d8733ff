const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Above this many bytes the decoder's fixed cost is worth paying. */
const shortText = 24;

/** The text of the bytes from `start` to `end`; each invalid byte becomes U+FFFD, as the Encoding Standard says. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > shortText) return decoder.decode(bytes.subarray(start, end));
  let text = "";
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x80) return decoder.decode(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Bytes that the text takes in UTF-8. */
export function utf8SizeBytes(text: string): number {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) >= 0x80) return encoder.encode(text).length;
  }
  return text.length;
}

/** The text's first bytes, at most `limitBytes` of them, as C's "%.5s" cuts. */
export function cutUtf8(text: string, limitBytes: number): string {
  if (utf8SizeBytes(text) <= limitBytes) return text;
  return decoder.decode(encoder.encode(text).subarray(0, limitBytes));
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
