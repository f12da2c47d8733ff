/** Slower lines are asked for what a program needs, faster ones for everything at once: 5 MB then take 5 s at most. */
const slowBytesPerSecond = 1_000_000;

/** Whether a line is known to be slow; one that does not say how fast it is counts as fast. */
export function isSlowLine(line: { readonly bytesPerSecond?: number }): boolean {
  return line.bytesPerSecond !== undefined && line.bytesPerSecond < slowBytesPerSecond;
}
