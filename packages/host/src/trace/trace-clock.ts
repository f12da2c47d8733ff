import { formatDuration } from "../output/format-duration.js";
import { type ClockReport, type TargetClock } from "../session/target-clock.js";
import { type TargetDescription } from "../spec/target-description.js";

/** Whose wall clock a trace's times are of: "auto" takes the target's unless it is evidently wrong. */
export type ClockChoice = "host" | "target" | "auto";

/** What wall-clock times of a trace are made with. */
export interface TraceClock {
  /** Added to the target's clocks, in nanoseconds: strftime(). They change as more becomes known. */
  readonly realtimeMinusBoottime: bigint;
  readonly realtimeMinusMonotonic: bigint;
  /** Nanoseconds since 1970: time(). */
  now(): bigint;
}

/** Two clocks that are set from a network differ by less. */
const evidentNanoseconds = 1_000_000_000n;

/** Makes a trace's clock from what is known of the target's. */
export function createTraceClock(
  choice: ClockChoice,
  description: TargetDescription,
  clock: TargetClock,
): TraceClock {
  const now = (): bigint => BigInt(Date.now()) * 1_000_000n;
  const { realtimeMinusBoottime, realtimeMinusMonotonic } = description;
  const ofTarget = { realtimeMinusBoottime, realtimeMinusMonotonic };
  switch (choice) {
    case "host":
      return {
        get realtimeMinusBoottime() {
          return clock.hostMinusBoottime;
        },
        get realtimeMinusMonotonic() {
          return clock.hostMinusMonotonic;
        },
        now,
      };
    case "target":
      return { ...ofTarget, now: () => now() + clock.report.aheadNanoseconds };
    case "auto":
      return isEvidentlyWrong(clock.report)
        ? createTraceClock("host", description, clock)
        : { ...ofTarget, now };
  }
}

/** Whether no one would want times of this clock. */
export function isEvidentlyWrong({ aheadNanoseconds, boundNanoseconds }: ClockReport): boolean {
  const distance = aheadNanoseconds < 0n ? -aheadNanoseconds : aheadNanoseconds;
  return distance > evidentNanoseconds + boundNanoseconds;
}

/** As "2.1 days behind this machine's (± 0.3 ms)". */
export function formatClockDifference({ aheadNanoseconds, boundNanoseconds }: ClockReport): string {
  const direction = aheadNanoseconds < 0n ? "behind" : "ahead of";
  return `${formatDuration(aheadNanoseconds)} ${direction} this machine's (± ${formatDuration(boundNanoseconds)})`;
}
