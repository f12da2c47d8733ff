/** Slower lines are asked for what a program needs, faster ones for everything at once: 5 MB then take 5 s at most. */
const slowBytesPerSecond = 1_000_000;

/** Whether a line is known to be slow; one that does not say how fast it is counts as fast. */
export function isSlowLine(line: { readonly bytesPerSecond?: number }): boolean {
  return line.bytesPerSecond !== undefined && line.bytesPerSecond < slowBytesPerSecond;
}

/** Of a file, asked for at a time: seconds of the line, so that a cancel is prompt and the board compresses it in no time. */
export const slowPieceBytes = 65_536;

/** Events of so much of a slow line's time may wait in the kernel, where the newest find no room when there are more. */
const waitingSeconds = 5;
/** For a few of the largest records. */
const smallestBufferBytes = 16_384;

/** The size of the kernel's buffer of events for a slow line, or `undefined`: what comes after a burst is seen soon, what the line cannot carry is counted. */
export function eventBufferBytes(line: { readonly bytesPerSecond?: number }): number | undefined {
  if (!isSlowLine(line) || line.bytesPerSecond === undefined) return undefined;
  return Math.max(smallestBufferBytes, line.bytesPerSecond * waitingSeconds);
}
