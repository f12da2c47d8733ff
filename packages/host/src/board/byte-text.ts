/** A way to write bytes as text that a board can read back. */
export interface ByteText {
  /** What the board's shell function D does with its first argument. */
  readonly decode: string;
  /** How many bytes make a line of some hundred characters: the shorter, the less is sent again. */
  readonly pieceSizeBytes: number;
  readonly encode: (bytes: Uint8Array) => string;
}

const base64 = { pieceSizeBytes: 360, encode: toBase64 };

/** By the name that the board gives to what it has, best first. */
export const byteTexts: Readonly<Record<string, ByteText>> = {
  base64: { ...base64, decode: 'printf %s "$1" | base64 -d' },
  openssl: { ...base64, decode: 'printf %s "$1" | openssl base64 -d -A' },
  uudecode: {
    ...base64,
    decode: `printf 'begin-base64 600 x\\n%s\\n====\\n' "$1" | uudecode -o /dev/stdout`,
  },
  // Every shell has it, built in.
  printf: { pieceSizeBytes: 120, encode: toEscapes, decode: 'printf "$1"' },
};

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** As printf reads it: what is neither letter nor digit in octal, and digits so that none follows an octal number. */
function toEscapes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z]/.test(character) ? character : `\\${byte.toString(8).padStart(3, "0")}`;
  }).join("");
}
