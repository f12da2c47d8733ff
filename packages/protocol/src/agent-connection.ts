import { greet, provesKey } from "./agent-handshake.js";
import { type AgentPeerLimits, type AgentPeerOptions } from "./agent-peer-options.js";
import { agentDirectionKeys, type HandshakeSecrets } from "./auth.js";
import { type MessageChannel } from "./channel.js";
import { CompressedChannel } from "./compressed-channel.js";
import { ControlCodec, packControlMessage } from "./codec.js";
import { checkHostMessage } from "./checks.js";
import { type HostMessage } from "./control.js";
import { ProtocolError } from "./errors.js";
import { isStreamMessage } from "./stream.js";
import { type WireError } from "./wire-error.js";

/** A request as its envelope has it; its params have not been validated. */
export type Request = Extract<HostMessage, { kind: "request" }>;

/** Where the handshake stands; "refused" hears nothing more. */
type State =
  | { readonly kind: "hello" }
  | { readonly kind: "proof"; readonly secrets: HandshakeSecrets; readonly client: string }
  | { readonly kind: "ready" }
  | { readonly kind: "refused" }
  | { readonly kind: "closed" };

/** Who hears what comes over a link once its host has been let in. A ProtocolError thrown by one closes the link. */
export interface AgentConnectionHandler {
  onMessage(message: HostMessage): void;
  /** A request that is not what the protocol says, with an id to answer to. */
  onMalformed(id: number, fault: string): void;
  /** Once, whoever closed. */
  onClose(reason: string): void;
}

/**
 * One link to a host, as long as it lasts: greets and authenticates the host, then hands on what it says. Whatever the other
 * side sends, the worst that happens is that this link closes.
 */
export class AgentConnection {
  readonly channel: CompressedChannel;
  /** Names the session that begins with this link. */
  readonly session: Uint8Array;
  readonly #options: AgentPeerOptions;
  readonly #limits: AgentPeerLimits;
  readonly #codec = new ControlCodec();
  #handler: AgentConnectionHandler;
  #state: State = { kind: "hello" };
  #unsentAnswers = 0;

  /** Takes the channel over, its handlers too. */
  constructor(
    channel: MessageChannel,
    session: Uint8Array,
    options: AgentPeerOptions,
    limits: AgentPeerLimits,
    handler: AgentConnectionHandler,
  ) {
    this.channel = new CompressedChannel(channel, limits.session.sizeBytes);
    this.session = session;
    this.#options = options;
    this.#limits = limits;
    this.#handler = handler;
    this.channel.onMessage((message) => {
      this.#receive(message);
    });
    this.channel.onClose((reason) => {
      this.#finish(reason);
    });
  }

  /** How long a session is kept when this link has broken. */
  get leaseSeconds(): number {
    return this.#options.leaseSeconds;
  }

  /** Whether the host has authenticated, where that is asked, and the link is open. */
  get isReady(): boolean {
    return this.#state.kind === "ready";
  }

  /** What comes from now on is another's. */
  redirect(handler: AgentConnectionHandler): void {
    this.#handler = handler;
  }

  /** Sends a message that is msgpack already. */
  send(payload: Uint8Array): void {
    if (this.#state.kind === "closed") return;
    this.#unsentAnswers += 1;
    if (this.#unsentAnswers > this.#limits.unsentAnswers) {
      this.close("the host does not read its answers");
      return;
    }
    this.channel.send(this.#codec.encodePayload(payload), () => {
      this.#unsentAnswers -= 1;
    });
  }

  get streamMacSizeBytes(): number {
    return this.#codec.streamMacSizeBytes;
  }

  /** Sends a stream message that has room for a MAC at its end. */
  sendStream(message: Uint8Array, onSent?: () => void): void {
    this.#codec.signStream(message);
    this.channel.send(message, onSent);
  }

  /** Closes the link, after what is queued where it still works. Idempotent. */
  close(reason: string): void {
    this.channel.close(reason);
    this.#finish(reason);
  }

