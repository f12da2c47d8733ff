import { minimumKeySizeBytes } from "./auth.js";

export type ParsedKey =
  | { readonly kind: "key"; readonly key: Uint8Array }
  /** What is wrong, to follow the file's name: "has 3 bytes; a key has at least 16". */
  | { readonly kind: "problem"; readonly problem: string };

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Of 16 random bytes this many differ in all but one of 10^12 cases. */
const fewestDifferentBytes = 8;

/**
 * The shared key in a key file's content: hexadecimal or base64 text with spaces and line ends anywhere, else the bytes
 * as they are. What cannot be 128 random bits is refused: a shorter key, other text, one byte over and over. Both sides
 * read key files by this rule.
 */
export function parseKeyFile(content: Uint8Array): ParsedKey {
  const text = withoutSpaces(content);
  if (text.length === 0) return { kind: "problem", problem: "is empty" };
  if (/^[0-9a-fA-F]+$/.test(text)) {
    if (text.length % 2 === 1) {
      return { kind: "problem", problem: "has an odd number of hexadecimal digits" };
    }
    return checkKey(decodeHex(text));
  }
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return checkKey(decodeBase64(text.replace(/=+$/, "")));
  if (/^[\x20-\x7e]+$/.test(text)) {
    const problem = "is text, but neither hexadecimal nor base64: a key is made of random bytes";
    return { kind: "problem", problem };
  }
  return checkKey(Uint8Array.from(content));
}

function checkKey(key: Uint8Array): ParsedKey {
  if (key.length < minimumKeySizeBytes) {
    const problem = `has a key of ${key.length} bytes; at least ${minimumKeySizeBytes} are needed`;
    return { kind: "problem", problem };
  }
  const different = new Set(key).size;
  if (different < fewestDifferentBytes) {
    const problem = `has a key of only ${different} different bytes: it is not random`;
    return { kind: "problem", problem };
  }
  return { kind: "key", key };
}

/** Each byte as one character. */
function withoutSpaces(content: Uint8Array): string {
  let text = "";
  for (const byte of content) {
    const isSpace = byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
    if (!isSpace) text += String.fromCharCode(byte);
  }
  return text;
}

function decodeHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, index) =>
    Number.parseInt(text.slice(2 * index, 2 * index + 2), 16),
  );
}

function decodeBase64(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 6) / 8));
  let bits = 0;
  let bitCount = 0;
  let length = 0;
  for (const character of text) {
    bits = ((bits << 6) | alphabet.indexOf(character)) & 0xffff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes[length++] = (bits >> bitCount) & 0xff;
    }
  }
  return bytes;
}
