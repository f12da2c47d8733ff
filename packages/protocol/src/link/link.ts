import { Connection, type ConnectionCounts } from "./connection.js";
import { type Priority } from "./flight.js";
import {
  connectionSeed,
  decodeSegment,
  encodeFrame,
  type Frame,
  type LinkRole,
  linkVersion,
} from "./frame.js";
import { FrameScanner } from "./frame-scanner.js";
import { LineNoise, type NoiseReport } from "./line-noise.js";
import { LinePace } from "./line-pace.js";
import { RoundTrip } from "./round-trip.js";

/** Longer than the largest frame with its stuffing. */
const segmentLimitBytes = 1280;
const handshakeBytes = 32;
/** Between two attempts of a host to find an agent. */
const firstRetryMilliseconds = 200;
const slowestRetryMilliseconds = 500;
/** A host asks for a sign of life when nothing has come for so long. */
const keepaliveMilliseconds = 2000;
/** Someone says that the other side is gone: it has so long, and two round trips, to say that it is not. */
const doubtMilliseconds = 400;
const longestDoubtRoundTripMilliseconds = 300;
const resetIntervalMilliseconds = 250;
/** A side that closes waits for its last messages to arrive as long as the other answers, and not for ever. */
const drainSilenceMilliseconds = 2000;
const drainMilliseconds = 15_000;
const closeAttempts = 5;

/** Why a connection has ended. */
export interface LinkEnd {
  readonly kind:
    /** By this side, in order. */
    | "closed"
    /** By the other side, in order. */
    | "closedByPeer"
    /** Nothing has come for too long. */
    | "silence"
    /** The other side has restarted and knows nothing of this connection. */
    | "peerRestarted"
    /** At an agent: its host fell silent, and another asks. */
    | "replaced"
    /** At a host: another host has the agent. */
    | "busy"
    /** The other side speaks another version of the link layer. */
    | "version"
    /** The other side broke the protocol. */
    | "protocol"
    /** The line itself has gone. */
    | "line";
  readonly reason: string;
}

export interface LinkHandlers {
  /** The two sides have found each other. */
  readonly onOpen: () => void;
  readonly onMessage: (message: Uint8Array, priority: Priority) => void;
  /** Once for each onOpen, and for a host that did not get that far. An agent then listens again. */
  readonly onEnd: (end: LinkEnd) => void;
}

export interface LinkOptions extends LinkHandlers {
  readonly role: LinkRole;
  /** Bits a second on the line, start and stop bits included. The lower of the two sides' counts. */
  readonly baud: number;
  /** Any u32, each time another. */
  readonly randomU32: () => number;
  /** A connection on which nothing has come for so long is given up. */
  readonly silenceMilliseconds: number;
  /** A peer that sends a longer message ends its connection. */
  readonly messageLimitBytes: number;
}

export interface LinkReport extends NoiseReport, ConnectionCounts {
  readonly roundTripMilliseconds: number;
  /** Bytes that frames carry, as the losses of late say. */
  readonly payloadBytes: number;
}

interface Closing {
  readonly reason: string;
  readonly since: number;
  attempts: number;
  nextAt: number;
}

interface Doubt {
  readonly since: number;
  readonly until: number;
  /** The host that wants the other's place; undefined when it was the other side itself that raised the doubt. */
  readonly rival: OpenFrame | undefined;
}

type OpenFrame = Extract<Frame, { kind: "open" }>;

interface OpenState {
  readonly kind: "open";
  readonly seed: number;
  /** Of the host that the connection is with. */
  readonly host: number;
  readonly connection: Connection;
  closing: Closing | undefined;
  /** The other side may be gone: unless something comes before `until`, it is. */
  doubt: Doubt | undefined;
}

type State =
  | {
      readonly kind: "opening";
      readonly host: number;
      attempts: number;
      sentAt: number;
      nextAt: number;
    }
  | { readonly kind: "listening" }
  | {
      readonly kind: "accepted";
      readonly seed: number;
      readonly host: number;
      readonly agent: number;
    }
  | OpenState
  | { readonly kind: "ended" };

