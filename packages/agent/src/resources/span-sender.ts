import {
  CreditWindow,
  type Handle,
  streamHeaderSizeBytes,
  writeStreamHeader,
} from "@sonde/protocol";
import { type BufferPool } from "./buffer-pool.js";

/** What of the session's channel a stream uses. */
export interface StreamChannel {
  /** While it is not there is no link: what was sent and not acknowledged will be sent again. */
  readonly isOpen: boolean;
  /** The message ends with `macSizeBytes` that are the channel's to fill. */
  send(message: Uint8Array, onSent?: () => void): void;
  readonly macSizeBytes?: number | undefined;
  readonly queuedBytes: number;
  /** Of a slow line. */
  readonly bytesPerSecond?: number | undefined;
}

/** One message carries at most so much, a single record aside: small enough for others to get a word in. */
export const spanLimitBytes = 65_536;

/** How far a host has come with a channel: positions before which every byte has come, and has been consumed. */
export interface ChannelProgress {
  readonly channel: number;
  readonly received: bigint;
  readonly consumed: bigint;
}

/** With so much queued in this process the kernel's ring is the better place for more. */
const queueLimitBytes = 262_144;

/** On a slow line so much of its time: what waits in this process would be old when it arrives. */
const slowLineSeconds = 0.25;
const smallestSlowSpanBytes = 512;

/** Whether there is room to send, and else what to wait for. */
export type Room =
  | { readonly kind: "room"; readonly lengthBytes: number }
  /** The host must acknowledge some, or come back. */
  | { readonly kind: "credit" }
  /** The link must take some. */
  | { readonly kind: "queue" };

export interface SpanSenderOptions {
  readonly channel: StreamChannel;
  readonly pool: BufferPool;
  readonly stream: Handle;
  readonly creditBytes: number;
  /** Records that did not fit, counted on the kernel's side since the stream's start. */
  readonly readLost: () => bigint;
}

/** Sends spans of one stream, within what the host has given credit for. The bytes are copied before `send` returns. */
export class SpanSender {
  readonly #options: SpanSenderOptions;
  readonly #window: CreditWindow;
  readonly #smallestRoom: number;

  constructor(options: SpanSenderOptions) {
    this.#options = options;
    this.#window = new CreditWindow(options.creditBytes);
    this.#smallestRoom = Math.min(options.creditBytes >> 2, spanLimitBytes);
  }

  /**
   * With a quarter of the credit left, or nothing on its way, there is room: a trickle of credit would make a trickle
   * of tiny messages.
   */
  room(): Room {
    const { isOpen, bytesPerSecond, queuedBytes } = this.#options.channel;
    if (!isOpen) return { kind: "credit" };
    const slowLimit =
      bytesPerSecond === undefined
        ? Infinity
        : Math.max(smallestSlowSpanBytes, Math.floor(bytesPerSecond * slowLineSeconds));
    if (queuedBytes > Math.min(queueLimitBytes, slowLimit)) return { kind: "queue" };
    const available = this.#window.available();
    if (this.hasUnacknowledged && available < this.#smallestRoom) return { kind: "credit" };
    return { kind: "room", lengthBytes: Math.min(available, spanLimitBytes, slowLimit) };
  }

  get hasUnacknowledged(): boolean {
    return this.#window.unacknowledgedBytes > 0;
  }

  /** Where the channel's next byte stands. */
  position(channel: number): bigint {
    return this.#window.position(channel);
  }

  get lost(): bigint {
    return this.#options.readLost();
  }

  /** Up to where the host has consumed each channel of which something was sent. */
  get consumed(): readonly { readonly channel: number; readonly position: bigint }[] {
    return this.#window.channels.map(({ channel, acknowledged }) => ({
      channel,
      position: acknowledged,
    }));
  }

  /** Passes over bytes of a channel of which nothing is unacknowledged. */
  skip(channel: number, lengthBytes: number): void {
    this.#window.skip(lengthBytes, channel);
  }

  /** Sends whole records, in two pieces when they lie across the buffer's end. */
  send(channel: number, span: Uint8Array, rest?: Uint8Array): void {
    const { channel: link, pool, stream, readLost } = this.#options;
    const length = span.length + (rest?.length ?? 0);
    const sizeBytes = streamHeaderSizeBytes + length + (link.macSizeBytes ?? 0);
    const buffer = pool.take(sizeBytes);
    const header = new DataView(buffer.buffer, buffer.byteOffset, streamHeaderSizeBytes);
    const position = this.#window.position(channel);
    writeStreamHeader(header, { channel, stream, position, lost: readLost() });
    buffer.set(span, streamHeaderSizeBytes);
    if (rest !== undefined) buffer.set(rest, streamHeaderSizeBytes + span.length);
    this.#window.sent(length, channel);
    link.send(buffer.subarray(0, sizeBytes), () => {
      pool.give(buffer);
    });
  }

  /** Nothing more will be sent. */
  end(): void {
    this.#options.pool.clear();
  }

  /** Throws ProtocolError when the host cannot have come so far. */
  requireProgress({ channel, received, consumed }: ChannelProgress): void {
    this.#window.requireProgress(received, consumed, channel);
  }

  /**
   * The host has come so far, and what was sent beyond must be sent again; of channels that are not named it has nothing
   * but what it acknowledged. Calls back with the position from which each channel goes on.
   */
  resume(
    progress: readonly ChannelProgress[],
    rewind: (channel: number, position: bigint) => void,
  ): void {
    for (const { channel, consumed } of progress) this.#window.acknowledged(consumed, channel);
    for (const { channel, acknowledged } of this.#window.channels) {
      const known = progress.find((one) => one.channel === channel);
      const position = known?.received ?? acknowledged;
      this.#window.rewind(position, channel);
      rewind(channel, position);
    }
  }

  /** Throws ProtocolError for a position that was never sent or goes back. */
  acknowledged(channel: number, position: bigint): void {
    this.#window.acknowledged(position, channel);
  }
}
