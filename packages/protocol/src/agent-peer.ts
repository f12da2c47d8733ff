import {
  AgentConnection,
  type AgentConnectionHandler,
  describeError,
  type Request,
} from "./agent-connection.js";
import {
  type AgentPeerLimits,
  type AgentPeerOptions,
  defaultLimits,
  type RequestContext,
  type SessionMethod,
} from "./agent-peer-options.js";
import { requireLongKey } from "./auth.js";
import { CancelSource } from "./cancel.js";
import { type MessageChannel } from "./channel.js";
import { packControlMessage } from "./codec.js";
import { type AgentMessage, type HostMessage } from "./control.js";
import { describeIssue } from "./describe-issue.js";
import { ProtocolError, RemoteError, type WireError } from "./errors.js";
import { type Handle } from "./handles.js";
import { areMacsEqual } from "./hmac.js";
import { KeptAnswers } from "./kept-answers.js";
import { methods, type ParsedParams } from "./methods.js";

type Answer = Extract<AgentMessage, { kind: "reply" | "error" }>;

/** Bytes of the 16 that name a session. */
export const sessionNameSizeBytes = 16;

/**
 * The agent's end of a session: validates and dispatches requests, and keeps the answers that may not have come, so that
 * the session can go on over another link. It begins with one link.
 */
export class AgentPeer implements AgentConnectionHandler {
  /** Resolves with the reason once the session is over; never rejects. */
  readonly closed: Promise<string>;

  /** What a host that comes back calls this session. */
  readonly #name: Uint8Array;
  readonly #options: AgentPeerOptions;
  readonly #findSession: (name: Uint8Array) => AgentPeer | undefined;
  readonly #limits: AgentPeerLimits;
  readonly #requests = new Map<number, CancelSource>();
  readonly #kept = new KeptAnswers();
  #connection: AgentConnection | undefined;
  #requestCount = 0n;
  #hasEnded = false;
  #resolveClosed: (reason: string) => void = () => undefined;

  /**
   * Takes the channel over, its handlers too. `findSession` gives the session of a name, where a host wants to go on with
   * one. Throws HandshakeError for a key that is too short.
   */
  constructor(
    channel: MessageChannel,
    options: AgentPeerOptions,
    findSession: (name: Uint8Array) => AgentPeer | undefined = () => undefined,
  ) {
    if (options.key !== undefined) requireLongKey(options.key);
    this.#options = options;
    this.#findSession = findSession;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#name = options.randomBytes(sessionNameSizeBytes);
    this.#connection = new AgentConnection(channel, this.#name, options, this.#limits, this);
  }

  /** Whether the host has authenticated, where that is asked, and there is a link. */
  get isReady(): boolean {
    return this.#connection?.isReady === true;
  }

  /** Whether a host that comes back calls this session so: takes as long whatever of the name is right. */
  isNamed(name: Uint8Array): boolean {
    return !this.#hasEnded && areMacsEqual(this.#name, name);
  }

  /** Whether a request is being worked on. */
  get isBusy(): boolean {
    return this.#requests.size > 0;
  }

  /** Where stream messages go, as long as there is a link and the host is ready. */
  get channel(): MessageChannel | undefined {
    return this.isReady ? this.#connection?.channel : undefined;
  }

  /** Tells the host that nothing more comes; with an error when it did not ask for the end. */
  endStream(stream: Handle, error?: WireError): void {
    this.#tell({ kind: "streamEnd", stream, ...(error === undefined ? {} : { error }) });
  }

