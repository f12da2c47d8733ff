/** Whether these bytes stand at a place. */
export function hasBytesAt(bytes: Uint8Array, start: number, part: Uint8Array): boolean {
  for (let at = 0; at < part.length; at++) {
    if (bytes[start + at] !== part[at]) return false;
  }
  return true;
}
