import { type LinkEvent } from "../session/link-keeper.js";
import { onInterrupt } from "./interrupts.js";
import { printable } from "./printable.js";
import { type StatusLine } from "./status-line.js";

/** Tells a person what becomes of a link that breaks. Ctrl-C meanwhile ends the waiting. */
export class LinkStatus {
  readonly #line: StatusLine;
  readonly #giveUp: () => void;
  #timer: NodeJS.Timeout | undefined;
  #forgetInterrupt: () => void = () => undefined;

  constructor(line: StatusLine, giveUp: () => void) {
    this.#line = line;
    this.#giveUp = giveUp;
  }

  tell(event: LinkEvent): void {
    switch (event.kind) {
      case "lost":
        this.#lost(event.reason, event.leaseSeconds);
        break;
      case "resumed":
        this.#endLine();
        this.#line.print(`resumed after ${event.seconds.toFixed(1)} s, ${event.lost} lost\n`);
        break;
      case "gone":
        // Whoever waits for the session says so.
        this.#endLine();
        break;
    }
  }

  #lost(said: string, leaseSeconds: number): void {
    // Anyone in between can give a reason.
    const reason = printable(said);
    this.#forgetInterrupt = onInterrupt(this.#giveUp);
    if (!this.#line.isLive) {
      this.#line.print(`link lost (${reason}), reconnecting for up to ${leaseSeconds} s\n`);
      return;
    }
    const since = performance.now();
    const tick = (): void => {
      const seconds = Math.round((performance.now() - since) / 1000);
      this.#line.show(
        "link",
        `link lost (${reason}), reconnecting (${seconds} s of ${leaseSeconds} s)`,
      );
    };
    tick();
    this.#timer = setInterval(tick, 1000);
  }

  #endLine(): void {
    this.#forgetInterrupt();
    clearInterval(this.#timer);
    this.#line.clear("link");
  }
}
