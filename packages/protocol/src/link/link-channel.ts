import { type MessageChannel } from "../channel.js";
import { isStreamMessage } from "../stream.js";
import { type Clock, type Line } from "./line.js";
import { type LinkRole } from "./frame.js";
import { Link, type LinkReport } from "./link.js";
import { type LinkEnd } from "./link-state.js";

export interface LinkEndpointOptions {
  readonly role: LinkRole;
  readonly baud: number;
  readonly line: Line;
  readonly clock: Clock;
  readonly randomU32: () => number;
  readonly silenceMilliseconds: number;
  /** Of a connection's messages; a longer one ends it. */
  readonly messageLimitBytes: number;
  /** A connection with the other side has begun. Sets the channel's handlers before it returns. */
  readonly onChannel: (channel: LineChannel) => void;
  /** A host's attempt came to nothing: the agent refused, or the line has gone. */
  readonly onRefused?: (end: LinkEnd) => void;
}

/** One connection over a line. */
export interface LineChannel extends MessageChannel {
  /** How long a message may be from now on, now that the other side is known. */
  limitMessages(limitBytes: number): void;
}

/** Nothing is due for longer than that; and a timer of Node takes no more. */
const longestSleepMilliseconds = 60_000;

/**
 * Runs a link over a line: a message channel for each connection with the other side. A host has one, an agent one after
 * the other. Replies overtake stream messages; within each kind the order stays.
 */
export class LinkEndpoint {
  readonly #options: LinkEndpointOptions;
  readonly #link: Link;
  #channel: LinkChannel | undefined;
  #timer: { cancel(): void } | undefined;
  #isBusy = false;
  #isClosed = false;

  constructor(options: LinkEndpointOptions) {
    this.#options = options;
    this.#link = new Link(
      {
        ...options,
        onOpen: () => {
          this.#channel = new LinkChannel(this.#link, options.clock, () => {
            this.#run();
          });
          options.onChannel(this.#channel);
        },
        onMessage: (message) => {
          this.#channel?.receive(message);
        },
        onEnd: (end) => {
          const channel = this.#channel;
          this.#channel = undefined;
          if (channel === undefined) options.onRefused?.(end);
          else channel.ended(end.reason);
        },
      },
      options.clock.now(),
    );
  }

  /** Begins: a host looks for its agent. */
  start(): void {
    this.#run();
  }

  /** Takes bytes that came over the line. */
  receive(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    // What the handlers send goes out when all has been taken in.
    this.#isBusy = true;
    this.#link.receive(bytes, this.#options.clock.now());
    this.#isBusy = false;
    this.#run();
  }

  /** The line has gone; nothing is called after the channel's end. Idempotent. */
  lineLost(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#link.lineLost(reason, this.#options.clock.now());
  }

  report(): LinkReport {
    return this.#link.report();
  }

  #run(): void {
    if (this.#isBusy || this.#isClosed) return;
    this.#isBusy = true;
    const { clock, line } = this.#options;
    const now = clock.now();
    const { output, wakeAt } = this.#link.poll(now, line.outsideBytes());
    for (const bytes of output) line.write(bytes);
    this.#isBusy = false;
    this.#timer?.cancel();
    if (wakeAt === Infinity) return;
    const sleep = Math.min(longestSleepMilliseconds, Math.max(1, Math.ceil(wakeAt - now)));
    this.#timer = clock.after(sleep, () => {
      this.#run();
    });
  }
}

class LinkChannel implements LineChannel {
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #wake: () => void;
  #onMessage: (message: Uint8Array) => void = () => undefined;
  #onClose: (reason: string) => void = () => undefined;
  #state: "open" | "closing" | "closed" = "open";

  constructor(link: Link, clock: Clock, wake: () => void) {
    this.#link = link;
    this.#clock = clock;
    this.#wake = wake;
  }

  get queuedBytes(): number {
    return this.#state === "closed" ? 0 : this.#link.queuedBytes;
  }

  get bytesPerSecond(): number {
    return this.#link.bytesPerSecond;
  }

  /** `onSent` comes once the other side has the message: until then its bytes may have to be sent again. */
  send(message: Uint8Array, onSent?: () => void): void {
    if (this.#state !== "open") return;
    const priority = isStreamMessage(message) ? "stream" : "control";
    this.#link.send(message, priority, onSent);
    this.#wake();
  }

  limitMessages(limitBytes: number): void {
    if (this.#state === "open") this.#link.limitMessages(limitBytes);
  }

  onMessage(handler: (message: Uint8Array) => void): void {
    this.#onMessage = handler;
  }

  onClose(handler: (reason: string) => void): void {
    this.#onClose = handler;
  }

  close(reason: string): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#link.close(reason, this.#clock.now());
    this.#wake();
  }

  receive(message: Uint8Array): void {
    if (this.#state === "open") this.#onMessage(message);
  }

  ended(reason: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#onClose(reason);
  }
}
