import {
  type ConnectionClosedError,
  ProtocolError,
  RemoteError,
  type WireError,
} from "./errors.js";
import { type Handle } from "./handles.js";
import { type StreamSpan } from "./stream.js";

/** Spans that came before anyone asked for their stream; a host opens it as soon as it has the plan's results. */
const unclaimedLimitBytes = 67_108_864;

/** Where the spans of one stream go. */
export interface StreamReceiver {
  onSpan(span: StreamSpan): void;
  /** Once, after the last span: with an error when the stream was not closed on request. */
  onEnd(error?: RemoteError | ConnectionClosedError): void;
}

interface OpenStream {
  receiver: StreamReceiver | undefined;
  /** Spans that came before the receiver, and the end if it did. */
  readonly unclaimed: StreamSpan[];
  end: { readonly error: RemoteError | undefined } | undefined;
  /** For each channel the position where its next span has to begin. */
  readonly positions: Map<number, bigint>;
}

/** Gives each stream's spans to its receiver and holds that none is missing or comes twice. */
export class StreamRouter {
  readonly #streams = new Map<number, OpenStream>();
  readonly #ignored = new Set<number>();
  #unclaimedBytes = 0;
  #closed: { readonly error: ConnectionClosedError } | undefined;

  open(stream: Handle, receiver: StreamReceiver): void {
    const entry = this.#entry(stream);
    entry.receiver = receiver;
    for (const span of entry.unclaimed.splice(0)) {
      this.#unclaimedBytes -= span.span.length;
      receiver.onSpan(span);
    }
    const end = entry.end ?? this.#closed;
    if (end !== undefined) this.#finish(stream, receiver, end.error);
  }

  ignore(stream: number): void {
    this.#ignored.add(stream);
    this.#streams.delete(stream);
  }

  receive(span: StreamSpan): void {
    if (this.#ignored.has(span.stream)) return;
    const entry = this.#entry(span.stream);
    if (entry.end !== undefined) {
      throw new ProtocolError(`stream ${span.stream}: a span after the end`);
    }
    const due = entry.positions.get(span.channel);
    if (due !== undefined && due !== span.position) {
      throw new ProtocolError(
        `stream ${span.stream} channel ${span.channel}: a span at ${span.position}, ${due} was due`,
      );
    }
    entry.positions.set(span.channel, span.position + BigInt(span.span.length));
    if (entry.receiver === undefined) this.#keep(entry, span);
    else entry.receiver.onSpan(span);
  }

  end(stream: Handle, error: WireError | undefined): void {
    if (this.#ignored.has(stream)) return;
    const entry = this.#entry(stream);
    if (entry.end !== undefined) throw new ProtocolError(`stream ${stream}: ended twice`);
    entry.end = { error: error === undefined ? undefined : new RemoteError(error) };
    if (entry.receiver !== undefined) this.#finish(stream, entry.receiver, entry.end.error);
  }

  /** Ends every stream with the error; one that nobody has opened yet, when it is opened. */
  close(error: ConnectionClosedError): void {
    this.#closed ??= { error };
    for (const [stream, { receiver }] of [...this.#streams]) {
      if (receiver !== undefined) this.#finish(stream, receiver, error);
    }
  }

  #entry(stream: number): OpenStream {
    const known = this.#streams.get(stream);
    if (known !== undefined) return known;
    const entry: OpenStream = {
      receiver: undefined,
      unclaimed: [],
      end: undefined,
      positions: new Map(),
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

  #finish(
    stream: number,
    receiver: StreamReceiver,
    error: RemoteError | ConnectionClosedError | undefined,
  ): void {
    this.ignore(stream);
    receiver.onEnd(error);
  }
}
