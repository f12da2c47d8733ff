/** Ends and begins a frame on the line; never within one. */
export const delimiter = 0x00;

/**
 * Never within a frame: the delimiter, XON and XOFF (which software flow control takes for its own), and 0xFF (which
 * telnet takes for a command). Their place in this list is what a code byte's lower two bits say.
 */
const forbidden = [delimiter, 0x11, 0x13, 0xff] as const;
const kinds = forbidden.length;
const none = -1;

/** A block is at most so many bytes as they are. */
const longestRun = 62;
/** The code of a block of the longest run that no forbidden byte follows. */
const fullBlockCode = longestRun * kinds;

/** Code → byte on the line: all bytes that are not forbidden, in ascending order. */
const codeBytes = Uint8Array.from(
  Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => kindOf(byte) === none),
);
/** Byte on the line → code; 255 where there is none. */
const codes = new Uint8Array(256).fill(255);
codeBytes.forEach((byte, code) => {
  codes[byte] = code;
});
/** Byte → its place among the forbidden ones. */
const kindByByte = Int8Array.from({ length: 256 }, (_, byte) => kindOf(byte));

/** At most so many bytes become of a frame's content. */
export function stuffedLength(length: number): number {
  return length + 1 + Math.floor(length / longestRun);
}

/**
 * Writes the bytes so that no forbidden one is left (COBS, for four bytes at once): blocks of a code byte and up to 62
 * bytes as they are. The code says how many, and which forbidden byte follows them, if any. As if a 0x00 followed the
 * last. Returns where the output ends.
 */
export function stuff(bytes: Uint8Array, output: Uint8Array, offset: number): number {
  let codeAt = offset;
  let at = offset + 1;
  for (const byte of bytes) {
    const kind = kindByByte[byte] ?? none;
    if (kind === none) {
      output[at++] = byte;
      if (at - codeAt - 1 < longestRun) continue;
      output[codeAt] = codeBytes[fullBlockCode] ?? 0;
    } else {
      output[codeAt] = codeBytes[(at - codeAt - 1) * kinds + kind] ?? 0;
    }
    codeAt = at++;
  }
  output[codeAt] = codeBytes[(at - codeAt - 1) * kinds] ?? 0;
  return at;
}

/** The bytes that were stuffed, or undefined when these are not the output of `stuff`. */
export function unstuff(bytes: Uint8Array): Uint8Array | undefined {
  const output = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; ;) {
    const code = codes[bytes[at++] ?? delimiter] ?? 255;
    if (code > fullBlockCode) return undefined;
    const run = code >> 2;
    if (at + run > bytes.length) return undefined;
    for (const end = at + run; at < end; at++) {
      const byte = bytes[at] ?? 0;
      if (kindByByte[byte] !== none) return undefined;
      output[length++] = byte;
    }
    if (code === fullBlockCode) continue;
    // The last block's forbidden byte is the one that only seemed to follow.
    if (at === bytes.length) return (code & 3) === 0 ? output.subarray(0, length) : undefined;
    output[length++] = forbidden[code & 3] ?? 0;
  }
}

function kindOf(byte: number): number {
  return (forbidden as readonly number[]).indexOf(byte);
}
