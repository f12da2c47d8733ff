import { greet, provesKey } from "./agent-handshake.js";
import {
  type AgentPeerLimits,
  type AgentPeerOptions,
  defaultLimits,
  type RequestContext,
  type SessionMethod,
} from "./agent-peer-options.js";
import { agentDirectionKeys, type HandshakeSecrets, requireLongKey } from "./auth.js";
import { CancelSource } from "./cancel.js";
import { type MessageChannel } from "./channel.js";
import { ControlCodec } from "./codec.js";
import { type AgentMessage, hostMessage, type HostMessage } from "./control.js";
import { describeIssue } from "./describe-issue.js";
import { ProtocolError, RemoteError, type WireError } from "./errors.js";
import { type Handle } from "./handles.js";
import { methods } from "./methods.js";
import { streamMessageKind } from "./stream.js";

/** A request as its envelope has it; its params have not been validated. */
type Request = Extract<HostMessage, { kind: "request" }>;

type Answer = Exclude<AgentMessage, { kind: "streamEnd" }>;

/** Where the handshake stands; "refused" hears nothing more. */
type State =
  | { readonly kind: "hello" }
  | { readonly kind: "proof"; readonly secrets: HandshakeSecrets; readonly client: string }
  | { readonly kind: "ready" }
  | { readonly kind: "refused" }
  | { readonly kind: "closed" };

/**
 * The agent's end of a connection: greets and authenticates its host, validates and dispatches requests. Stream messages
 * go to the channel itself, once the host is ready.
 * Whatever the other side sends, the worst that happens is that this link closes.
 */
export class AgentPeer {
  /** Resolves with the reason once the link is closed, whoever closed it; never rejects. */
  readonly closed: Promise<string>;

  readonly #channel: MessageChannel;
  readonly #options: AgentPeerOptions;
  readonly #limits: AgentPeerLimits;
  readonly #codec = new ControlCodec();
  readonly #requests = new Map<number, CancelSource>();
  #state: State = { kind: "hello" };
  #unsentAnswers = 0;
  #resolveClosed: (reason: string) => void = () => undefined;

  /** Takes the channel over, its handlers too. Throws HandshakeError for a key that is too short. */
  constructor(channel: MessageChannel, options: AgentPeerOptions) {
    if (options.key !== undefined) requireLongKey(options.key);
    this.#channel = channel;
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    channel.onMessage((message) => {
      this.#receive(message);
    });
    channel.onClose((reason) => {
      this.#finish(reason);
    });
  }

  /** Whether the host has authenticated, where that is asked, and the link is open. */
  get isReady(): boolean {
    return this.#state.kind === "ready";
  }

  /** Tells the host that nothing more comes; with an error when it did not ask for the end. */
  endStream(stream: Handle, error?: WireError): void {
    if (!this.isReady) return;
    const message = {
      kind: "streamEnd",
      stream,
      ...(error === undefined ? {} : { error }),
    } as const;
    this.#channel.send(this.#codec.encode(message));
  }

  /** Closes the link, after what is queued where it still works. Idempotent. */
  close(reason: string): void {
    this.#channel.close(reason);
    this.#finish(reason);
  }

