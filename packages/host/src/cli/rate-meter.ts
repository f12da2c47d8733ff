/** What has come so far. */
export interface RateReading {
  /** Of a steady clock. */
  readonly milliseconds: number;
  readonly events: number;
  /** Over the link, of everything. */
  readonly bytes: number;
  /** Events that did not come. */
  readonly lost: bigint;
  /** For how long it was waited for the output to take more. */
  readonly blockedMilliseconds: number;
}

/** Why events are lost: in the end always because the target's buffer was full. */
type Cause = "line" | "output" | "burst";

const causes: Readonly<Record<Cause, string>> = {
  line: "the line is full",
  output: "the output takes no more",
  burst: "they came faster than they were taken",
};

/** Of a line's capacity, and of the time: what is more counts as all. */
const mostOfAll = 0.8;

/** Tells how fast events come, and what is lost and why, from one reading to the next. */
export class RateMeter {
  #last: RateReading;
  readonly #lost = new Map<Cause, bigint>();

  constructor(start: RateReading) {
    this.#last = start;
  }

  /** The line for people; `bytesPerSecond` is what the link carries, where that is known. */
  read(reading: RateReading, bytesPerSecond: number | undefined): string {
    const last = this.#last;
    this.#last = reading;
    const seconds = Math.max(1, reading.milliseconds - last.milliseconds) / 1000;
    const rate = (reading.bytes - last.bytes) / seconds;
    const share = bytesPerSecond === undefined ? undefined : rate / bytesPerSecond;
    const blocked = (reading.blockedMilliseconds - last.blockedMilliseconds) / 1000 / seconds;
    const lost = reading.lost - last.lost;
    if (lost > 0n) this.#count(causeOf(share, blocked), lost);
    const events = `${formatCount(Math.round((reading.events - last.events) / seconds))} events/s`;
    const ofLine = share === undefined ? "" : ` (${Math.round(share * 100)} % of the line)`;
    return `${events}, ${formatBytes(rate)}/s${ofLine}, ${this.#formatLost()}`;
  }

  #count(cause: Cause, lost: bigint): void {
    this.#lost.set(cause, (this.#lost.get(cause) ?? 0n) + lost);
  }

  #formatLost(): string {
    if (this.#lost.size === 0) return "nothing lost";
    const parts = [...this.#lost].map(
      ([cause, count]) => `${formatCount(count)} lost: ${causes[cause]}`,
    );
    return parts.join(", ");
  }
}

function causeOf(share: number | undefined, blocked: number): Cause {
  if (blocked >= mostOfAll) return "output";
  return share !== undefined && share >= mostOfAll ? "line" : "burst";
}

/** With commas between thousands. */
function formatCount(count: number | bigint): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  if (bytes < 1e6) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
