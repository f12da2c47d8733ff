/** What of the platform's AbortSignal a request needs; any AbortSignal is one. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** A signal and the means to set it, for engines that have no AbortController. */
export class CancelSource {
  readonly signal: CancelSignal;
  readonly #listeners = new Set<() => void>();
  #isCancelled = false;

  constructor() {
    const isCancelled = (): boolean => this.#isCancelled;
    const listeners = this.#listeners;
    this.signal = {
      get aborted(): boolean {
        return isCancelled();
      },
      addEventListener: (_type, listener): void => {
        listeners.add(listener);
      },
      removeEventListener: (_type, listener): void => {
        listeners.delete(listener);
      },
    };
  }

  /** Tells every listener, once. */
  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }
}
