import { createHash } from "node:crypto";

/** A way to compare bytes here with a file there. */
export interface Checksum {
  /** The program on the board, which reads its standard input and prints the sum first. */
  readonly tool: string;
  /** What it prints first for these bytes. */
  of(bytes: Uint8Array): string;
}

/** The best one first. */
const checksums: readonly Checksum[] = [
  { tool: "sha256sum", of: (bytes) => createHash("sha256").update(bytes).digest("hex") },
  { tool: "md5sum", of: (bytes) => createHash("md5").update(bytes).digest("hex") },
  { tool: "cksum", of: (bytes) => String(posixCksum(bytes)) },
];

/** The best that a board with these programs can do. */
export function chooseChecksum(tools: ReadonlySet<string>): Checksum | undefined {
  return checksums.find(({ tool }) => tools.has(tool));
}

let table: Uint32Array | undefined;

/** The CRC of cksum(1): polynomial 0x04C11DB7, highest bit first, then the length, all inverted. */
export function posixCksum(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index << 24;
    for (let bit = 0; bit < 8; bit++) value = (value << 1) ^ (value < 0 ? 0x04c1_1db7 : 0);
    return value;
  });
  let crc = 0;
  const take = (byte: number): void => {
    crc = (crc << 8) ^ (table?.[(crc >>> 24) ^ byte] ?? 0);
  };
  bytes.forEach(take);
  for (let length = bytes.length; length > 0; length = Math.floor(length / 256)) take(length % 256);
  return ~crc >>> 0;
}
