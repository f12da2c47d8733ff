/** What clocks show in one place: for an instant, in seconds since 1970. */
export type TimeZone = (epochSeconds: number) => {
  /** Local time minus UTC. */
  readonly offsetSeconds: number;
  /** "CET", for %Z. */
  readonly abbreviation: string;
};

/** UTC, always. */
export const utc: TimeZone = () => ({ offsetSeconds: 0, abbreviation: "UTC" });

const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/**
 * Formats instants, in nanoseconds since 1970, as C's strftime does in its "C" locale; `%f` gives microseconds. The text
 * of the last second is kept, since a trace asks for many instants of the same one.
 */
export function createTimeFormatter(
  format: string,
  timeZone: TimeZone,
): (epochNanoseconds: bigint) => string {
  const pieces = splitAtMicroseconds(format);
  let second: number | undefined;
  let texts: readonly string[] = [];
  return (epochNanoseconds) => {
    const { seconds, nanoseconds } = splitNanoseconds(epochNanoseconds);
    if (seconds !== second) {
      const time = breakDown(seconds, timeZone);
      texts = pieces.map((piece) => expand(piece, time));
      second = seconds;
    }
    if (texts.length === 1) return texts[0] ?? "";
    return texts.join(pad(Math.floor(nanoseconds / 1000), 6));
  };
}

interface BrokenDownTime {
  readonly epochSeconds: number;
  readonly offsetSeconds: number;
  readonly zone: string;
  readonly year: number;
  /** From 0. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0: Sunday. */
  readonly weekday: number;
  /** From 0. */
  readonly dayOfYear: number;
}

/** The parts of a format between its "%f"s. */
function splitAtMicroseconds(format: string): readonly string[] {
  const pieces: string[] = [];
  let piece = "";
  for (let at = 0; at < format.length; at++) {
    const two = format.slice(at, at + 2);
    if (two === "%f") {
      pieces.push(piece);
      piece = "";
      at++;
    } else if (two.startsWith("%") && two.length === 2) {
      piece += two;
      at++;
    } else {
      piece += two.charAt(0);
    }
  }
  return [...pieces, piece];
}

function splitNanoseconds(epochNanoseconds: bigint): { seconds: number; nanoseconds: number } {
  const remainder = epochNanoseconds % 1_000_000_000n;
  const nanoseconds = remainder < 0n ? remainder + 1_000_000_000n : remainder;
  // A 64-bit count of nanoseconds has fewer than 2^35 seconds.
  const seconds = Number((epochNanoseconds - nanoseconds) / 1_000_000_000n);
  return { seconds, nanoseconds: Number(nanoseconds) };
}

function breakDown(epochSeconds: number, timeZone: TimeZone): BrokenDownTime {
  const { offsetSeconds, abbreviation } = timeZone(epochSeconds);
  const local = epochSeconds + offsetSeconds;
  const days = Math.floor(local / 86_400);
  const secondOfDay = local - days * 86_400;
  const { year, month, day } = civilFromDays(days);
  return {
    epochSeconds,
    offsetSeconds,
    zone: abbreviation,
    year,
    month,
    day,
    hour: Math.floor(secondOfDay / 3600),
    minute: Math.floor(secondOfDay / 60) % 60,
    second: secondOfDay % 60,
    weekday: (((days + 4) % 7) + 7) % 7,
    dayOfYear: days - daysFromCivil(year, 0, 1),
  };
}

/** Gregorian date of a day counted from 1970-01-01, by 400-year eras that begin in March. */
function civilFromDays(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = (marchMonth + 2) % 12;
  return { year: yearOfEra + era * 400 + (month < 2 ? 1 : 0), month, day };
}

function daysFromCivil(year: number, month: number, day: number): number {
  const marchYear = month < 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 10) % 12) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** Conversions that stand for others. */
const composites: Readonly<Record<string, string>> = {
  c: "%a %b %e %H:%M:%S %Y",
  D: "%m/%d/%y",
  F: "%Y-%m-%d",
  h: "%b",
  R: "%H:%M",
  r: "%I:%M:%S %p",
  T: "%H:%M:%S",
  X: "%H:%M:%S",
  x: "%m/%d/%y",
};

const conversions: Readonly<Record<string, (time: BrokenDownTime) => string>> = {
  a: (time) => weekdays[time.weekday]?.slice(0, 3) ?? "",
  A: (time) => weekdays[time.weekday] ?? "",
  b: (time) => months[time.month]?.slice(0, 3) ?? "",
  B: (time) => months[time.month] ?? "",
  C: (time) => pad(Math.floor(time.year / 100), 2),
  d: (time) => pad(time.day, 2),
  e: (time) => String(time.day).padStart(2),
  G: (time) => String(isoWeek(time).year),
  g: (time) => pad(isoWeek(time).year % 100, 2),
  H: (time) => pad(time.hour, 2),
  I: (time) => pad(hourOfHalfDay(time), 2),
  j: (time) => pad(time.dayOfYear + 1, 3),
  k: (time) => String(time.hour).padStart(2),
  l: (time) => String(hourOfHalfDay(time)).padStart(2),
  M: (time) => pad(time.minute, 2),
  m: (time) => pad(time.month + 1, 2),
  n: () => "\n",
  P: (time) => (time.hour < 12 ? "am" : "pm"),
  p: (time) => (time.hour < 12 ? "AM" : "PM"),
  S: (time) => pad(time.second, 2),
  s: (time) => String(time.epochSeconds),
  t: () => "\t",
  U: (time) => pad(Math.floor((time.dayOfYear + 7 - time.weekday) / 7), 2),
  u: (time) => String(time.weekday === 0 ? 7 : time.weekday),
  V: (time) => pad(isoWeek(time).week, 2),
  W: (time) => pad(Math.floor((time.dayOfYear + 7 - ((time.weekday + 6) % 7)) / 7), 2),
  w: (time) => String(time.weekday),
  Y: (time) => String(time.year),
  y: (time) => pad(((time.year % 100) + 100) % 100, 2),
  Z: (time) => time.zone,
  z: (time) => formatOffset(time.offsetSeconds),
  "%": () => "%",
};

function expand(format: string, time: BrokenDownTime): string {
  return format.replace(/%(.)/gsu, (whole, letter: string) => {
    const composite = composites[letter];
    if (composite !== undefined) return expand(composite, time);
    // An unknown conversion is left as it stands, as glibc does.
    return conversions[letter]?.(time) ?? whole;
  });
}

function hourOfHalfDay(time: BrokenDownTime): number {
  return time.hour % 12 === 0 ? 12 : time.hour % 12;
}

/** ISO 8601: a week belongs to the year that has its Thursday. */
function isoWeek(time: BrokenDownTime): { year: number; week: number } {
  const daysSinceMonday = (time.weekday + 6) % 7;
  const thursday = daysFromCivil(time.year, time.month, time.day) - daysSinceMonday + 3;
  const { year } = civilFromDays(thursday);
  return { year, week: Math.floor((thursday - daysFromCivil(year, 0, 1)) / 7) + 1 };
}

function formatOffset(offsetSeconds: number): string {
  const minutes = Math.floor(Math.abs(offsetSeconds) / 60);
  const sign = offsetSeconds < 0 ? "-" : "+";
  return `${sign}${pad(Math.floor(minutes / 60), 2)}${pad(minutes % 60, 2)}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
