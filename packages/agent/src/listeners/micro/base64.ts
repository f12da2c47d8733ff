const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** RFC 4648, section 4. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let offset = 0; offset < bytes.length; offset += 3) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(offset, offset + 3);
    const group = (first << 16) | (second << 8) | third;
    const count = Math.min(3, bytes.length - offset);
    for (let index = 0; index < 4; index++) {
      text += index <= count ? alphabet.charAt((group >> (18 - 6 * index)) & 63) : "=";
    }
  }
  return text;
}
