const firstDelayMilliseconds = 500;
const longestDelayMilliseconds = 8000;
const forgottenAfterMilliseconds = 600_000;
const addressLimit = 1024;

interface Failures {
  readonly count: number;
  readonly lastAt: number;
}

/** Makes whoever offers wrong keys wait: twice as long after each failure, up to 8 s. In bounded memory. */
export class AuthenticationThrottle {
  readonly #now: () => number;
  /** The least recently failed first. */
  readonly #failures = new Map<string, Failures>();

  /** `now` gives milliseconds on a monotonic clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  recordFailure(address: string): void {
    const count = (this.#recent(address)?.count ?? 0) + 1;
    this.#failures.delete(address);
    this.#failures.set(address, { count, lastAt: this.#now() });
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= addressLimit) break;
      this.#failures.delete(oldest);
    }
  }

  /** How long the next connection from there is kept waiting. */
  delayMilliseconds(address: string): number {
    const failures = this.#recent(address);
    if (failures === undefined) return 0;
    const delay = firstDelayMilliseconds * 2 ** Math.min(failures.count - 1, 30);
    return Math.min(delay, longestDelayMilliseconds);
  }

  #recent(address: string): Failures | undefined {
    const failures = this.#failures.get(address);
    if (failures === undefined) return undefined;
    return this.#now() - failures.lastAt < forgottenAfterMilliseconds ? failures : undefined;
  }
}
