import { type MessageChannel } from "./channel.js";
import { Deflater } from "./compression/deflater.js";
import { Inflater } from "./compression/inflater.js";
import { ProtocolError } from "./errors.js";
import { compressedStreamKind, isStreamMessage } from "./stream.js";

/** The first byte of a compressed control message. What follows is the message. */
const compressedControlKind = 4;

/** What one direction has said so far. Control and stream messages may overtake each other: each has its own. */
interface Context<Engine> {
  control: Engine | undefined;
  stream: Engine | undefined;
}

/** A channel whose messages are compressed from some moment on, each with what was in those before it. */
export class CompressedChannel implements MessageChannel {
  readonly bytesPerSecond?: number;
  readonly binding?: Uint8Array;
  readonly #channel: MessageChannel;
  readonly #limitBytes: number;
  readonly #sent: Context<Deflater> = { control: undefined, stream: undefined };
  readonly #received: Context<Inflater> = { control: undefined, stream: undefined };
  #isCompressed = false;

  /** `limitBytes` is of a message that came, when it is expanded: a longer one closes the channel. */
  constructor(channel: MessageChannel, limitBytes: number) {
    this.#channel = channel;
    this.#limitBytes = limitBytes;
    if (channel.bytesPerSecond !== undefined) this.bytesPerSecond = channel.bytesPerSecond;
    if (channel.binding !== undefined) this.binding = channel.binding;
  }

  get queuedBytes(): number {
    return this.#channel.queuedBytes;
  }

  /** From now on what is sent is compressed, and what comes may be. */
  compress(): void {
    this.#isCompressed = true;
  }

  send(message: Uint8Array, onSent?: () => void): void {
    this.#channel.send(this.#isCompressed ? this.#deflate(message) : message, onSent);
  }

  /** The handler is also told how many bytes the message had when it came. */
  onMessage(handler: (message: Uint8Array, carriedBytes: number) => void): void {
    this.#channel.onMessage((message) => {
      const expanded = this.#expand(message);
      if (expanded !== undefined) handler(expanded, message.length);
    });
  }

  onClose(handler: (reason: string) => void): void {
    this.#channel.onClose(handler);
  }

  close(reason: string): void {
    this.#channel.close(reason);
  }

  #deflate(message: Uint8Array): Uint8Array {
    const isStream = isStreamMessage(message);
    const deflater = isStream
      ? (this.#sent.stream ??= new Deflater())
      : (this.#sent.control ??= new Deflater());
    const kind = isStream ? compressedStreamKind : compressedControlKind;
    return deflater.compress(message, kind);
  }

  /** Undefined when the message makes no sense: the channel is closed then. */
  #expand(message: Uint8Array): Uint8Array | undefined {
    const [kind] = message;
    const isCompressed = kind === compressedControlKind || kind === compressedStreamKind;
    if (!this.#isCompressed || !isCompressed) return message;
    const inflater =
      kind === compressedStreamKind
        ? (this.#received.stream ??= new Inflater())
        : (this.#received.control ??= new Inflater());
    try {
      return inflater.expand(message.subarray(1), this.#limitBytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close(error.message);
      return undefined;
    }
  }
}
