import { CancelSource, type CancelSignal } from "./cancel.js";
import { type MessageChannel } from "./channel.js";
import { checkResult } from "./checks.js";
import { type DirectionKeys } from "./codec.js";
import { type AgentMessage, type HostMessage } from "./control.js";
import { ConnectionClosedError, ProtocolError, RemoteError } from "./errors.js";
import { type Handle } from "./handles.js";
import { HostConnection, type HostConnectionHandler } from "./host-connection.js";
import { type MethodName, type Params, type Result } from "./methods.js";
import { StreamRouter, type StreamReceiver } from "./stream-router.js";
import { type StreamSpan } from "./stream.js";

/** As many requests as an agent works on at once; later calls wait for their turn. */
const requestLimit = 64;

/** An agent keeps its answers until it hears that they have come: it hears so after so many, or so much. */
const unreportedAnswerLimit = 8;
const unreportedByteLimit = 16_384;

export interface CallOptions {
  /** When it aborts the agent is asked to give up; the call settles with what the agent then answers. */
  readonly signal?: CancelSignal;
}

/** They load programs, which the kernel verifies. */
const slowMethods: ReadonlySet<MethodName> = new Set(["plan.run", "target.features"]);

interface PendingCall {
  readonly method: MethodName;
  readonly params: unknown;
  /** Which of the session's requests it is, from 1; 0 for those that make the session. */
  readonly sequence: bigint;
  readonly isCancelled: () => boolean;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The host's end of a session: sends requests, receives replies and streams. Made by `openSession`. A session can outlive
 * its link, when someone asks for that with `onLinkLost` and comes back with `resume`.
 */
export class HostPeer implements HostConnectionHandler {
  /** Resolves with the reason once the session is over for this side; never rejects. */
  readonly closed: Promise<string>;

  #connection: HostConnection | undefined;
  readonly #pending = new Map<number, PendingCall>();
  readonly #streams = new StreamRouter();
  readonly #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] =
    [];
  #nextId = 1;
  #receivedBytes = 0;
  #requests = 0n;
  #answers = 0n;
  #messagesReceived = 0;
  #reportsAnswers = false;
  #unreportedAnswers = 0;
  #unreportedBytes = 0;
  #agentMethods: ReadonlySet<string> | undefined;
  #onLinkLost: ((reason: string) => void) | undefined;
  #closeError: ConnectionClosedError | undefined;
  #resolveClosed: (reason: string) => void = () => undefined;

  /** Takes the channel over, its handlers too. */
  constructor(channel: MessageChannel) {
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#connection = new HostConnection(channel, this);
  }

  /** What the agent said of itself: only methods that it listed are called, and an agent that keeps its answers is told when they have come. */
  begin({ methods: names, leaseSeconds }: Result<"hello">): void {
    this.#agentMethods = new Set(names);
    this.#reportsAnswers = leaseSeconds > 0;
    this.#connection?.takeStreams();
  }