/**
 * One end of a raw byte line: finds the other end in whatever state it is, and carries messages of two priorities each
 * way, whole, once and in order (within their priority). It does nothing by itself: bytes that came go in by `receive`,
 * bytes to send come out of `poll`, which also says when to call it again. Times are milliseconds of any steady clock.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #scanner: FrameScanner;
  readonly #noise = new LineNoise();
  readonly #pace: LinePace;
  #roundTrip = new RoundTrip();
  #state: State;
  /** Frames of the handshake that wait for the line. */
  readonly #queue: { readonly frame: Frame; readonly seed: number }[] = [];
  #lastReset = -Infinity;
  /** Of the connection that ended last: its closing may have to be confirmed again. */
  #previousSeed: number | undefined;
  #now: number;

  constructor(options: LinkOptions, now: number) {
    this.#options = options;
    this.#now = now;
    this.#pace = new LinePace(options.baud);
    this.#scanner = new FrameScanner(segmentLimitBytes, {
      onSegment: (segment) => {
        this.#receiveSegment(segment);
      },
      onFlowControl: () => {
        this.#noise.flowControl();
      },
    });
    if (options.role === "host") {
      this.#state = {
        kind: "opening",
        host: options.randomU32(),
        attempts: 0,
        sentAt: now,
        nextAt: now,
      };
    } else {
      this.#state = { kind: "listening" };
      // A host that still has a connection with the agent that was here before learns of it.
      this.#disown();
    }
  }

  get isOpen(): boolean {
    return this.#state.kind === "open";
  }

  /** Of messages that have never been on the line. */
  get queuedBytes(): number {
    return this.#state.kind === "open" ? this.#state.connection.queuedBytes : 0;
  }

  get bytesPerSecond(): number {
    return this.#pace.bytesPerSecond;
  }

  report(): LinkReport {
    const connection = this.#state.kind === "open" ? this.#state.connection : undefined;
    return {
      ...this.#noise.report(),
      ...(connection?.counts ?? { sentFrames: 0, receivedFrames: 0, lostFrames: 0, probes: 0 }),
      roundTripMilliseconds: this.#roundTrip.meanMilliseconds,
      payloadBytes: connection?.payloadBytes ?? 0,
    };
  }

  /**
   * Queues a message. Its bytes must not change until `onDelivered` is called: the other side has it. Does nothing
   * without a connection.
   */
  send(message: Uint8Array, priority: Priority, onDelivered?: () => void): void {
    if (this.#state.kind !== "open" || this.#state.closing !== undefined) return;
    this.#state.connection.send(message, priority, onDelivered);
  }

  /** Ends the connection once what was sent has arrived; `onEnd` follows. A host that has none yet gives up. */
  close(reason: string, now: number): void {
    this.#now = now;
    if (this.#state.kind === "open") {
      this.#state.closing ??= { reason, since: now, attempts: 0, nextAt: now };
    } else if (this.#state.kind === "opening") {
      this.#end({ kind: "closed", reason });
    }
  }

  /** The line itself has gone. */
  lineLost(reason: string, now: number): void {
    this.#now = now;
    // Its last words: a prompt, a bridge's message.
    this.#scanner.flush();
    this.#end({ kind: "line", reason });
  }

  /** Takes bytes that came over the line. */
  receive(bytes: Uint8Array, now: number): void {
    this.#now = now;
    this.#scanner.receive(bytes);
  }

  /**
   * What to put onto the line now, and when to call again if nothing else happens before. `outsideBytes`: what the
   * operating system still holds of earlier output, as far as that is known.
   */
  poll(
    now: number,
    outsideBytes: number,
  ): { readonly output: Uint8Array[]; readonly wakeAt: number } {
    this.#now = now;
    const output: Uint8Array[] = [];
    let outside = outsideBytes;
    const put = (frame: Frame, seed: number): number => {
      const bytes = encodeFrame(frame, this.#options.role, seed);
      this.#pace.given(bytes.length, now);
      outside += bytes.length;
      output.push(bytes);
      return bytes.length;
    };
    this.#tick(now);
    while (this.#queue.length > 0 && this.#pace.readyAt(handshakeBytes, now, outside) <= now) {
      const next = this.#queue.shift();
      if (next !== undefined) put(next.frame, next.seed);
    }
    const state = this.#state;
    if (state.kind === "open") {
      for (;;) {
        const frame = state.connection.next(now, outside);
        if (frame === undefined) break;
        state.connection.sent(frame, put(frame, state.seed), now);
      }
    }
    return { output, wakeAt: this.#wakeAt(now, outside) };
  }

  #receiveSegment(segment: Uint8Array): void {
    const state = this.#state;
    const seed =
      state.kind === "open" || state.kind === "accepted" ? state.seed : this.#previousSeed;
    const decoded = decodeSegment(segment, seed);
    if (decoded.kind !== "noise" && decoded.role === this.#options.role) {
      this.#noise.echo();
    } else if (decoded.kind === "frame") {
      this.#receiveFrame(decoded.frame);
    } else {
      this.#noise.discard(segment);
      if (decoded.kind === "unknown") this.#disown();
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
    if (this.#options.role !== "agent") return;
    if (frame.version !== linkVersion) {
      this.#refuse(frame.host, "version");
      return;
    }
    const state = this.#state;
    if (state.kind === "open") {
      if (frame.host !== state.host) this.#challenge(state, frame);
      return;
    }
    if (state.kind === "accepted" && state.host === frame.host) {
      this.#enqueue(this.#acceptance(state));
      return;
    }
    this.#pace.setBaud(Math.min(this.#options.baud, Math.max(300, frame.baud)));
    const agent = this.#options.randomU32();
    const accepted = {
      kind: "accepted",
      seed: connectionSeed(frame.host, agent),
      host: frame.host,
      agent,
    } as const;
    this.#state = accepted;
    this.#enqueue(this.#acceptance(accepted));
  }

  #acceptance({ host, agent }: { readonly host: number; readonly agent: number }): Frame {
    return { kind: "accept", version: linkVersion, host, agent, baud: this.#options.baud };
  }

  /** Another host asks: ours has to show that it is still there. */
  #challenge(state: OpenState, rival: OpenFrame): void {
    const { doubt } = state;
    if (doubt === undefined) this.#doubt(state, rival);
    else if (doubt.rival?.host === rival.host && state.connection.lastHeard > doubt.since) {
      this.#refuse(rival.host, "busy");
      state.doubt = undefined;
    }
  }

  #doubt(state: OpenState, rival: OpenFrame | undefined): void {
    const wait = doubtMilliseconds + 2 * this.#doubtRoundTrip();
    state.doubt = { since: this.#now, until: this.#now + wait, rival };
    state.connection.probe();
  }

  /** After a stall the shortest round trip may be that of the stall. */
  #doubtRoundTrip(): number {
    return Math.min(
      longestDoubtRoundTripMilliseconds,
      Math.max(50, this.#roundTrip.shortestMilliseconds),
    );
  }

  /** At a host. */
  #receiveAccept(frame: Extract<Frame, { kind: "accept" }>): void {
    const state = this.#state;
    if (state.kind === "open") {
      // The agent accepts us once more, and does not know that it has done so before.
      if (state.seed !== connectionSeed(frame.host, frame.agent)) this.#receiveReset();
      return;
    }
    if (state.kind !== "opening" || frame.host !== state.host) return;
    if (frame.version !== linkVersion) {
      this.#end({ kind: "version", reason: describeVersion(frame.version) });
      return;
    }
    this.#pace.setBaud(Math.min(this.#options.baud, Math.max(300, frame.baud)));
    const roundTrip = new RoundTrip();
    if (state.attempts === 1) {
      const own = this.#pace.milliseconds(handshakeBytes);
      roundTrip.sample(this.#now - state.sentAt, own, this.#now);
    }
    const { connection } = this.#open(
      connectionSeed(frame.host, frame.agent),
      frame.host,
      roundTrip,
    );
    // The agent has a connection only when it hears of it.
    connection.probe();
  }

  #receiveRefusal(frame: Extract<Frame, { kind: "refuse" }>): void {
    if (this.#state.kind !== "opening" || frame.host !== this.#state.host) return;
    this.#end(
      frame.why === "busy"
        ? { kind: "busy", reason: "another host is using this agent" }
        : { kind: "version", reason: describeVersion(frame.version) },
    );
  }

  /** The agent says that it has no connection. */
  #receiveReset(): void {
    const state = this.#state;
    if (this.#options.role !== "host" || state.kind !== "open") return;
    const { doubt, closing } = state;
    if (closing !== undefined) {
      this.#end({ kind: "closed", reason: closing.reason });
    } else if (doubt === undefined) {
      this.#doubt(state, undefined);
    } else if (
      state.connection.lastHeard <= doubt.since &&
      this.#now >= doubt.since + this.#doubtRoundTrip()
    ) {
      // That is its answer to our probe.
      this.#settleDoubt(state, doubt);
    }
  }

  #receiveOfConnection(frame: Frame): void {
    let state = this.#state;
    if (state.kind === "accepted") {
      state = this.#open(state.seed, state.host, new RoundTrip());
    }
    if (state.kind !== "open") {
      if (frame.kind === "close") this.#enqueue({ kind: "closed" });
      return;
    }
    if (frame.kind === "close") {
      this.#enqueue({ kind: "closed" });
      this.#end({ kind: "closedByPeer", reason: frame.reason });
    } else if (frame.kind === "closed") {
      if (state.closing !== undefined) this.#end({ kind: "closed", reason: state.closing.reason });
    } else if (state.connection.receive(frame, this.#now) === "oversized") {
      this.#end({ kind: "protocol", reason: "the other side sent too long a message" });
    }
  }

  #open(seed: number, host: number, roundTrip: RoundTrip): OpenState {
    this.#roundTrip = roundTrip;
    const connection = new Connection(
      {
        pace: this.#pace,
        roundTrip,
        messageLimitBytes: this.#options.messageLimitBytes,
        onMessage: (message, priority) => {
          const isCurrent = this.#state.kind === "open" && this.#state.connection === connection;
          if (isCurrent) this.#options.onMessage(message, priority);
        },
      },
      this.#now,
    );
    const state: OpenState = {
      kind: "open",
      seed,
      host,
      connection,
      closing: undefined,
      doubt: undefined,
    };
    this.#state = state;
    this.#options.onOpen();
    return state;
  }

  /** What time alone brings about. */
  #tick(now: number): void {
    const state = this.#state;
    switch (state.kind) {
      case "opening":
        if (state.nextAt <= now) this.#tryToOpen(state, now);
        break;
      case "open":
        this.#tickOpen(state, now);
        break;
      case "listening":
      case "accepted":
      case "ended":
        break;
    }
  }

  #tryToOpen(state: Extract<State, { kind: "opening" }>, now: number): void {
    const { baud } = this.#options;
    this.#enqueue({ kind: "open", version: linkVersion, host: state.host, baud });
    state.sentAt = now;
    state.nextAt =
      now + Math.min(slowestRetryMilliseconds, firstRetryMilliseconds * 2 ** state.attempts);
    state.attempts++;
  }

  #tickOpen(state: OpenState, now: number): void {
    const { connection, doubt, closing } = state;
    const { silenceMilliseconds, role } = this.#options;
    if (now - connection.lastHeard >= silenceMilliseconds) {
      const seconds = Math.round(silenceMilliseconds / 1000);
      this.#end({ kind: "silence", reason: `nothing came over the line for ${seconds} s` });
    } else if (doubt !== undefined && doubt.until <= now) {
      this.#settleDoubt(state, doubt);
    } else if (closing !== undefined) {
      this.#tickClosing(state, closing, now);
    } else if (
      role === "host" &&
      connection.isQuiet &&
      now - connection.lastHeard >= keepaliveMilliseconds
    ) {
      connection.probe();
    }
  }

  #settleDoubt(state: OpenState, doubt: NonNullable<OpenState["doubt"]>): void {
    state.doubt = undefined;
    if (state.connection.lastHeard > doubt.since) {
      if (doubt.rival !== undefined) this.#refuse(doubt.rival.host, "busy");
    } else if (doubt.rival === undefined) {
      this.#end({ kind: "peerRestarted", reason: "the agent has restarted" });
    } else {
      this.#end({ kind: "replaced", reason: "the host fell silent and another took its place" });
      this.#receiveOpen(doubt.rival);
    }
  }

  #tickClosing(state: OpenState, closing: Closing, now: number): void {
    const waits =
      !state.connection.isDrained &&
      now - Math.max(state.connection.lastHeard, closing.since) < drainSilenceMilliseconds &&
      now - closing.since < drainMilliseconds;
    if (waits || now < closing.nextAt) return;
    if (closing.attempts === closeAttempts) {
      this.#end({ kind: "closed", reason: closing.reason });
      return;
    }
    this.#enqueue({ kind: "close", reason: closing.reason });
    closing.attempts++;
    closing.nextAt = now + Math.min(1000, Math.max(200, this.#roundTrip.timeoutMilliseconds));
  }

  #wakeAt(now: number, outside: number): number {
    const state = this.#state;
    let wakeAt =
      this.#queue.length > 0 ? this.#pace.readyAt(handshakeBytes, now, outside) : Infinity;
    if (state.kind === "opening") wakeAt = Math.min(wakeAt, state.nextAt);
    if (state.kind === "open") {
      const { connection, doubt, closing } = state;
      wakeAt = Math.min(
        wakeAt,
        connection.wakeAt(now, outside),
        connection.lastHeard + this.#options.silenceMilliseconds,
        doubt?.until ?? Infinity,
        // Whether all has arrived shows when a frame comes: that polls, too.
        closing === undefined ? Infinity : Math.max(now + 50, closing.nextAt),
      );
      const asks = this.#options.role === "host" && closing === undefined && connection.isQuiet;
      if (asks) wakeAt = Math.min(wakeAt, connection.lastHeard + keepaliveMilliseconds);
    }
    return Math.max(wakeAt, now);
  }

  #refuse(host: number, why: "busy" | "version"): void {
    this.#enqueue({ kind: "refuse", version: linkVersion, host, why });
  }

  /**
   * An agent tells a host that speaks of a connection which is not there: it may have been one with the agent that was
   * here before. (The frame may have been damaged, too, and then no harm is done.)
   */
  #disown(): void {
    const state = this.#state;
    if (this.#options.role !== "agent" || state.kind === "open") return;
    if (this.#now - this.#lastReset < resetIntervalMilliseconds) return;
    this.#lastReset = this.#now;
    this.#enqueue(state.kind === "accepted" ? this.#acceptance(state) : { kind: "reset" });
  }

  /** Of each kind the newest is enough. */
  #enqueue(frame: Frame): void {
    const seed =
      this.#state.kind === "open" || this.#state.kind === "accepted"
        ? this.#state.seed
        : (this.#previousSeed ?? 0);
    const at = this.#queue.findIndex((waiting) => waiting.frame.kind === frame.kind);
    if (at >= 0) this.#queue.splice(at, 1);
    this.#queue.push({ frame, seed });
  }

  #end(end: LinkEnd): void {
    const state = this.#state;
    if (state.kind === "open") this.#previousSeed = state.seed;
    this.#state =
      this.#options.role === "agent" && end.kind !== "line"
        ? { kind: "listening" }
        : { kind: "ended" };
    if (state.kind === "open" || state.kind === "opening") this.#options.onEnd(end);
  }
}

function describeVersion(theirs: number): string {
  const older = theirs < linkVersion ? "the other side" : "this side";
  return `the other side speaks version ${theirs} of the link layer, this one ${linkVersion}: update ${older}`;
}
