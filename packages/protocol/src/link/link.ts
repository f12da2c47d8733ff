import { type ConnectionCounts } from "./connection.js";
import { type Priority } from "./flight.js";
import { type NoiseReport } from "./line-noise.js";
import { LinkReceiver } from "./link-receiver.js";
import { LinkSender } from "./link-sender.js";
import { type LinkOptions, LinkState } from "./link-state.js";

export interface LinkReport extends NoiseReport, ConnectionCounts {
  readonly roundTripMilliseconds: number;
  /** Bytes that frames carry, as the losses of late say. */
  readonly payloadBytes: number;
}

/**
 * One end of a raw byte line: finds the other end in whatever state it is, and carries messages of two priorities each
 * way, whole, once and in order (within their priority). It does nothing by itself: bytes that came go in by `receive`,
 * bytes to send come out of `poll`, which also says when to call it again. Times are milliseconds of any steady clock.
 */
export class Link {
  readonly #state: LinkState;
  readonly #receiver: LinkReceiver;
  readonly #sender: LinkSender;

  constructor(options: LinkOptions, now: number) {
    this.#state = new LinkState(options, now);
    this.#receiver = new LinkReceiver(this.#state);
    this.#sender = new LinkSender(this.#state);
  }

  get isOpen(): boolean {
    return this.#state.current.kind === "open";
  }

  /** Of messages that have never been on the line. */
  get queuedBytes(): number {
    const { current } = this.#state;
    return current.kind === "open" ? current.connection.queuedBytes : 0;
  }

  get bytesPerSecond(): number {
    return this.#state.pace.bytesPerSecond;
  }

  report(): LinkReport {
    const { current, noise, roundTrip } = this.#state;
    const connection = current.kind === "open" ? current.connection : undefined;
    return {
      ...noise.report(),
      ...(connection?.counts ?? { sentFrames: 0, receivedFrames: 0, lostFrames: 0, probes: 0 }),
      roundTripMilliseconds: roundTrip.meanMilliseconds,
      payloadBytes: connection?.payloadBytes ?? 0,
    };
  }

  /**
   * Queues a message. Its bytes must not change until `onDelivered` is called: the other side has it. Does nothing
   * without a connection.
   */
  send(message: Uint8Array, priority: Priority, onDelivered?: () => void): void {
    const { current } = this.#state;
    if (current.kind !== "open" || current.closing !== undefined) return;
    current.connection.send(message, priority, onDelivered);
  }

  /** How long a message of this connection may be from now on. */
  limitMessages(limitBytes: number): void {
    const { current } = this.#state;
    if (current.kind === "open") current.connection.limitMessages(limitBytes);
  }

  /** Ends the connection once what was sent has arrived; `onEnd` follows. A host that has none yet gives up. */
  close(reason: string, now: number): void {
    this.#state.now = now;
    const { current } = this.#state;
    if (current.kind === "open") {
      current.closing ??= { reason, since: now, attempts: 0, nextAt: now };
    } else if (current.kind === "opening") {
      this.#state.end({ kind: "closed", reason });
    }
  }

  /** The line itself has gone. */
  lineLost(reason: string, now: number): void {
    this.#state.now = now;
    // Its last words: a prompt, a bridge's message.
    this.#receiver.finish();
    this.#state.end({ kind: "line", reason });
  }

  /** Takes bytes that came over the line. */
  receive(bytes: Uint8Array, now: number): void {
    this.#state.now = now;
    this.#receiver.receive(bytes);
  }

  /**
   * What to put onto the line now, and when to call again if nothing else happens before. `outsideBytes`: what the
   * operating system still holds of earlier output, as far as that is known.
   */
  poll(
    now: number,
    outsideBytes: number,
  ): { readonly output: Uint8Array[]; readonly wakeAt: number } {
    this.#state.now = now;
    return this.#sender.poll(outsideBytes);
  }
}