  /** Ends the session, and closes the link after what is queued, where it still works. Idempotent. */
  close(reason: string): void {
    if (this.#hasEnded) return;
    this.#tell({ kind: "end", reason: reason.slice(0, 512) });
    const connection = this.#connection;
    this.#finish(reason);
    connection?.close(reason);
  }

  onMessage(message: HostMessage): void {
    switch (message.kind) {
      case "request":
        this.#request(message);
        break;
      case "cancel":
        // One that has just been answered is not known any more: the cancel crossed the answer.
        this.#requests.get(message.id)?.cancel();
        break;
      case "acknowledge":
        this.#options.onAcknowledge?.(message.stream, message.channel, message.position);
        break;
      case "received":
        this.#kept.reported(message.answers);
        break;
    }
  }

  onMalformed(id: number, fault: string): void {
    if (this.#requests.has(id)) throw new ProtocolError(fault);
    this.#requestCount += 1n;
    this.#answerError(id, { code: "protocol", message: fault });
  }

  onClose(reason: string): void {
    this.#connection = undefined;
    if (this.#hasEnded) return;
    // Without a request there is nothing to come back to.
    if (this.#requestCount > 0n && this.#options.onLinkLost?.(reason) === true) return;
    this.#finish(reason);
  }

  #request(request: Request): void {
    const { id, method, params } = request;
    if (this.#requests.has(id)) {
      throw new ProtocolError(`request ${id} while one of that id is not answered`);
    }
    if (method === "session.compress") {
      this.#compress(request);
      return;
    }
    if (method === "session.resume") {
      this.#resume(request);
      return;
    }
    this.#requestCount += 1n;
    const isFull =
      this.#requests.size >= this.#limits.requests ||
      this.#kept.sizeBytes > this.#limits.queuedBytes ||
      (this.#connection?.channel.queuedBytes ?? 0) > this.#limits.queuedBytes;
    if (isFull) {
      const limit = this.#limits.requests;
      this.#answerError(id, { code: "limit", message: `${method}: too much at once`, limit });
    } else if (!this.#isHandled(method)) {
      this.#answerError(id, { code: "protocol", message: `${method}: unknown method` });
    } else {
      this.#run(id, method, params).catch((error: unknown) => {
        this.close(`internal error: ${describeError(error)}`);
      });
    }
  }

  #isHandled(method: string): method is SessionMethod {
    return Object.hasOwn(methods, method) && Object.hasOwn(this.#options.handlers, method);
  }

  /** What the host sent right behind this request is compressed already. */
  #compress({ id, params }: Request): void {
    const connection = this.#connection;
    const parsed = methods["session.compress"].params.safeParse(params);
    if (!parsed.success) {
      throw new ProtocolError(`session.compress: params: ${describeIssue(parsed.error)}`);
    }
    connection?.send(packControlMessage({ kind: "reply", id, result: {} }));
    connection?.channel.compress();
  }

  /** Hands this link over to the session that its host wants to go on with. */
  #resume({ id, params }: Request): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    if (this.#requestCount > 0n) throw new ProtocolError("session.resume comes first on a link");
    const parsed = methods["session.resume"].params.safeParse(params);
    if (!parsed.success) {
      throw new ProtocolError(`session.resume: params: ${describeIssue(parsed.error)}`);
    }
    const peer = this.#findSession(parsed.data.session);
    if (peer === undefined || peer === this) {
      const message = "session.resume: there is no such session any more";
      connection.send(
        packControlMessage({ kind: "error", id, error: { code: "missing", message } }),
      );
      return;
    }
    peer.#adopt(connection, id, parsed.data);
    this.#connection = undefined;
    this.#finish("its link is another's");
  }

  /** Throws ProtocolError when the host cannot have come as far as it says: then nothing has changed. */
  #adopt(
    connection: AgentConnection,
    id: number,
    { answers, streams }: ParsedParams<"session.resume">,
  ): void {
    this.#kept.require(answers);
    const lost = [...(this.#options.onResume?.(streams) ?? [])];
    const old = this.#connection;
    this.#connection = connection;
    old?.redirect(nobody);
    old?.close("its host has come back over another link");
    connection.redirect(this);
    this.#kept.reported(answers);
    const result = { requests: this.#requestCount, lost };
    connection.send(packControlMessage({ kind: "reply", id, result }));
    for (const payload of this.#kept) connection.send(payload);
    this.#options.onResumed?.(streams);
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

  #answer(answer: Answer): void {
    if (this.#hasEnded) return;
    const payload = packAnswer(answer);
    if (this.#options.leaseSeconds > 0) {
      this.#kept.add(payload);
      if (this.#kept.count > this.#limits.keptAnswers) {
        this.close("the host does not say that its answers come");
        return;
      }
    }
    this.#connection?.send(payload);
  }

  /** Says what is no answer, where there is someone to hear it. */
  #tell(message: AgentMessage): void {
    if (this.isReady) this.#connection?.send(packControlMessage(message));
  }

  #finish(reason: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#connection = undefined;
    const sources = [...this.#requests.values()];
    this.#requests.clear();
    for (const source of sources) source.cancel();
    this.#resolveClosed(reason);
  }
}

const nobody: AgentConnectionHandler = {
  onMessage: () => undefined,
  onMalformed: () => undefined,
  onClose: () => undefined,
};

/** A result that msgpack cannot hold is a fault of ours, and still has to be answered. */
function packAnswer(answer: Answer): Uint8Array {
  try {
    return packControlMessage(answer);
  } catch (cause) {
    const error = internalError("encode the answer", cause);
    return packControlMessage({ kind: "error", id: answer.id, error });
  }
}

function internalError(doing: string, error: unknown): WireError {
  const message = `${doing}: internal error: ${describeError(error)}`;
  return { code: "internal", message, hint: "a fault of the agent's own: please report it" };
}
