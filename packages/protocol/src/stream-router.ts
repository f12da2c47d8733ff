import { type ConnectionClosedError, ProtocolError } from "./errors.js";
import { type Handle } from "./handles.js";
import { type Result, type StreamProgress } from "./methods.js";
import { type StreamSpan } from "./stream.js";

/** Spans that came before anyone asked for their stream; a host opens it as soon as it has the plan's results. */
const unclaimedLimitBytes = 67_108_864;

/** Where the spans of one stream go. */
export interface StreamReceiver {
  onSpan(span: StreamSpan): void;
  /** Once, after the last span: the session has ended. */
  onEnd(error: ConnectionClosedError): void;
}

interface OpenStream {
  receiver: StreamReceiver | undefined;
  /** Spans that came before the receiver. */
  readonly unclaimed: StreamSpan[];
  readonly channels: Map<number, ChannelProgress>;
  /** As the last span told. */
  lost: bigint;
}

interface ChannelProgress {
  /** Where its next span has to begin. */
  received: bigint;
  consumed: bigint;
}

/** Gives each stream's spans to its receiver and holds that none is missing or comes twice. */
export class StreamRouter {
  readonly #streams = new Map<Handle, OpenStream>();
  readonly #ignored = new Set<number>();
  #unclaimedBytes = 0;
  #closed: ConnectionClosedError | undefined;

  open(stream: Handle, receiver: StreamReceiver): void {
    const entry = this.#entry(stream);
    entry.receiver = receiver;
    for (const span of entry.unclaimed.splice(0)) {
      this.#unclaimedBytes -= span.span.length;
      receiver.onSpan(span);
    }
    if (this.#closed !== undefined) this.#finish(stream, receiver, this.#closed);
  }

  ignore(stream: Handle): void {
    this.#ignored.add(stream);
    this.#streams.delete(stream);
  }

  receive(span: StreamSpan): void {
    if (this.#ignored.has(span.stream)) return;
    const entry = this.#entry(span.stream);
    const channel = progressOf(entry, span.channel);
    if (channel.received !== span.position) {
      throw new ProtocolError(
        `stream ${span.stream} channel ${span.channel}: a span at ${span.position}, ${channel.received} was due`,
      );
    }
    channel.received += BigInt(span.span.length);
    entry.lost = span.lost;
    if (entry.receiver === undefined) this.#keep(entry, span);
    else entry.receiver.onSpan(span);
  }

  /** What came before these positions was for another host. */
  goOnFrom(streams: Result<"session.attach">["streams"]): void {
    for (const { stream, lost, positions } of streams) {
      const entry = this.#entry(stream);
      entry.lost = lost;
      for (const { channel, position } of positions) {
        entry.channels.set(channel, { received: position, consumed: position });
      }
    }
  }

  /** Every byte of the channel before the position has been dealt with. */
  consumed(stream: Handle, channel: number, position: bigint): void {
    const entry = this.#streams.get(stream);
    if (entry !== undefined) progressOf(entry, channel).consumed = position;
  }

  /** How far every channel of every stream has come. */
  progress(): StreamProgress[] {
    return [...this.#streams].flatMap(([stream, { channels }]) =>
      [...channels].map(([channel, { received, consumed }]) => ({
        stream,
        channel,
        received,
        consumed,
      })),
    );
  }

  /** How many records more have been lost than the last spans told. */
  lostSince(counts: readonly { readonly stream: Handle; readonly lost: bigint }[]): bigint {
    return counts.reduce((sum, { stream, lost }) => {
      const entry = this.#streams.get(stream);
      return entry === undefined ? sum : sum + lost - entry.lost;
    }, 0n);
  }

  /** Ends every stream with the error; one that nobody has opened yet, when it is opened. */
  close(error: ConnectionClosedError): void {
    this.#closed ??= error;
    for (const [stream, { receiver }] of [...this.#streams]) {
      if (receiver !== undefined) this.#finish(stream, receiver, error);
    }
  }

  #entry(stream: Handle): OpenStream {
    const known = this.#streams.get(stream);
    if (known !== undefined) return known;
    const entry: OpenStream = {
      receiver: undefined,
      unclaimed: [],
      channels: new Map(),
      lost: 0n,
    };
    this.#streams.set(stream, entry);
    return entry;
  }

  #keep(entry: OpenStream, span: StreamSpan): void {
    this.#unclaimedBytes += span.span.length;
    if (this.#unclaimedBytes > unclaimedLimitBytes) {
      throw new ProtocolError(`stream ${span.stream}: too much came before it was opened`);
    }
    entry.unclaimed.push(span);
  }

  #finish(stream: Handle, receiver: StreamReceiver, error: ConnectionClosedError): void {
    this.ignore(stream);
    receiver.onEnd(error);
  }
}

function progressOf({ channels }: OpenStream, channel: number): ChannelProgress {
  let progress = channels.get(channel);
  if (progress === undefined) {
    progress = { received: 0n, consumed: 0n };
    channels.set(channel, progress);
  }
  return progress;
}
