import { expandLzma2 } from "./lzma2.js";
import { OutputWindow } from "./output-window.js";
import { XzError } from "./xz-error.js";

// The .xz file format (xz-file-format.txt of XZ Utils): a header of 12 bytes, blocks, an index that a byte of 0 begins.
const magic = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0];
const headerSizeBytes = 12;
const lzma2Filter = 0x21;
const blockFlags = { filters: 3, hasPackedSize: 0x40, hasSize: 0x80, reserved: 0x3c } as const;
/** Of the check behind each block, by its kind. */
const checkSizes = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

/**
 * Expands the blocks of an .xz stream that LZMA2 alone made, as `xz` does when it is not told otherwise; up to a limit. Damage
 * is noticed by the range coder's state and the sizes; the checksums are not looked at. Throws XzError.
 */
export function expandXz(bytes: Uint8Array, mostBytes: number): Uint8Array {
  if (magic.some((byte, at) => bytes[at] !== byte) || bytes.length < headerSizeBytes) {
    throw new XzError("it does not begin as an .xz stream does");
  }
  const kind = bytes[7] ?? 0;
  const checkSizeBytes = checkSizes[kind];
  if (bytes[6] !== 0 || checkSizeBytes === undefined) throw new XzError("it has an unknown check");
  const output = new OutputWindow(mostBytes);
  for (let at = headerSizeBytes; ;) {
    const size = bytes[at];
    if (size === undefined) throw new XzError("it ends before its index");
    if (size === 0) return output.bytes();
    const headerEnd = at + (size + 1) * 4;
    if (headerEnd > bytes.length) throw new XzError("it ends within a block's header");
    requireLzma2(bytes.subarray(at, headerEnd - 4));
    const end = expandLzma2(bytes, headerEnd, output);
    at = headerEnd + Math.ceil((end - headerEnd) / 4) * 4 + checkSizeBytes;
  }
}

/** A block's header: its size, flags, sizes if the flags say so, then for each filter its number and properties. */
function requireLzma2(header: Uint8Array): void {
  const flags = header[1] ?? 0;
  const isKnown = (flags & blockFlags.reserved) === 0 && (flags & blockFlags.filters) === 0;
  let at = 2;
  // 7 bits a byte, the lowest first; the highest bit says that more come.
  const skipNumber = (): void => {
    while (((header[at++] ?? 0) & 0x80) !== 0);
  };
  if ((flags & blockFlags.hasPackedSize) !== 0) skipNumber();
  if ((flags & blockFlags.hasSize) !== 0) skipNumber();
  if (!isKnown || header[at] !== lzma2Filter) throw new XzError("it uses other filters than LZMA2");
}