  /** Whether the agent is asked for what may take its kernel long: meanwhile it hears nothing. */
  get isAgentBusy(): boolean {
    return [...this.#pending.values()].some(({ method }) => slowMethods.has(method));
  }

  /** From now on this link's messages are compressed, both ways. */
  compress(): void {
    const connection = this.#connection;
    this.call("session.compress", { method: "deflate" }).catch((error: unknown) => {
      // A link that is gone needs no compression.
      if (error instanceof ConnectionClosedError) return;
      connection?.close("the agent does not compress, although it says so");
    });
    connection?.compress();
  }

  /** From now on control messages are sent with a MAC, and only those with a right one are believed. */
  authenticate(keys: DirectionKeys): void {
    this.#connection?.authenticate(keys);
  }

  /**
   * From now on a link that breaks does not end the session: calls wait, and the handler must see to it that `resume` or
   * `close` is called.
   */
  onLinkLost(handler: (reason: string) => void): void {
    this.#onLinkLost = handler;
  }

  /** How many messages of the session have come. */
  get messagesReceived(): number {
    return this.#messagesReceived;
  }

  /** Whether there is a link. */
  get isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /**
   * Sends a request. Rejects with RemoteError when the agent answers with an error, with ProtocolError when the result
   * is not what the method promises, and with one ConnectionClosedError, the same for all, when the session ends.
   */
  async call<M extends MethodName>(
    method: M,
    params: Params<M>,
    options: CallOptions = {},
  ): Promise<Result<M>> {
    const { signal = new CancelSource().signal } = options;
    while (this.#pending.size >= requestLimit) await this.#turn();
    const id = this.#takeId();
    const cancel = (): void => {
      this.#send({ kind: "cancel", id });
    };
    try {
      this.#requireMethod(method);
      if (signal.aborted) throw cancelledError(method);
      signal.addEventListener("abort", cancel);
      const result = await new Promise((resolve, reject) => {
        const sequence = linkMethods.has(method) ? 0n : ++this.#requests;
        const isCancelled = (): boolean => signal.aborted;
        this.#pending.set(id, { method, params, sequence, isCancelled, resolve, reject });
        this.#send({ kind: "request", id, method, params });
      });
      return parseResult(method, result);
    } finally {
      signal.removeEventListener("abort", cancel);
      this.#pending.delete(id);
      this.#waiting.shift()?.resolve();
    }
  }

  /**
   * Goes on over the link of another peer, which has just been opened and is of no use afterwards. Resolves with the number
   * of records that were lost while there was no link. Rejects with RemoteError when the agent does not have the session any
   * more, and with ConnectionClosedError when the new link breaks, too: then it can be tried again.
   */
  async resume(session: Uint8Array, fresh: HostPeer): Promise<bigint> {
    const params: Params<"session.resume"> = {
      session,
      answers: this.#answers,
      streams: this.#streams.progress(),
    };
    return await fresh.#ask("session.resume", params, ({ requests, lost }) => {
      this.#adopt(fresh, requests);
      return this.#streams.lostSince(lost);
    });
  }

