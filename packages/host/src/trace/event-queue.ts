import { type RecordDecoder } from "../output/record-decoder.js";
import { isControlRecord } from "../output/decoded-record.js";
import { type TraceEvent } from "../output/value.js";
import { type RecordSink } from "./record-pump.js";

/** Events that wait for the script to take them; beyond, no credit is given back. */
const limit = 16_384;

/** Decodes records into events that a script takes one by one. */
export class EventQueue implements RecordSink, AsyncIterable<TraceEvent> {
  readonly #decoder: RecordDecoder;
  #events: TraceEvent[] = [];
  #next = 0;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

  constructor(decoder: RecordDecoder) {
    this.#decoder = decoder;
  }

  record(bytes: Uint8Array, offset: number, length: number): void {
    const decoded = this.#decoder.decode(bytes, offset, length);
    if (!isControlRecord(decoded)) this.event(decoded);
  }

  event(event: TraceEvent): void {
    this.#events.push(event);
  }

  flush(): void {
    this.#wakeReader?.();
  }

  ready(): Promise<void> | undefined {
    if (this.#events.length - this.#next < limit) return undefined;
    return new Promise((resolve) => {
      this.#wakeWriter = resolve;
    });
  }

  end(): void {
    this.#isOver = true;
    this.#wakeReader?.();
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TraceEvent> {
    for (;;) {
      const event = this.#events[this.#next];
      if (event !== undefined) {
        this.#next++;
        yield event;
        continue;
      }
      this.#events = [];
      this.#next = 0;
      this.#wakeWriter?.();
      this.#wakeWriter = undefined;
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#isOver) return;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
      this.#wakeReader = undefined;
    }
  }
}
