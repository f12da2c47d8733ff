import { UsageError } from "./exit-code.js";

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
/** What agents take. */
const longestSeconds = 14 * 86_400;

/** Seconds of "90s", "10m", "8h" or "7d". Throws UsageError. */
export function parseDuration(text: string): number {
  const [, digits = "0", unit = ""] = /^(\d{1,7})([smhd])$/.exec(text) ?? [];
  const seconds = Number(digits) * (unitSeconds[unit] ?? 0);
  if (seconds > 0 && seconds <= longestSeconds) return seconds;
  throw new UsageError(`${text}: expected a duration of 14d at most, as 90s, 10m, 8h or 7d`);
}
