import { CancelSource, type CancelSignal } from "./cancel.js";
import { type MessageChannel } from "./channel.js";
import { ControlCodec, type DirectionKeys, type MessageBounds } from "./codec.js";
import { agentMessage, type AgentMessage, type HostMessage } from "./control.js";
import { describeIssue } from "./describe-issue.js";
import { ConnectionClosedError, ProtocolError, RemoteError } from "./errors.js";
import { type Handle } from "./handles.js";
import { methods, type MethodName, type Params, type Result } from "./methods.js";
import { StreamRouter, type StreamReceiver } from "./stream-router.js";
import { decodeStreamMessage, streamMessageKind } from "./stream.js";

/** As many requests as an agent works on at once; later calls wait for their turn. */
const requestLimit = 64;

/** Two buffers of a map dump at their largest, and some. */
const bounds: MessageBounds = { sizeBytes: 603_979_776, items: 4_194_304 };

export interface CallOptions {
  /** When it aborts the agent is asked to give up; the call settles with what the agent then answers. */
  readonly signal?: CancelSignal;
}

interface PendingCall {
  readonly method: MethodName;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The host's end of a connection: sends requests, receives replies and streams. Made by `openSession`. */
export class HostPeer {
  /** Resolves with the reason once the link is closed, whoever closed it; never rejects. */
  readonly closed: Promise<string>;

  readonly #channel: MessageChannel;
  readonly #codec = new ControlCodec();
  readonly #pending = new Map<number, PendingCall>();
  readonly #streams = new StreamRouter();
  readonly #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] =
    [];
  #nextId = 1;
  #agentMethods: ReadonlySet<string> | undefined;
  /** Whether a message with the agent's MAC has come. */
  #hasSeenMac = false;
  #closeError: ConnectionClosedError | undefined;
  #resolveClosed: (reason: string) => void = () => undefined;

  /** Takes the channel over, its handlers too. */
  constructor(channel: MessageChannel) {
    this.#channel = channel;
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

  /** Methods that hello listed: a call of another one is refused here. */
  limitMethods(names: readonly string[]): void {
    this.#agentMethods = new Set(names);
  }

  /** From now on control messages are sent with a MAC, and only those with a right one are believed. */
  authenticate(keys: DirectionKeys): void {
    this.#codec.authenticate(keys);
  }

  /**
   * Sends a request. Rejects with RemoteError when the agent answers with an error, with ProtocolError when the result
   * is not what the method promises, and with one ConnectionClosedError, the same for all, when the link closes.
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
        this.#pending.set(id, { method, resolve, reject });
        this.#send({ kind: "request", id, method, params });
      });
      return parseResult(method, result);
    } finally {
      signal.removeEventListener("abort", cancel);
      this.#pending.delete(id);
      this.#waiting.shift()?.resolve();
    }
  }

  /** Spans of the stream from its start on, in order; those that came before this call come first, at once. */
  onStream(stream: Handle, receiver: StreamReceiver): void {
    this.#streams.open(stream, receiver);
  }

  /** Drops what still comes on the stream. */
  ignoreStream(stream: Handle): void {
    this.#streams.ignore(stream);
  }

  /** Returns credit: every byte of the channel before this position has been consumed. */
  acknowledge(stream: Handle, channel: number, position: bigint): void {
    this.#send({ kind: "acknowledge", stream, channel, position });
  }

  /** Closes the link. Idempotent. */
  close(reason: string): void {
    this.#channel.close(reason);
    this.#finish(reason);
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

  /** Resolves when an earlier call has been answered; rejects when the link closes. */
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

  #send(message: HostMessage): void {
    if (this.#closeError === undefined) this.#channel.send(this.#codec.encode(message));
  }

  #receive(message: Uint8Array): void {
    if (this.#closeError !== undefined) return;
    try {
      if (message[0] === streamMessageKind) this.#streams.receive(decodeStreamMessage(message));
      else this.#receiveControl(this.#decodeControl(message));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close(`the agent broke the protocol: ${error.message}`);
    }
  }

  #decodeControl(message: Uint8Array): AgentMessage {
    const { envelope, hasMac } = this.#codec.decode(message, bounds);
    const parsed = agentMessage.safeParse(envelope);
    if (!parsed.success) throw new ProtocolError(describeIssue(parsed.error));
    if (hasMac) this.#hasSeenMac = true;
    // The agent that refuses our proof cannot answer with a MAC: it says so without one.
    const isRefusal = parsed.data.kind === "error" && !this.#hasSeenMac;
    if (this.#codec.isAuthenticated && !hasMac && !isRefusal) {
      throw new ProtocolError("a control message without a MAC");
    }
    return parsed.data;
  }

  #receiveControl(message: AgentMessage): void {
    switch (message.kind) {
      case "reply":
        this.#settle(message.id).resolve(message.result);
        break;
      case "error":
        this.#settle(message.id).reject(new RemoteError(message.error));
        break;
      case "streamEnd":
        this.#streams.end(message.stream, message.error);
        break;
    }
  }

  #settle(id: number): PendingCall {
    const pending = this.#pending.get(id);
    if (pending === undefined) throw new ProtocolError(`an answer to ${id}, which was not asked`);
    this.#pending.delete(id);
    return pending;
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

function parseResult<M extends MethodName>(method: M, result: unknown): Result<M> {
  const parsed = methods[method].result.safeParse(result);
  if (!parsed.success) {
    throw new ProtocolError(`${method}: result: ${describeIssue(parsed.error)}`);
  }
  // The schema of exactly this method made it; TypeScript does not follow the index into the table.
  return parsed.data as Result<M>;
}

function cancelledError(method: MethodName): RemoteError {
  return new RemoteError({ code: "cancelled", message: `${method}: cancelled` });
}
