// For engines without TextEncoder and TextDecoder.

/** A lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const start = new Uint8Array(text.length);
  const asciiLength = encodeAscii(text, start);
  if (asciiLength === text.length) return start;
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    encodePoint(bytes, point >= 0xd800 && point <= 0xdfff ? 0xfffd : point);
  }
  return Uint8Array.from(bytes);
}

/** How many characters at the beginning are ASCII; those go into `bytes`. */
function encodeAscii(text: string, bytes: Uint8Array): number {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x80) return index;
    bytes[index] = code;
  }
  return text.length;
}

function encodePoint(bytes: number[], point: number): void {
  if (point < 0x80) {
    bytes.push(point);
  } else if (point < 0x800) {
    bytes.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
  } else {
    bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 0x3f));
    bytes.push(0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
  }
}

/** What UTF-8 says; what is not UTF-8 becomes U+FFFD, a byte at a time. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = "";
  for (let index = 0; index < bytes.length;) {
    const end = asciiEnd(bytes, index);
    if (end > index) {
      // A call for many: what the engine does itself is quick also where there is no compiler.
      text += String.fromCharCode(...bytes.subarray(index, end));
      index = end;
      continue;
    }
    const { point, length } = decodePoint(bytes, index);
    text += String.fromCodePoint(point);
    index += length;
  }
  return text;
}

/** As many arguments as a call can have in any engine, and more than enough. */
const longestRun = 4096;

/** Where the run of ASCII that begins at `start` ends, or has become long. */
function asciiEnd(bytes: Uint8Array, start: number): number {
  const limit = Math.min(bytes.length, start + longestRun);
  let index = start;
  while (index < limit && (bytes[index] ?? 0) < 0x80) index++;
  return index;
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
