import { Sha256, sha256, sha256BlockSizeBytes } from "./sha256.js";

/** HMAC-SHA-256 (RFC 2104) of the parts, one after the other: 32 bytes. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const block = new Uint8Array(sha256BlockSizeBytes);
  block.set(key.length > sha256BlockSizeBytes ? sha256(key) : key);
  const inner = new Sha256().update(block.map((byte) => byte ^ 0x36));
  for (const part of parts) inner.update(part);
  return new Sha256()
    .update(block.map((byte) => byte ^ 0x5c))
    .update(inner.digest())
    .digest();
}

/** Whether two MACs are the same, in a time that does not tell where they differ. */
export function areMacsEqual(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index++) {
    difference |= (left[index] ?? 0) ^ (right[index] ?? 0);
  }
  return difference === 0;
}
