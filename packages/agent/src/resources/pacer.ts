import { CancelledError } from "../kernel/errors.js";
import { type System } from "../system/system.js";

/** Work that takes longer than this lets others have a turn. */
const turnMilliseconds = 20;

/** Breaks long work into turns, so that the agent goes on serving others, and ends it when nobody wants it any more. */
export class Pacer {
  readonly #system: System;
  readonly #isWanted: () => boolean;
  #turnEnds: number;

  constructor(system: System, isWanted: () => boolean) {
    this.#system = system;
    this.#isWanted = isWanted;
    this.#turnEnds = system.now() + turnMilliseconds;
  }

  /** Where the work may pause: what it holds may be closed meanwhile, and then this throws CancelledError. */
  async pause(): Promise<void> {
    if (this.#system.now() >= this.#turnEnds) {
      await delay(this.#system, 0);
      this.#turnEnds = this.#system.now() + turnMilliseconds;
    }
    if (!this.#isWanted()) throw new CancelledError("cancelled, or the session has ended");
  }
}

/** Resolves after so many milliseconds. */
export function delay(system: System, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    system.after(milliseconds, resolve);
  });
}