  #receive(message: Uint8Array): void {
    const { kind } = this.#state;
    if (kind === "closed" || kind === "refused") return;
    try {
      this.#dispatch(this.#decode(message));
    } catch (error) {
      const reason =
        error instanceof ProtocolError ? error.message : `internal error: ${describe(error)}`;
      this.close(reason);
    }
  }

  #decode(message: Uint8Array): unknown {
    if (message[0] === streamMessageKind) throw new ProtocolError("a stream message to an agent");
    const bounds = this.isReady ? this.#limits.session : this.#limits.handshake;
    const { envelope, hasMac } = this.#codec.decode(message, bounds);
    if (this.#codec.isAuthenticated && !hasMac) {
      throw new ProtocolError("a control message without a MAC");
    }
    return envelope;
  }

  #dispatch(envelope: unknown): void {
    const parsed = hostMessage.safeParse(envelope);
    if (!parsed.success) {
      this.#refuseMalformed(envelope, describeIssue(parsed.error));
      return;
    }
    const message = parsed.data;
    switch (message.kind) {
      case "request":
        this.#request(message);
        break;
      case "cancel":
        // One that has just been answered is not known any more: the cancel crossed the answer.
        this.#requests.get(message.id)?.cancel();
        break;
      case "acknowledge":
        if (!this.isReady) throw new ProtocolError("an acknowledgement before authentication");
        this.#options.onAcknowledge?.(message.stream, message.channel, message.position);
        break;
    }
  }

  #refuseMalformed(envelope: unknown, fault: string): void {
    const id = requestId(envelope);
    if (id === undefined || this.#requests.has(id)) throw new ProtocolError(fault);
    const error: WireError = { code: "protocol", message: fault };
    if (this.isReady) this.#answerError(id, error);
    else this.#refuse(id, error);
  }

  #request(request: Request): void {
    if (this.#requests.has(request.id)) {
      throw new ProtocolError(`request ${request.id} while one of that id is not answered`);
    }
    switch (this.#state.kind) {
      case "hello":
        this.#hello(request);
        break;
      case "proof":
        this.#authenticate(request, this.#state.secrets, this.#state.client);
        break;
      case "ready":
        this.#begin(request);
        break;
      case "refused":
      case "closed":
        break;
    }
  }

  #hello({ id, method, params }: Request): void {
    if (method !== "hello") {
      this.#refuse(id, { code: "authentication", message: `${method}: hello comes first` });
      return;
    }
    const greeting = greet(params, this.#options, this.#channel.binding);
    if (greeting.kind === "refusal") {
      this.#refuse(id, greeting.error);
      return;
    }
    const { answer, client, secrets } = greeting;
    this.#state = secrets === undefined ? { kind: "ready" } : { kind: "proof", secrets, client };
    this.#answer({ kind: "reply", id, result: answer });
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
    this.#answer({ kind: "reply", id, result: {} });
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
    this.#answerError(id, error);
    this.close(error.message);
  }

  #begin({ id, method, params }: Request): void {
    const isBusy =
      this.#requests.size >= this.#limits.requests ||
      this.#channel.queuedBytes > this.#limits.queuedBytes;
    if (isBusy) {
      const limit = this.#limits.requests;
      this.#answerError(id, { code: "limit", message: `${method}: too much at once`, limit });
    } else if (!isSessionMethod(method) || !Object.hasOwn(this.#options.handlers, method)) {
      this.#answerError(id, { code: "protocol", message: `${method}: unknown method` });
    } else {
      this.#run(id, method, params).catch((error: unknown) => {
        this.close(`internal error: ${describe(error)}`);
      });
    }
  }

  async #run(id: number, method: SessionMethod, params: unknown): Promise<void> {
    const parsed = methods[method].params.safeParse(params);
    if (!parsed.success) {
      const message = `${method}: params: ${describeIssue(parsed.error)}`;
      this.#answerError(id, { code: "protocol", message });
      return;
    }
    const source = new CancelSource();
    this.#requests.set(id, source);
    let answer: Answer;
    try {
      const result = await this.#handle(method, parsed.data, { signal: source.signal });
      answer = { kind: "reply", id, result };
    } catch (error) {
      answer = { kind: "error", id, error: this.#toWireError(method, error) };
    }
    this.#requests.delete(id);
    this.#answer(answer);
  }

  async #handle(method: SessionMethod, params: unknown, context: RequestContext): Promise<unknown> {
    // The schema of exactly this method made the params; TypeScript does not follow the index into the table.
    const handler = this.#options.handlers[method] as (
      params: unknown,
      context: RequestContext,
    ) => unknown;
    const result = await handler(params, context);
    if (this.#options.validateResults === true) {
      const parsed = methods[method].result.safeParse(result);
      if (!parsed.success) throw new ProtocolError(`result: ${describeIssue(parsed.error)}`);
    }
    return result;
  }

  #toWireError(method: SessionMethod, error: unknown): WireError {
    if (error instanceof RemoteError) return error.details;
    return this.#options.toWireError?.(error) ?? internalError(method, error);
  }

  #answerError(id: number, error: WireError): void {
    this.#answer({ kind: "error", id, error });
  }

  #answer(message: Answer): void {
    if (this.#state.kind === "closed") return;
    this.#unsentAnswers += 1;
    if (this.#unsentAnswers > this.#limits.unsentAnswers) {
      this.close("the host does not read its answers");
      return;
    }
    this.#channel.send(this.#encodeAnswer(message), () => {
      this.#unsentAnswers -= 1;
    });
  }

  /** A result that msgpack cannot hold is a fault of ours, and still has to be answered. */
  #encodeAnswer(message: Answer): Uint8Array {
    try {
      return this.#codec.encode(message);
    } catch (cause) {
      const error = internalError("encode the answer", cause);
      return this.#codec.encode({ kind: "error", id: message.id, error });
    }
  }

  #finish(reason: string): void {
    if (this.#state.kind === "closed") return;
    this.#state = { kind: "closed" };
    const sources = [...this.#requests.values()];
    this.#requests.clear();
    for (const source of sources) source.cancel();
    this.#resolveClosed(reason);
  }
}

function isSessionMethod(name: string): name is SessionMethod {
  return Object.hasOwn(methods, name) && name !== "hello" && name !== "authenticate";
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

function internalError(doing: string, error: unknown): WireError {
  const message = `${doing}: internal error: ${describe(error)}`;
  return { code: "internal", message, hint: "a fault of the agent's own: please report it" };
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 512) : "unknown";
}
