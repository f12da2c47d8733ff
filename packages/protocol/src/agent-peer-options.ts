import { type CancelSignal } from "./cancel.js";
import { type MessageBounds } from "./codec.js";
import { type Handle } from "./handles.js";
import {
  type MethodName,
  type ParsedParams,
  type ResultInput,
  type StreamProgress,
} from "./methods.js";
import { type WireError } from "./wire-error.js";

/** Every method but those that the peer answers itself. */
export type SessionMethod = Exclude<
  MethodName,
  "hello" | "authenticate" | "session.compress" | "session.resume" | "session.attach"
>;

export interface RequestContext {
  /** Aborts when the host cancels the request or the session ends. */
  readonly signal: CancelSignal;
}

/** What answers each method. A RemoteError thrown by one goes to the host as it is. */
export type RequestHandlers = {
  readonly [M in SessionMethod]: (
    params: ParsedParams<M>,
    context: RequestContext,
  ) => ResultInput<M> | Promise<ResultInput<M>>;
};

export interface AgentPeerLimits {
  /** One message, before and after the host has authenticated. */
  readonly handshake: MessageBounds;
  readonly session: MessageBounds;
  /** Requests being worked on. */
  readonly requests: number;
  /** With so much queued on the channel no more requests are begun. */
  readonly queuedBytes: number;
  /** Answers not yet on their way; with more the host is not reading, and the link is closed. */
  readonly unsentAnswers: number;
  /** Answers that are kept in case the link breaks; with more the host is not saying that they come. */
  readonly keptAnswers: number;
}

export const defaultLimits: AgentPeerLimits = {
  handshake: { sizeBytes: 4096, items: 64 },
  session: { sizeBytes: 33_554_432, items: 524_288 },
  requests: 64,
  queuedBytes: 67_108_864,
  unsentAnswers: 256,
  keptAnswers: 256,
};

export interface AgentPeerOptions {
  /** What hello tells: "sonde-agent 0.1.0", the lease, the kinds of plan steps known. */
  readonly agent: string;
  /** 0: a session ends with its link. */
  readonly leaseSeconds: number;
  readonly planSteps: readonly string[];
  /** With it (at least 16 bytes) nothing is answered before the host has proven that it has it too. */
  readonly key?: Uint8Array;
  readonly handlers: RequestHandlers;
  /** So many bytes that nobody can guess. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** Called once for each link, when the host may send requests; with the name it gave. */
  readonly onReady?: (client: string) => void;
  /** A link is gone. Whether the session waits for another; it ends else. */
  readonly onLinkLost?: (reason: string) => boolean;
  /**
   * The host wants to come back, and says how far it has come with each stream. Gives what each has lost on the kernel's
   * side; throws ProtocolError when it cannot have come so far.
   */
  readonly onResume?: (
    streams: readonly StreamProgress[],
  ) => readonly { readonly stream: Handle; readonly lost: bigint }[];
  /** The host is back: streams go on from there. */
  readonly onResumed?: (streams: readonly StreamProgress[]) => void;
  /** A host attaches to the session, which is detached: what it is answered. Nothing is on its way to another any more. */
  readonly onAttach?: () => ResultInput<"session.attach">;
  /** The host that attaches has its answer: streams go on. */
  readonly onAttached?: () => void;
  /** The host has consumed the channel's bytes before the position. A ProtocolError thrown by it closes the link. */
  readonly onAcknowledge?: (stream: Handle, channel: number, position: bigint) => void;
  /** A host gave a wrong proof: it hears of it once the promise has resolved, which slows guessing down. */
  readonly onWrongKey?: () => Promise<void>;
  /** What an error thrown by a handler is on the wire; undefined for a fault of our own, told as "internal". */
  readonly toWireError?: (error: unknown) => WireError | undefined;
  readonly limits?: Partial<AgentPeerLimits>;
  /** Results are checked before they are sent, too: for tests. */
  readonly validateResults?: boolean;
}
