import { encodeFrame, type Frame, handshakeFrameBytes, linkVersion } from "./frame.js";
import { type Closing, type LinkState, type OpeningState, type OpenState } from "./link-state.js";

/** Between two attempts of a host to find an agent. */
const firstRetryMilliseconds = 200;
const slowestRetryMilliseconds = 500;
/** A host asks for a sign of life when nothing has come for so long. */
const keepaliveMilliseconds = 2000;
/** A side that closes waits for its last messages to arrive as long as the other answers, and not for ever. */
const drainSilenceMilliseconds = 2000;
const drainMilliseconds = 15_000;
const closeAttempts = 5;
/** Whether all has arrived shows when a frame comes; that polls, too. */
const drainPollMilliseconds = 50;

/** The sending side of a link: what time brings about, and what goes onto the line when. */
export class LinkSender {
  readonly #link: LinkState;

  constructor(link: LinkState) {
    this.#link = link;
  }

  /**
   * What to put onto the line now, and when to call again if nothing else happens before. `outsideBytes`: what the
   * operating system still holds of earlier output.
   */
  poll(outsideBytes: number): { readonly output: Uint8Array[]; readonly wakeAt: number } {
    const { now, options, pace } = this.#link;
    const output: Uint8Array[] = [];
    let outside = outsideBytes;
    const put = (frame: Frame, seed: number): number => {
      const bytes = encodeFrame(frame, options.role, seed);
      pace.given(bytes.length, now);
      outside += bytes.length;
      output.push(bytes);
      return bytes.length;
    };
    this.#tick();
    while (this.#link.hasQueuedFrames && pace.readyAt(handshakeFrameBytes, now, outside) <= now) {
      const next = this.#link.takeQueuedFrame();
      if (next !== undefined) put(next.frame, next.seed);
    }
    const { current } = this.#link;
    if (current.kind === "open") {
      for (;;) {
        const frame = current.connection.next(now, outside);
        if (frame === undefined) break;
        current.connection.sent(frame, put(frame, current.seed), now);
      }
    }
    return { output, wakeAt: this.#wakeAt(outside) };
  }

  #tick(): void {
    const { current, now } = this.#link;
    switch (current.kind) {
      case "opening":
        if (current.nextAt <= now) this.#tryToOpen(current);
        break;
      case "open":
        this.#tickOpen(current);
        break;
      case "listening":
      case "accepted":
      case "ended":
        break;
    }
  }

  #tryToOpen(state: OpeningState): void {
    const { now, options } = this.#link;
    this.#link.enqueue({
      kind: "open",
      version: linkVersion,
      host: state.host,
      baud: options.baud,
    });
    state.sentAt = now;
    state.nextAt =
      now + Math.min(slowestRetryMilliseconds, firstRetryMilliseconds * 2 ** state.attempts);
    state.attempts++;
  }

  #tickOpen(state: OpenState): void {
    const { now, options } = this.#link;
    const { connection, doubt, closing } = state;
    if (now - connection.lastHeard >= options.silenceMilliseconds) {
      const seconds = Math.round(options.silenceMilliseconds / 1000);
      this.#link.end({ kind: "silence", reason: `nothing came over the line for ${seconds} s` });
    } else if (doubt !== undefined && doubt.until <= now) {
      this.#link.settleDoubt(state, doubt);
    } else if (closing !== undefined) {
      this.#tickClosing(state, closing);
    } else if (this.#keepsAlive(state) && now - connection.lastHeard >= keepaliveMilliseconds) {
      connection.probe();
    }
  }

  #keepsAlive({ connection, closing }: OpenState): boolean {
    return this.#link.options.role === "host" && closing === undefined && connection.isQuiet;
  }

  #tickClosing({ connection }: OpenState, closing: Closing): void {
    const { now, roundTrip } = this.#link;
    const waits =
      !connection.isDrained &&
      now - Math.max(connection.lastHeard, closing.since) < drainSilenceMilliseconds &&
      now - closing.since < drainMilliseconds;
    if (waits || now < closing.nextAt) return;
    if (closing.attempts === closeAttempts) {
      this.#link.end({ kind: "closed", reason: closing.reason });
      return;
    }
    this.#link.enqueue({ kind: "close", reason: closing.reason });
    closing.attempts++;
    closing.nextAt = now + Math.min(1000, Math.max(200, roundTrip.timeoutMilliseconds));
  }

  #wakeAt(outside: number): number {
    const { current, now, pace, hasQueuedFrames } = this.#link;
    const wakeAt = hasQueuedFrames ? pace.readyAt(handshakeFrameBytes, now, outside) : Infinity;
    if (current.kind === "opening") return Math.max(now, Math.min(wakeAt, current.nextAt));
    if (current.kind === "open") {
      return Math.max(now, Math.min(wakeAt, this.#wakeOpenAt(current, outside)));
    }
    return Math.max(now, wakeAt);
  }

  #wakeOpenAt(state: OpenState, outside: number): number {
    const { now, options } = this.#link;
    const { connection, doubt, closing } = state;
    return Math.min(
      connection.wakeAt(now, outside),
      connection.lastHeard + options.silenceMilliseconds,
      doubt?.until ?? Infinity,
      closing === undefined ? Infinity : Math.max(now + drainPollMilliseconds, closing.nextAt),
      this.#keepsAlive(state) ? connection.lastHeard + keepaliveMilliseconds : Infinity,
    );
  }
}
