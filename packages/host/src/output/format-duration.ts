/** From the smallest: the unit's nanoseconds, and up to how many of them it is used. */
const units: readonly (readonly [name: string, nanoseconds: number, limit: number])[] = [
  ["µs", 1e3, 1000],
  ["ms", 1e6, 1000],
  ["s", 1e9, 120],
  ["min", 60e9, 120],
  ["h", 3600e9, 48],
  ["days", 86_400e9, 730],
];
const year = 365.25 * 86_400e9;

/** A length of time in one unit, with two or three digits: "0.35 ms" is "350 µs", two days and a bit "2.1 days". */
export function formatDuration(nanoseconds: bigint): string {
  const length = Math.abs(Number(nanoseconds));
  const unit = units.find(([, size, limit]) => length < size * limit);
  if (unit === undefined) return `${digits(length / year)} years`;
  return `${digits(length / unit[1])} ${unit[0]}`;
}

function digits(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}
