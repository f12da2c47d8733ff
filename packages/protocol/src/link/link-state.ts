import { Connection } from "./connection.js";
import { type Priority } from "./flight.js";
import { connectionSeed, type Frame, type LinkRole, linkVersion } from "./frame.js";
import { LineNoise } from "./line-noise.js";
import { LinePace } from "./line-pace.js";
import { RoundTrip } from "./round-trip.js";

/** Someone says that the other side is gone: it has so long, and two round trips, to say that it is not. */
const doubtMilliseconds = 400;
const longestDoubtRoundTripMilliseconds = 300;
const resetIntervalMilliseconds = 250;
const slowestBaud = 300;

/** Why a connection has ended. */
export interface LinkEnd {
  readonly kind:
    /** By this side, in order. */
    | "closed"
    /** By the other side, in order. */
    | "closedByPeer"
    /** Nothing has come for too long. */
    | "silence"
    /** The other side knows nothing of this connection: it has restarted, or given it up. */
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
  /** A peer that sends a longer message ends its connection; `limitMessages` changes it for one connection. */
  readonly messageLimitBytes: number;
}

export type OpenFrame = Extract<Frame, { kind: "open" }>;

/** A host looks for its agent. */
export interface OpeningState {
  readonly kind: "opening";
  readonly host: number;
  attempts: number;
  sentAt: number;
  nextAt: number;
}

/** An agent has answered a host, and not heard of it since. */
export interface AcceptedState {
  readonly kind: "accepted";
  readonly seed: number;
  readonly host: number;
  readonly agent: number;
}

export interface OpenState {
  readonly kind: "open";
  readonly seed: number;
  /** Of the host that the connection is with. */
  readonly host: number;
  readonly connection: Connection;
  closing: Closing | undefined;
  /** The other side may be gone: unless something comes before `until`, it is. */
  doubt: Doubt | undefined;
}

export interface Closing {
  readonly reason: string;
  readonly since: number;
  attempts: number;
  nextAt: number;
}

export interface Doubt {
  readonly since: number;
  readonly until: number;
  /** The host that wants the other's place; undefined when it was the other side itself that raised the doubt. */
  readonly rival: OpenFrame | undefined;
}

export type State =
  | OpeningState
  | { readonly kind: "listening" }
  | AcceptedState
  | OpenState
  | { readonly kind: "ended" };

/** Where a link stands, and its passages from one state to the next: what its receiving and its sending side share. */
export class LinkState {
  readonly options: LinkOptions;
  readonly noise = new LineNoise();
  readonly pace: LinePace;
  /** Of the last call from outside. */
  now: number;
  #current: State;
  #roundTrip = new RoundTrip();
  /** Frames outside connections, or that end one, which wait for the line. */
  readonly #queue: { readonly frame: Frame; readonly seed: number }[] = [];
  #lastReset = -Infinity;
  /** Of the connection that ended last: its closing may have to be confirmed again. */
  #previousSeed: number | undefined;

  constructor(options: LinkOptions, now: number) {
    this.options = options;
    this.now = now;
    this.pace = new LinePace(options.baud);
    if (options.role === "host") {
      const host = options.randomU32();
      this.#current = { kind: "opening", host, attempts: 0, sentAt: now, nextAt: now };
    } else {
      this.#current = { kind: "listening" };
      // A host that still has a connection with the agent that was here before learns of it.
      this.disown();
    }
  }

  get current(): State {
    return this.#current;
  }

  get roundTrip(): RoundTrip {
    return this.#roundTrip;
  }

  /** Of frames of the connection there is, or was. */
  get seed(): number | undefined {
    const state = this.#current;
    return state.kind === "open" || state.kind === "accepted" ? state.seed : this.#previousSeed;
  }

  get hasQueuedFrames(): boolean {
    return this.#queue.length > 0;
  }

  takeQueuedFrame(): { readonly frame: Frame; readonly seed: number } | undefined {
    return this.#queue.shift();
  }

