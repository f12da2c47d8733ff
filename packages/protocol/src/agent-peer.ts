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
import { checkParams, checkResult, isMethodName } from "./checks.js";
import { packControlMessage } from "./codec.js";
import { type AgentMessage, type HostMessage } from "./control.js";
import { ProtocolError, RemoteError } from "./errors.js";
import { areMacsEqual } from "./hmac.js";
import { KeptAnswers } from "./kept-answers.js";
import { type MethodName, type ParsedParams } from "./methods.js";
import { type WireError } from "./wire-error.js";

type Answer = Extract<AgentMessage, { kind: "reply" | "error" }>;

/** Bytes of the 16 that name a session. */
export const sessionNameSizeBytes = 16;

/** Where a host finds the session that it wants to go on with. */
export interface SessionFinder {
  /** The one that the host of a broken link calls so. */
  resumable(name: Uint8Array): AgentPeer | undefined;
  /** The detached one that people call so. What is thrown goes to the host, as what a handler throws does. */
  attachable?(name: string, takeOver: boolean): AgentPeer;
}

const noSessions: SessionFinder = { resumable: () => undefined };

/**
 * The agent's end of a session: validates and dispatches requests, and keeps the answers that may not have come, so that
 * the session can go on over another link. It begins with one link.
 */
export class AgentPeer implements AgentConnectionHandler {
  /** Resolves with the reason once the session is over; never rejects. */
  readonly closed: Promise<string>;

  /** What a host that comes back calls this session; undefined: none may. */
  #name: Uint8Array | undefined;
  readonly #options: AgentPeerOptions;
  readonly #sessions: SessionFinder;
  readonly #limits: AgentPeerLimits;
  readonly #requests = new Map<number, CancelSource>();
  #kept = new KeptAnswers();
  #connection: AgentConnection | undefined;
  #leaseSeconds: number;
  /** Whether a host has asked for anything: else there is nothing to come back to. */
  #hasBegun = false;
  /** Since the host came that is there now. */
  #requestCount = 0n;
  #hasEnded = false;
  #resolveClosed: (reason: string) => void = () => undefined;

  /**
   * Takes the channel over, its handlers too. `sessions` are those that a host may want to go on with. Throws HandshakeError
   * for a key that is too short.
   */
  constructor(
    channel: MessageChannel,
    options: AgentPeerOptions,
    sessions: SessionFinder = noSessions,
  ) {
    if (options.key !== undefined) requireLongKey(options.key);
    this.#options = options;
    this.#sessions = sessions;
    this.#leaseSeconds = options.leaseSeconds;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    const name = options.randomBytes(sessionNameSizeBytes);
    this.#name = name;
    this.#connection = new AgentConnection(channel, name, options, this.#limits, this);
  }

  /** Whether the host has authenticated, where that is asked, and there is a link. */
  get isReady(): boolean {
    return this.#connection?.isReady === true;
  }

  /** Whether a host that comes back calls this session so: takes as long whatever of the name is right. */
  isNamed(name: Uint8Array): boolean {
    return !this.#hasEnded && this.#name !== undefined && areMacsEqual(this.#name, name);
  }

  /** How long the session is kept when its present link, or the last one, has broken. */
  get leaseSeconds(): number {
    return this.#leaseSeconds;
  }

  /** Nobody may come back over another link any more, and what the host had asked for is given up. A host may still attach. */
  forgetHost(): void {
    this.#name = undefined;
    this.#requestCount = 0n;
    this.#kept = new KeptAnswers();
    this.#cancelRequests();
  }

  /** Whether a request is being worked on. */
  get isBusy(): boolean {
    return this.#requests.size > 0;
  }

  /** The link, as long as there is one and the host is ready. */
  get connection(): AgentConnection | undefined {
    return this.isReady ? this.#connection : undefined;
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
    this.#countRequest();
    this.#answerError(id, { code: "protocol", message: fault });
  }

