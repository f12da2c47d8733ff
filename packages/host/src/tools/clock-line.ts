/** "13:05:59\n": the time of day here. */
export function clockLine(nanoseconds: bigint): string {
  return `${clockText(nanoseconds)}\n`;
}

export function clockText(nanoseconds: bigint): string {
  return new Date(Number(nanoseconds / 1_000_000n)).toTimeString().slice(0, 8);
}
