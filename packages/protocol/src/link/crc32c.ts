import { lazily } from "../lazily.js";

/** CRC-32C (Castagnoli), reflected: the polynomial 0x1EDC6F41 with its bits reversed. */
const polynomial = 0x82f6_3b78;

const remainders = lazily(() =>
  Int32Array.from({ length: 256 }, (_, index) => {
    let remainder = index;
    for (let bit = 0; bit < 8; bit++) {
      remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ polynomial : remainder >>> 1;
    }
    return remainder;
  }),
);

/** The CRC-32C of the bytes as an unsigned number; a `seed` other than 0 (a CRC before them) goes on from there. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  const table = remainders();
  let crc = ~seed;
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0);
  return ~crc >>> 0;
}
