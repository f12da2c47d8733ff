import { type MessageChannel } from "@sonde/protocol";

/** The largest message taken from an agent: a whole map. */
export const maxMessageBytes = 512 * 1024 * 1024;

/** A message channel over a WebSocket. */
export interface WatchedChannel extends MessageChannel {
  /** From now on the link is given up when nothing has come for as long as is tolerated then; a sign of life is asked for before. */
  watch(toleratedMilliseconds: () => number): void;
}

/** Watches for silence on a link. */
export class SilenceWatch {
  #lastHeard = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `giveUp` is called when nothing has been heard for as long as is tolerated then, `askForLife` five times in that time. */
  start(
    toleratedMilliseconds: () => number,
    link: { readonly giveUp: (reason: string) => void; readonly askForLife: () => void },
  ): void {
    this.#lastHeard = performance.now();
    this.#timer = setInterval(() => {
      const silence = performance.now() - this.#lastHeard;
      if (silence >= toleratedMilliseconds()) {
        link.giveUp(`nothing came from the agent for ${Math.round(silence / 1000)} s`);
      } else link.askForLife();
    }, toleratedMilliseconds() / 5);
    this.#timer.unref();
  }

  /** Something has come. */
  heard(): void {
    if (this.#timer !== undefined) this.#lastHeard = performance.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
