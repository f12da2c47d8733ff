import { type Timer } from "../system.js";

interface Entry {
  readonly dueAt: number;
  readonly callback: () => void;
}

/** Callbacks in the order of their times. There are few at any time: looking at each of them costs less than keeping order. */
export class TimerQueue {
  readonly #entries = new Set<Entry>();

  /** Times are in milliseconds, on any one clock. */
  add(dueAt: number, callback: () => void): Timer {
    const entry = { dueAt, callback };
    this.#entries.add(entry);
    return {
      cancel: () => {
        this.#entries.delete(entry);
      },
    };
  }

  /** When the next callback is due; undefined without any. */
  get nextDueAt(): number | undefined {
    let next: number | undefined;
    for (const { dueAt } of this.#entries) {
      if (next === undefined || dueAt < next) next = dueAt;
    }
    return next;
  }

  /** Calls what is due, each once, the oldest first; not what those callbacks add. */
  run(now: number): void {
    const due = [...this.#entries].filter(({ dueAt }) => dueAt <= now);
    due.sort((one, other) => one.dueAt - other.dueAt);
    for (const entry of due) {
      // One of them may have cancelled another.
      if (this.#entries.delete(entry)) entry.callback();
    }
  }
}
