import { type Epoll, EPOLLIN } from "../epoll.js";
import { type Timer, type Watch } from "../system.js";
import { TimerQueue } from "./timer-queue.js";

/** epoll_pwait(2) takes an int. */
const longestWaitMilliseconds = 2 ** 31 - 1;

/** What epoll answers for a descriptor that is always ready; the same number on every processor. */
const EPERM = 1;

/** A descriptor that cannot be waited for: it is closed, or the kernel has no room for one more. */
class WatchError extends Error {
  override readonly name = "WatchError";
}

/** What is waited for, and who hears of it. */
export class EventLoop {
  readonly #epoll: Epoll;
  readonly #now: () => number;
  readonly #timers = new TimerQueue();
  readonly #watches = new Map<number, () => void>();
  /** Those that cannot be waited for, and are always readable: a regular file, /dev/null. */
  readonly #alwaysReadable = new Set<number>();
  #lastId = 0;

  /** `now` gives milliseconds on a monotonic clock. */
  constructor(epoll: Epoll, now: () => number) {
    this.#epoll = epoll;
    this.#now = now;
  }

  after(milliseconds: number, callback: () => void): Timer {
    return this.#timers.add(this.#now() + milliseconds, callback);
  }

  watch(fd: number, onReadable: () => void): Watch {
    let state: "watching" | "paused" | "closed" = "paused";
    let id = 0;
    const start = (): void => {
      if (state !== "paused") return;
      state = "watching";
      id = this.#start(fd, onReadable);
    };
    const stop = (next: "paused" | "closed"): void => {
      if (state === "watching") this.#stop(fd, id);
      if (state !== "closed") state = next;
    };
    start();
    return {
      pause: () => {
        stop("paused");
      },
      resume: start,
      close: () => {
        stop("closed");
      },
    };
  }

  /**
   * Waits until something happens, and calls back for all that has happened. What a callback asks for after 0 ms comes
   * with the next tick: the engine's jobs have run by then.
   */
  tick(): void {
    const ready = this.#epoll.wait(this.#timeoutMilliseconds());
    this.#timers.run(this.#now());
    for (const id of ready) this.#watches.get(id)?.();
    for (const id of this.#alwaysReadable) this.#watches.get(id)?.();
  }

  /** A number of its own for each start: what was reported of a descriptor before is not mistaken for another's. */
  #start(fd: number, onReadable: () => void): number {
    const id = (this.#lastId + 1) >>> 0;
    this.#lastId = id;
    this.#watches.set(id, onReadable);
    const result = this.#epoll.add(fd, EPOLLIN, id);
    if (result === -EPERM) this.#alwaysReadable.add(id);
    else if (result < 0) throw new WatchError(`wait for descriptor ${fd}: errno ${-result}`);
    return id;
  }

  #stop(fd: number, id: number): void {
    this.#watches.delete(id);
    if (!this.#alwaysReadable.delete(id)) this.#epoll.remove(fd);
  }

  #timeoutMilliseconds(): number {
    if (this.#alwaysReadable.size > 0) return 0;
    const nextDueAt = this.#timers.nextDueAt;
    if (nextDueAt === undefined) return -1;
    const rest = Math.ceil(nextDueAt - this.#now());
    return Math.min(Math.max(rest, 0), longestWaitMilliseconds);
  }
}