  /**
   * Goes on with a detached session, in place of the one that began with this link; to be called before any other. Rejects
   * with RemoteError: "missing" when there is none of that name, "busy" when a host is attached and is not to be sent away.
   */
  async attach(params: Params<"session.attach">): Promise<Result<"session.attach">> {
    this.#requireMethod("session.attach");
    return await this.#ask("session.attach", params, (result) => {
      this.#streams.goOnFrom(result.streams);
      return result;
    });
  }

  /** Spans of the stream, in order, from its start or from where `attach` found it; those that came before this call come first, at once. */
  onStream(stream: Handle, receiver: StreamReceiver): void {
    this.#streams.open(stream, receiver);
  }

  /** Drops what still comes on the stream. */
  ignoreStream(stream: Handle): void {
    this.#streams.ignore(stream);
  }

  /** Returns credit: every byte of the channel before this position has been consumed. */
  acknowledge(stream: Handle, channel: number, position: bigint): void {
    this.#streams.consumed(stream, channel, position);
    this.#send({ kind: "acknowledge", stream, channel, position });
  }

  /** Ends the session on this side, and closes the link. Idempotent. */
  close(reason: string): void {
    this.#finish(reason);
    this.#connection?.close(reason);
    this.#connection = undefined;
  }

  /** Bytes of all messages that have come, over all links, as they came. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  onReceived(sizeBytes: number): void {
    this.#receivedBytes += sizeBytes;
  }

  onSpan(span: StreamSpan): void {
    this.#messagesReceived += 1;
    this.#streams.receive(span);
  }

  onMessage(message: AgentMessage, sizeBytes: number): void {
    this.#messagesReceived += 1;
    switch (message.kind) {
      case "reply":
        this.#settle(message.id, sizeBytes).resolve(message.result);
        break;
      case "error":
        this.#settle(message.id, sizeBytes).reject(new RemoteError(message.error));
        break;
      case "end":
        this.close(message.reason);
        break;
    }
  }

  onClose(reason: string): void {
    this.#connection = undefined;
    if (this.#closeError !== undefined) return;
    if (this.#onLinkLost === undefined) this.#finish(reason);
    else this.#onLinkLost(reason);
  }

  /** Sends a request whose result is used at once, and not in a later turn: what comes next over the link depends on it. */
  #ask<M extends MethodName, T>(
    method: M,
    params: Params<M>,
    use: (result: Result<M>) => T,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const id = this.#takeId();
      this.#pending.set(id, {
        method,
        params,
        sequence: 0n,
        isCancelled: () => false,
        resolve: (result) => {
          try {
            resolve(use(parseResult(method, result)));
          } catch (error) {
            this.close(`the agent's answer to ${method} makes no sense`);
            reject(error instanceof Error ? error : new ProtocolError(method)); // a ProtocolError
          }
        },
        reject,
      });
      this.#send({ kind: "request", id, method, params });
    });
  }

  #requireMethod(method: MethodName): void {
    if (this.#closeError !== undefined) throw this.#closeError;
    if (this.#agentMethods?.has(method) === false) {
      throw new RemoteError({
        code: "unsupported",
        message: `${method}: this agent does not know the method`,
        hint: "the agent is the older: update sonde-agent on the target",
      });
    }
  }

  /** Resolves when an earlier call has been answered; rejects when the session ends. */
  #turn(): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #takeId(): number {
    while (this.#pending.has(this.#nextId)) this.#advanceId();
    const id = this.#nextId;
    this.#advanceId();
    return id;
  }

  #advanceId(): void {
    this.#nextId = this.#nextId === 0xffff_ffff ? 1 : this.#nextId + 1;
  }

  /** Without a link nothing is sent: `resume` sees to it. */
  #send(message: HostMessage): void {
    if (this.#closeError === undefined) this.#connection?.send(message);
  }

  /** Takes over the link, and sends what the agent has not heard. */
  #adopt(fresh: HostPeer, requests: bigint): void {
    const connection = fresh.#connection;
    fresh.#connection = undefined;
    fresh.#finish("its link is another's");
    if (connection === undefined) return;
    if (this.#closeError !== undefined) {
      connection.close(this.#closeError.reason);
      return;
    }
    connection.redirect(this);
    this.#connection = connection;
    this.#unreportedAnswers = 0;
    this.#unreportedBytes = 0;
    for (const [id, { method, params, sequence, isCancelled }] of this.#pending) {
      if (sequence > requests) this.#send({ kind: "request", id, method, params });
      if (isCancelled()) this.#send({ kind: "cancel", id });
    }
  }

  #settle(id: number, sizeBytes: number): PendingCall {
    const pending = this.#pending.get(id);
    if (pending === undefined) throw new ProtocolError(`an answer to ${id}, which was not asked`);
    this.#pending.delete(id);
    if (pending.sequence > 0n) this.#countAnswer(sizeBytes);
    return pending;
  }

  #countAnswer(sizeBytes: number): void {
    this.#answers += 1n;
    if (!this.#reportsAnswers) return;
    this.#unreportedAnswers += 1;
    this.#unreportedBytes += sizeBytes;
    const isDue =
      this.#unreportedAnswers >= unreportedAnswerLimit ||
      this.#unreportedBytes >= unreportedByteLimit;
    if (!isDue) return;
    this.#unreportedAnswers = 0;
    this.#unreportedBytes = 0;
    this.#send({ kind: "received", answers: this.#answers });
  }

  #finish(reason: string): void {
    if (this.#closeError !== undefined) return;
    const error = new ConnectionClosedError(reason);
    this.#closeError = error;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const call of [...pending, ...this.#waiting.splice(0)]) call.reject(error);
    this.#streams.close(error);
    this.#resolveClosed(reason);
  }
}

/** Those of a link: they make the session, or find it again. */
const linkMethods: ReadonlySet<MethodName> = new Set([
  "hello",
  "authenticate",
  "session.compress",
  "session.resume",
  "session.attach",
]);

function parseResult<M extends MethodName>(method: M, result: unknown): Result<M> {
  const checked = checkResult(method, result);
  if (!checked.isRight) throw new ProtocolError(`${method}: result: ${checked.fault}`);
  return checked.value;
}

function cancelledError(method: MethodName): RemoteError {
  return new RemoteError({ code: "cancelled", message: `${method}: cancelled` });
}
