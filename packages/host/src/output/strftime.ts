/** What clocks show in one place: for an instant, in seconds since 1970. */
export type TimeZone = (epochSeconds: number) => {
  /** Local time minus UTC. */
  readonly offsetSeconds: number;
  /** "CET", for %Z. */
  readonly abbreviation: string;
};

/** UTC, always. */
export const utc: TimeZone = () => ({ offsetSeconds: 0, abbreviation: "UTC" });
