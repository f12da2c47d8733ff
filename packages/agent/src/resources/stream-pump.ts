import { type CpuBudget } from "./cpu-budget.js";
import { type System, type Timer, type Watch } from "../system/system.js";

/** How far a drain came. */
export type DrainOutcome =
  /** There was nothing to send. */
  | "empty"
  /** All has been sent. */
  | "sent"
  /** Records are being written that are not complete yet. */
  | "incomplete"
  /** The host must acknowledge first. */
  | "credit"
  /** The link must take what is queued first. */
  | "queue";

export interface StreamPumpOptions {
  readonly system: System;
  /** Readable while there is something to read. */
  readonly descriptors: readonly number[];
  /** How long to gather events after the first. */
  readonly gatherMilliseconds: number;
  /** Set: look this often even when nothing woke us, because the kernel wakes only at a watermark. */
  readonly flushMilliseconds?: number;
  /** Without one it is drained as soon as there is something. */
  readonly budget?: CpuBudget | undefined;
  /** Sends what can be sent. */
  readonly drain: () => DrainOutcome;
  /** Whether the host has yet to acknowledge some. */
  readonly hasUnacknowledged: () => boolean;
}

/** While something is on its way the kernel's descriptor says nothing new, so we look; ever more seldom, up to this. */
const slowestLookMilliseconds = 20;

/**
 * Decides when a stream is drained. Idle, it waits for the descriptor and costs nothing. Woken, it gathers for a while.
 * As long as the host has not acknowledged all, the descriptor stays readable (a ring's poll compares the producer's
 * position with the consumer's, which moves on acknowledgement) and the kernel sends no wake-ups: so it looks by timer.
 */
export class StreamPump {
  readonly #options: StreamPumpOptions;
  #watches: Watch[] = [];
  #isWatching = false;
  #timer: Timer | undefined;
  #lookMilliseconds: number;
  #waitsForCredit = false;
  #isClosed = false;

  constructor(options: StreamPumpOptions) {
    this.#options = options;
    this.#lookMilliseconds = this.#shortestLook;
  }

  start(): void {
    const { system, descriptors } = this.#options;
    const onReadable = (): void => {
      this.#gather();
    };
    this.#watches = descriptors.map((fd) => system.watch(fd, onReadable));
    this.#isWatching = true;
    this.#armFlush();
  }

  /** Drains now, whatever it was waiting for, unless that would cost more than is to be spent. */
  pump(): void {
    if (this.#isClosed) return;
    this.#cancelTimer();
    this.#pause();
    const delay = this.#options.budget?.delayMilliseconds ?? 0;
    if (delay > 0) {
      this.#arm(delay);
      return;
    }
    this.#settle(this.#options.drain());
  }

  /** The host has acknowledged some. */
  acknowledged(): void {
    if (this.#isClosed) return;
    if (this.#waitsForCredit) {
      this.pump();
    } else if (!this.#options.hasUnacknowledged() && this.#timer !== undefined) {
      // All has arrived: what came meanwhile is gathered from now on, as if it were the first.
      this.#lookMilliseconds = this.#shortestLook;
      this.#cancelTimer();
      this.#arm(this.#shortestLook);
    }
  }

  /** Calls nothing any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    for (const watch of this.#watches) watch.close();
    this.#watches = [];
  }

  get #shortestLook(): number {
    return Math.max(1, this.#options.gatherMilliseconds);
  }

  #gather(): void {
    if (this.#isClosed) return;
    this.#pause();
    this.#cancelTimer();
    if (this.#options.gatherMilliseconds === 0) this.pump();
    else this.#arm(this.#options.gatherMilliseconds);
  }

  #settle(outcome: DrainOutcome): void {
    if (this.#isClosed) return;
    this.#waitsForCredit = outcome === "credit";
    switch (outcome) {
      case "credit":
        return;
      case "queue":
      case "incomplete":
        this.#arm(this.#shortestLook);
        return;
      case "sent":
        this.#lookMilliseconds = this.#shortestLook;
        this.#look();
        return;
      case "empty":
        if (this.#options.hasUnacknowledged()) this.#look();
        else this.#watch();
    }
  }

  #look(): void {
    this.#arm(this.#lookMilliseconds);
    this.#lookMilliseconds = Math.min(
      Math.max(slowestLookMilliseconds, this.#shortestLook),
      this.#lookMilliseconds * 2,
    );
  }

  #watch(): void {
    this.#lookMilliseconds = this.#shortestLook;
    this.#isWatching = true;
    for (const watch of this.#watches) watch.resume();
    this.#armFlush();
  }

  #pause(): void {
    if (!this.#isWatching) return;
    this.#isWatching = false;
    for (const watch of this.#watches) watch.pause();
  }

  #armFlush(): void {
    const { flushMilliseconds } = this.#options;
    if (flushMilliseconds !== undefined) this.#arm(flushMilliseconds);
  }

  #arm(milliseconds: number): void {
    this.#timer = this.#options.system.after(milliseconds, () => {
      this.#timer = undefined;
      this.pump();
    });
  }

  #cancelTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
