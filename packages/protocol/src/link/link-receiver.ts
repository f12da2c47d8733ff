import {
  connectionSeed,
  decodeSegment,
  type Frame,
  handshakeFrameBytes,
  linkVersion,
} from "./frame.js";
import { FrameScanner } from "./frame-scanner.js";
import { type LinkState, type OpenFrame, type OpenState } from "./link-state.js";
import { RoundTrip } from "./round-trip.js";

/** Longer than the largest frame with its stuffing. */
const segmentLimitBytes = 1280;

/** The receiving side of a link: what comes over the line, and what it changes. */
export class LinkReceiver {
  readonly #link: LinkState;
  readonly #scanner: FrameScanner;

  constructor(link: LinkState) {
    this.#link = link;
    this.#scanner = new FrameScanner(segmentLimitBytes, {
      onSegment: (segment) => {
        this.#receiveSegment(segment);
      },
      onFlowControl: () => {
        link.noise.flowControl();
      },
    });
  }

  receive(bytes: Uint8Array): void {
    this.#scanner.receive(bytes);
  }

  /** Nothing follows: what has come without an end to it counts, too. */
  finish(): void {
    this.#scanner.flush();
  }

  #receiveSegment(segment: Uint8Array): void {
    const { seed, noise, options } = this.#link;
    const decoded = decodeSegment(segment, seed);
    if (decoded.kind !== "noise" && decoded.role === options.role) {
      noise.echo();
    } else if (decoded.kind === "frame") {
      this.#receiveFrame(decoded.frame);
    } else {
      noise.discard(segment);
      if (decoded.kind === "unknown") this.#link.disown();
    }
  }

  #receiveFrame(frame: Frame): void {
    switch (frame.kind) {
      case "open":
        this.#receiveOpen(frame);
        break;
      case "accept":
        this.#receiveAccept(frame);
        break;
      case "refuse":
        this.#receiveRefusal(frame);
        break;
      case "reset":
        this.#receiveReset();
        break;
      case "data":
      case "acknowledge":
      case "close":
      case "closed":
        this.#receiveOfConnection(frame);
        break;
    }
  }

  /** At an agent. */
  #receiveOpen(frame: OpenFrame): void {
    const { current, options } = this.#link;
    if (options.role !== "agent") return;
    if (frame.version !== linkVersion) this.#link.refuse(frame.host, "version");
    else if (current.kind !== "open") this.#link.accept(frame);
    else if (frame.host !== current.host) this.#challenge(current, frame);
  }

  /** Another host asks: ours has to show that it is still there. */
  #challenge(state: OpenState, rival: OpenFrame): void {
    const { doubt } = state;
    if (doubt === undefined) {
      this.#link.doubt(state, rival);
    } else if (doubt.rival?.host === rival.host && state.connection.lastHeard > doubt.since) {
      this.#link.settleDoubt(state, doubt);
    }
  }

  /** At a host. */
  #receiveAccept(frame: Extract<Frame, { kind: "accept" }>): void {
    const link = this.#link;
    const { current, now } = link;
    const seed = connectionSeed(frame.host, frame.agent);
    if (current.kind === "open") {
      // The agent accepts us once more, and does not know that it has done so before.
      if (current.seed !== seed) this.#receiveReset();
      return;
    }
    if (current.kind !== "opening" || frame.host !== current.host) return;
    if (frame.version !== linkVersion) {
      link.end({ kind: "version", reason: describeVersion(frame.version) });
      return;
    }
    link.limitBaud(frame.baud);
    const roundTrip = new RoundTrip();
    if (current.attempts === 1) {
      roundTrip.sample(now - current.sentAt, link.pace.milliseconds(handshakeFrameBytes), now);
    }
    // The agent has a connection only when it hears of it.
    link.open(seed, frame.host, roundTrip).connection.probe();
  }

  /** At a host. */
  #receiveRefusal(frame: Extract<Frame, { kind: "refuse" }>): void {
    const { current } = this.#link;
    if (current.kind !== "opening" || frame.host !== current.host) return;
    this.#link.end(
      frame.why === "busy"
        ? { kind: "busy", reason: "another host is using this agent" }
        : { kind: "version", reason: describeVersion(frame.version) },
    );
  }

  /** At a host: the agent says that it has no connection. */
  #receiveReset(): void {
    const link = this.#link;
    const { current, now, options } = link;
    if (options.role !== "host" || current.kind !== "open") return;
    const { doubt, closing, connection } = current;
    if (closing !== undefined) {
      link.end({ kind: "closed", reason: closing.reason });
    } else if (doubt === undefined) {
      link.doubt(current, undefined);
    } else if (connection.lastHeard <= doubt.since && now >= doubt.since + link.doubtRoundTrip) {
      // That is its answer to our probe.
      link.settleDoubt(current, doubt);
    }
  }

  #receiveOfConnection(frame: Frame): void {
    const link = this.#link;
    const { current } = link;
    const state =
      current.kind === "accepted"
        ? link.open(current.seed, current.host, new RoundTrip())
        : current;
    if (frame.kind === "close") link.enqueue({ kind: "closed" });
    if (state.kind !== "open") {
      if (frame.kind === "data" || frame.kind === "acknowledge") link.disown();
      return;
    }
    if (frame.kind === "close") {
      link.end({ kind: "closedByPeer", reason: frame.reason });
    } else if (frame.kind === "closed") {
      if (state.closing !== undefined) link.end({ kind: "closed", reason: state.closing.reason });
    } else if (state.connection.receive(frame, link.now) === "oversized") {
      const reason = "a message was longer than may be";
      link.enqueue({ kind: "close", reason });
      link.end({ kind: "protocol", reason });
    }
  }
}

function describeVersion(theirs: number): string {
  const older = theirs < linkVersion ? "the other side" : "this side";
  return `the other side speaks version ${theirs} of the link layer, this one ${linkVersion}: update ${older}`;
}
