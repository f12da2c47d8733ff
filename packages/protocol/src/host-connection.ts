import { type MessageChannel } from "./channel.js";
import { CompressedChannel } from "./compressed-channel.js";
import { ControlCodec, type DirectionKeys, type MessageBounds } from "./codec.js";
import { checkAgentMessage } from "./checks.js";
import { type AgentMessage, type HostMessage } from "./control.js";
import { ProtocolError } from "./errors.js";
import { decodeStreamMessage, isStreamMessage, type StreamSpan } from "./stream.js";

/** Two buffers of a map dump at their largest, and some. */
const bounds: MessageBounds = { sizeBytes: 603_979_776, items: 4_194_304 };

/** Who hears what comes over a link. A ProtocolError thrown by one closes the link. */
export interface HostConnectionHandler {
  /** A message of so many bytes has come, compressed or not. */
  onReceived(sizeBytes: number): void;
  onMessage(message: AgentMessage, sizeBytes: number): void;
  onSpan(span: StreamSpan): void;
  /** Once, whoever closed. */
  onClose(reason: string): void;
}

/** One link to an agent, as long as it lasts: control messages encoded and checked, spans as they are. */
export class HostConnection {
  readonly #channel: CompressedChannel;
  readonly #codec = new ControlCodec();
  #handler: HostConnectionHandler;
  /** Whether a message with the agent's MAC has come. */
  #hasSeenMac = false;
  #takesStreams = false;
  #isClosed = false;

  /** Takes the channel over, its handlers too. */
  constructor(channel: MessageChannel, handler: HostConnectionHandler) {
    this.#channel = new CompressedChannel(channel, bounds.sizeBytes);
    this.#handler = handler;
    this.#channel.onMessage((message, carriedBytes) => {
      this.#handler.onReceived(carriedBytes);
      this.#receive(message);
    });
    this.#channel.onClose((reason) => {
      this.#finish(reason);
    });
  }

  /** What comes from now on is another's. */
  redirect(handler: HostConnectionHandler): void {
    this.#handler = handler;
  }

  /** From now on control messages are sent with a MAC, and only those with a right one are believed. */
  authenticate(keys: DirectionKeys): void {
    this.#codec.authenticate(keys);
  }

  /** The handshake is over: from now on there may be stream messages. */
  takeStreams(): void {
    this.#takesStreams = true;
  }

  /** From now on messages are sent compressed, and may come so. */
  compress(): void {
    this.#channel.compress();
  }

  send(message: HostMessage): void {
    if (!this.#isClosed) this.#channel.send(this.#codec.encode(message));
  }

  /** Idempotent. */
  close(reason: string): void {
    this.#channel.close(reason);
    this.#finish(reason);
  }

  #receive(message: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      if (isStreamMessage(message)) this.#handler.onSpan(this.#decodeSpan(message));
      else this.#handler.onMessage(this.#decode(message), message.length);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close(`the agent broke the protocol: ${error.message}`);
    }
  }

  #decodeSpan(message: Uint8Array): StreamSpan {
    if (!this.#takesStreams) throw new ProtocolError("a stream message within the handshake");
    return decodeStreamMessage(this.#codec.checkStream(message));
  }

  #decode(bytes: Uint8Array): AgentMessage {
    const { envelope, hasMac } = this.#codec.decode(bytes, bounds);
    const checked = checkAgentMessage(envelope);
    if (!checked.isRight) throw new ProtocolError(checked.fault);
    const message = checked.value;
    if (hasMac) this.#hasSeenMac = true;
    // The agent that refuses our proof cannot answer with a MAC: it says so without one.
    const isRefusal = message.kind === "error" && !this.#hasSeenMac;
    if (this.#codec.isAuthenticated && !hasMac && !isRefusal) {
      throw new ProtocolError("a control message without a MAC");
    }
    return message;
  }

  #finish(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#handler.onClose(reason);
  }
}