  /** Of each kind the newest is enough. */
  enqueue(frame: Frame): void {
    const at = this.#queue.findIndex((waiting) => waiting.frame.kind === frame.kind);
    if (at >= 0) this.#queue.splice(at, 1);
    this.#queue.push({ frame, seed: this.seed ?? 0 });
  }

  refuse(host: number, why: "busy" | "version"): void {
    this.enqueue({ kind: "refuse", version: linkVersion, host, why });
  }

  /** An agent without a connection takes a host in; one that it has taken in already hears the same again. */
  accept(frame: OpenFrame): void {
    if (this.#current.kind !== "accepted" || this.#current.host !== frame.host) {
      this.limitBaud(frame.baud);
      const agent = this.options.randomU32();
      const seed = connectionSeed(frame.host, agent);
      this.#current = { kind: "accepted", seed, host: frame.host, agent };
    }
    this.#enqueueAcceptance(this.#current);
  }

  #enqueueAcceptance({ host, agent }: AcceptedState): void {
    const { baud } = this.options;
    this.enqueue({ kind: "accept", version: linkVersion, host, agent, baud });
  }

  /** The lower of the two sides' rates counts. */
  limitBaud(theirs: number): void {
    this.pace.setBaud(Math.min(this.options.baud, Math.max(slowestBaud, theirs)));
  }

  open(seed: number, host: number, roundTrip: RoundTrip): OpenState {
    this.#roundTrip = roundTrip;
    const connection = new Connection(
      {
        pace: this.pace,
        roundTrip,
        messageLimitBytes: this.options.messageLimitBytes,
        onMessage: (message, priority) => {
          const isCurrent =
            this.#current.kind === "open" && this.#current.connection === connection;
          if (isCurrent) this.options.onMessage(message, priority);
        },
      },
      this.now,
    );
    const state: OpenState = {
      kind: "open",
      seed,
      host,
      connection,
      closing: undefined,
      doubt: undefined,
    };
    this.#current = state;
    this.options.onOpen();
    return state;
  }

  /** The other side has to show that it is still there. */
  doubt(state: OpenState, rival: OpenFrame | undefined): void {
    const wait = doubtMilliseconds + 2 * this.doubtRoundTrip;
    state.doubt = { since: this.now, until: this.now + wait, rival };
    state.connection.probe();
  }

  /** After a stall the shortest round trip may be that of the stall. */
  get doubtRoundTrip(): number {
    const { shortestMilliseconds } = this.#roundTrip;
    return Math.min(longestDoubtRoundTripMilliseconds, Math.max(50, shortestMilliseconds));
  }

  /** The time for it is over, or it has answered. */
  settleDoubt(state: OpenState, { since, rival }: Doubt): void {
    state.doubt = undefined;
    if (state.connection.lastHeard > since) {
      if (rival !== undefined) this.refuse(rival.host, "busy");
    } else if (rival === undefined) {
      this.end({
        kind: "peerRestarted",
        reason: "the agent knows nothing of this connection: it has restarted, or given it up",
      });
    } else {
      this.end({ kind: "replaced", reason: "the host fell silent and another took its place" });
      this.accept(rival);
    }
  }

  /**
   * An agent tells a host that speaks of a connection which is not there: it may have been one with the agent that was
   * here before. (The frame may have been damaged, too, and then no harm is done.)
   */
  disown(): void {
    const state = this.#current;
    if (this.options.role !== "agent" || state.kind === "open") return;
    if (this.now - this.#lastReset < resetIntervalMilliseconds) return;
    this.#lastReset = this.now;
    if (state.kind === "accepted") this.#enqueueAcceptance(state);
    else this.enqueue({ kind: "reset" });
  }

  end(end: LinkEnd): void {
    const state = this.#current;
    if (state.kind === "open") this.#previousSeed = state.seed;
    this.#current =
      this.options.role === "agent" && end.kind !== "line"
        ? { kind: "listening" }
        : { kind: "ended" };
    if (state.kind === "open" || state.kind === "opening") this.options.onEnd(end);
  }
}