  onClose(reason: string): void {
    this.#connection = undefined;
    if (this.#hasEnded) return;
    if (this.#hasBegun && this.#options.onLinkLost?.(reason) === true) return;
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
    if (method === "session.resume" || method === "session.attach") {
      this.#goOnWithAnother(request);
      return;
    }
    this.#countRequest();
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

  #countRequest(): void {
    this.#hasBegun = true;
    this.#requestCount += 1n;
  }

  #isHandled(method: string): method is SessionMethod {
    return isMethodName(method) && Object.hasOwn(this.#options.handlers, method);
  }

  /** What the host sent right behind this request is compressed already. */
  #compress({ id, params }: Request): void {
    const connection = this.#connection;
    requireParams("session.compress", params);
    connection?.send(packControlMessage({ kind: "reply", id, result: {} }));
    connection?.channel.compress();
  }

  /** Hands this link over to the session that its host wants to go on with. */
  #goOnWithAnother(request: Request): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const { id, method } = request;
    if (this.#requestCount > 0n) throw new ProtocolError(`${method} comes first on a link`);
    try {
      if (method === "session.resume") this.#resume(connection, request);
      else this.#attach(connection, request);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      connection.send(
        packControlMessage({ kind: "error", id, error: this.#toWireError(method, error) }),
      );
      return;
    }
    this.#connection = undefined;
    this.#finish("its link is another's");
  }

  #resume(connection: AgentConnection, { id, params }: Request): void {
    const parsed = requireParams("session.resume", params);
    const peer = this.#sessions.resumable(parsed.session);
    if (peer === undefined || peer === this) {
      const message = "session.resume: there is no such session any more";
      throw new RemoteError({ code: "missing", message });
    }
    peer.#adopt(connection, id, parsed);
  }

  #attach(connection: AgentConnection, { id, params }: Request): void {
    const { name, takeOver } = requireParams("session.attach", params);
    const peer = this.#sessions.attachable?.(name, takeOver);
    if (peer === undefined) {
      const message = `session.attach ${name}: nothing can be detached here`;
      throw new RemoteError({ code: "missing", message });
    }
    peer.#beginAnew(connection, id);
  }

  /** Throws ProtocolError when the host cannot have come as far as it says: then nothing has changed. */
  #adopt(
    connection: AgentConnection,
    id: number,
    { answers, streams }: ParsedParams<"session.resume">,
  ): void {
    this.#kept.require(answers);
    const lost = [...(this.#options.onResume?.(streams) ?? [])];
    this.#take(connection, "its host has come back over another link");
    this.#kept.reported(answers);
    const result = { requests: this.#requestCount, lost };
    connection.send(packControlMessage({ kind: "reply", id, result }));
    for (const payload of this.#kept) connection.send(payload);
    this.#options.onResumed?.(streams);
  }

  /** Goes on with another host, which knows nothing of what was asked before. */
  #beginAnew(connection: AgentConnection, id: number): void {
    const reason = "another host has attached to the session";
    this.#tell({ kind: "end", reason });
    this.forgetHost();
    this.#name = connection.session;
    const result = this.#options.onAttach?.();
    this.#take(connection, reason);
    connection.send(packControlMessage({ kind: "reply", id, result }));
    this.#options.onAttached?.();
  }

  #take(connection: AgentConnection, reason: string): void {
    const old = this.#connection;
    this.#connection = connection;
    this.#leaseSeconds = connection.leaseSeconds;
    old?.redirect(nobody);
    old?.close(reason);
    connection.redirect(this);
  }

  async #run(id: number, method: SessionMethod, params: unknown): Promise<void> {
    const checked = checkParams(method, params);
    if (!checked.isRight) {
      const message = `${method}: params: ${checked.fault}`;
      this.#answerError(id, { code: "protocol", message });
      return;
    }
    const source = new CancelSource();
    this.#requests.set(id, source);
    let answer: Answer;
    try {
      const result = await this.#handle(method, checked.value, { signal: source.signal });
      answer = { kind: "reply", id, result };
    } catch (error) {
      answer = { kind: "error", id, error: this.#toWireError(method, error) };
    }
    // Else its host has gone, and another may have asked for something under this id.
    if (this.#requests.get(id) !== source) return;
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
      const checked = checkResult(method, result);
      if (!checked.isRight) throw new ProtocolError(`result: ${checked.fault}`);
    }
    return result;
  }

  #toWireError(method: string, error: unknown): WireError {
    if (error instanceof RemoteError) return error.details;
    return this.#options.toWireError?.(error) ?? internalError(method, error);
  }

  #answerError(id: number, error: WireError): void {
    this.#answer({ kind: "error", id, error });
  }

  #answer(answer: Answer): void {
    if (this.#hasEnded) return;
    const payload = packAnswer(answer);
    if (this.#leaseSeconds > 0) {
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
    this.#cancelRequests();
    this.#resolveClosed(reason);
  }

  #cancelRequests(): void {
    const sources = [...this.#requests.values()];
    this.#requests.clear();
    for (const source of sources) source.cancel();
  }
}

const nobody: AgentConnectionHandler = {
  onMessage: () => undefined,
  onMalformed: () => undefined,
  onClose: () => undefined,
};

/** Of a request that changes the link, or the session it belongs to: a wrong one closes the link. */
function requireParams<M extends MethodName>(method: M, params: unknown): ParsedParams<M> {
  const checked = checkParams(method, params);
  if (!checked.isRight) throw new ProtocolError(`${method}: params: ${checked.fault}`);
  return checked.value;
}

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