  #receive(message: Uint8Array): void {
    const { kind } = this.#state;
    if (kind === "closed" || kind === "refused") return;
    try {
      this.#dispatch(this.#decode(message));
    } catch (error) {
      const reason =
        error instanceof ProtocolError ? error.message : `internal error: ${describeError(error)}`;
      this.close(reason);
    }
  }

  #decode(message: Uint8Array): unknown {
    if (isStreamMessage(message)) throw new ProtocolError("a stream message to an agent");
    const bounds = this.isReady ? this.#limits.session : this.#limits.handshake;
    const { envelope, hasMac } = this.#codec.decode(message, bounds);
    if (this.#codec.isAuthenticated && !hasMac) {
      throw new ProtocolError("a control message without a MAC");
    }
    return envelope;
  }

  #dispatch(envelope: unknown): void {
    const checked = checkHostMessage(envelope);
    if (!checked.isRight) {
      this.#refuseMalformed(envelope, checked.fault);
      return;
    }
    const message = checked.value;
    const state = this.#state;
    if (state.kind === "ready") this.#handler.onMessage(message);
    else if (message.kind === "request") this.#shakeHands(message, state);
    else if (message.kind !== "cancel")
      throw new ProtocolError(`${message.kind} before authentication`);
  }

  #refuseMalformed(envelope: unknown, fault: string): void {
    const id = requestId(envelope);
    if (id === undefined) throw new ProtocolError(fault);
    if (this.isReady) this.#handler.onMalformed(id, fault);
    else this.#refuse(id, { code: "protocol", message: fault });
  }

  #shakeHands(request: Request, state: State): void {
    if (state.kind === "hello") this.#hello(request);
    else if (state.kind === "proof") this.#authenticate(request, state.secrets, state.client);
  }

  #hello({ id, method, params }: Request): void {
    if (method !== "hello") {
      this.#refuse(id, { code: "authentication", message: `${method}: hello comes first` });
      return;
    }
    const greeting = greet(params, this.session, this.#options, this.channel.binding);
    if (greeting.kind === "refusal") {
      this.#refuse(id, greeting.error);
      return;
    }
    const { answer, client, secrets } = greeting;
    this.#state = secrets === undefined ? { kind: "ready" } : { kind: "proof", secrets, client };
    this.send(packControlMessage({ kind: "reply", id, result: answer }));
    if (secrets === undefined) this.#options.onReady?.(client);
  }

  #authenticate({ id, method, params }: Request, secrets: HandshakeSecrets, client: string): void {
    if (method !== "authenticate") {
      this.#refuse(id, { code: "authentication", message: `${method}: authenticate comes first` });
      return;
    }
    if (!provesKey(params, secrets)) {
      void this.#refuseKey(id);
      return;
    }
    this.#codec.authenticate(agentDirectionKeys(secrets));
    this.#state = { kind: "ready" };
    this.send(packControlMessage({ kind: "reply", id, result: {} }));
    this.#options.onReady?.(client);
  }

  async #refuseKey(id: number): Promise<void> {
    this.#state = { kind: "refused" };
    try {
      await this.#options.onWrongKey?.();
    } catch {
      // The pause alone failed; the refusal stands.
    }
    this.#refuse(id, {
      code: "authentication",
      message: "authenticate: the host does not have the same key",
      hint: "give both sides the same key file",
    });
  }

  /** Answers with an error and ends the link: before authentication nobody gets a second try on it. */
  #refuse(id: number, error: WireError): void {
    this.send(packControlMessage({ kind: "error", id, error }));
    this.close(error.message);
  }

  #finish(reason: string): void {
    if (this.#state.kind === "closed") return;
    this.#state = { kind: "closed" };
    this.#handler.onClose(reason);
  }
}

/** The id of a request whose envelope is otherwise wrong, when there is one to answer to. */
function requestId(envelope: unknown): number | undefined {
  if (typeof envelope !== "object" || envelope === null) return undefined;
  if (!("kind" in envelope) || envelope.kind !== "request" || !("id" in envelope)) return undefined;
  const { id } = envelope;
  return typeof id === "number" && Number.isInteger(id) && id >= 0 && id <= 0xffff_ffff
    ? id
    : undefined;
}

/** A fault of our own in a few words. */
export function describeError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 512) : "unknown";
}
