import { type LinkEvent } from "../session/link-keeper.js";
import { onInterrupt } from "./interrupts.js";

const clearLine = "\r\u001b[K";

/** Where it is told, and whether that is a terminal, on which a line can be written anew. */
export interface StatusOutput {
  readonly isTTY: boolean;
  write(text: string): unknown;
}

/** Tells a person what becomes of a link that breaks. Ctrl-C meanwhile ends the waiting. */
export class LinkStatus {
  readonly #output: StatusOutput;
  readonly #giveUp: () => void;
  #timer: NodeJS.Timeout | undefined;
  #forgetInterrupt: () => void = () => undefined;

  constructor(output: StatusOutput, giveUp: () => void) {
    this.#output = output;
    this.#giveUp = giveUp;
  }

  tell(event: LinkEvent): void {
    switch (event.kind) {
      case "lost":
        this.#lost(event.reason, event.leaseSeconds);
        break;
      case "resumed":
        this.#endLine();
        this.#output.write(`resumed after ${event.seconds.toFixed(1)} s, ${event.lost} lost\n`);
        break;
      case "gone":
        // Whoever waits for the session says so.
        this.#endLine();
        break;
    }
  }

  #lost(reason: string, leaseSeconds: number): void {
    this.#forgetInterrupt = onInterrupt(this.#giveUp);
    if (!this.#output.isTTY) {
      this.#output.write(`link lost (${reason}), reconnecting for up to ${leaseSeconds} s\n`);
      return;
    }
    const since = performance.now();
    const tick = (): void => {
      const seconds = Math.round((performance.now() - since) / 1000);
      this.#output.write(
        `${clearLine}link lost (${reason}), reconnecting (${seconds} s of ${leaseSeconds} s)`,
      );
    };
    tick();
    this.#timer = setInterval(tick, 1000);
  }

  #endLine(): void {
    this.#forgetInterrupt();
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#output.write(clearLine);
  }
}
