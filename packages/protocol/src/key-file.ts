import { minimumKeySizeBytes } from "./auth.js";

export type ParsedKey =
  | { readonly kind: "key"; readonly key: Uint8Array }
  /** What is wrong, to follow the file's name: "has 3 bytes; a key has at least 16". */
  | { readonly kind: "problem"; readonly problem: string };

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * The shared key in a key file's content: hexadecimal or base64 text with spaces and line ends anywhere, else the bytes
 * as they are. Both sides read key files by this rule.
 */
export function parseKeyFile(content: Uint8Array): ParsedKey {
  const text = withoutSpaces(content);
  if (text.length === 0) return { kind: "problem", problem: "is empty" };
  if (/^[0-9a-fA-F]+$/.test(text)) {
    if (text.length % 2 === 1) {
      return { kind: "problem", problem: "has an odd number of hexadecimal digits" };
    }
    return checkSize(decodeHex(text));
  }
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return checkSize(decodeBase64(text.replace(/=+$/, "")));
  return checkSize(Uint8Array.from(content));
}

function checkSize(key: Uint8Array): ParsedKey {
  if (key.length >= minimumKeySizeBytes) return { kind: "key", key };
  return {
    kind: "problem",
    problem: `has a key of ${key.length} bytes; at least ${minimumKeySizeBytes} are needed`,
  };
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
