/** A span of time in its two largest units: "3 d 4 h", "5 min 10 s", "7 s". */
export function formatAge(milliseconds: bigint): string {
  const seconds = milliseconds / 1000n;
  const units = [
    [seconds / 86_400n, "d"],
    [(seconds / 3600n) % 24n, "h"],
    [(seconds / 60n) % 60n, "min"],
    [seconds % 60n, "s"],
  ] as const;
  const first = units.findIndex(([count]) => count > 0n);
  if (first < 0) return "0 s";
  const shown = units.slice(first, first + 2).filter(([count]) => count > 0n);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(" ");
}
