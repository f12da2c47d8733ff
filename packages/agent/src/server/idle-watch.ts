import { type System, type Timer } from "../system/system.js";

export interface IdleWatchOptions {
  readonly system: Pick<System, "after" | "now">;
  readonly idleSeconds: number;
  readonly isBusy: () => boolean;
  /** Called once, when nothing has been going on for so long (and up to a quarter longer). */
  readonly onIdle: () => void;
}

/** Looks now and then whether anything is going on, four times in the span after which it calls back. */
export class IdleWatch {
  readonly #options: IdleWatchOptions;
  #busyAt: number;
  #timer: Timer | undefined;

  constructor(options: IdleWatchOptions) {
    this.#options = options;
    this.#busyAt = options.system.now();
    this.#lookLater();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #lookLater(): void {
    const { system, idleSeconds } = this.#options;
    this.#timer = system.after((idleSeconds * 1000) / 4, () => {
      this.#look();
    });
  }

  #look(): void {
    const { system, idleSeconds, isBusy, onIdle } = this.#options;
    if (isBusy()) this.#busyAt = system.now();
    if (system.now() - this.#busyAt < idleSeconds * 1000) this.#lookLater();
    else onIdle();
  }
}
