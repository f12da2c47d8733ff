import { isControlRecord } from "../output/decoded-record.js";
import { type RecordDecoder } from "../output/record-decoder.js";
import { type TraceWriter } from "../output/trace-writer.js";
import { type TraceEvent } from "../output/value.js";
import { type RecordSink } from "./record-pump.js";
import { type TextOutput } from "./text-sink.js";

/** Decodes every record into a value and gives it to a writer. */
export class WriterSink implements RecordSink {
  readonly #decoder: RecordDecoder;
  readonly #writer: TraceWriter;
  readonly #output: Pick<TextOutput, "ready">;

  constructor(decoder: RecordDecoder, writer: TraceWriter, output: Pick<TextOutput, "ready">) {
    this.#decoder = decoder;
    this.#writer = writer;
    this.#output = output;
  }

  record(bytes: Uint8Array, offset: number, length: number): void {
    const decoded = this.#decoder.decode(bytes, offset, length);
    if (!isControlRecord(decoded)) this.#writer.event(decoded);
  }

  event(event: TraceEvent): void {
    this.#writer.event(event);
  }

  flush(): void {
    // Writers keep nothing back.
  }

  ready(): Promise<void> | undefined {
    return this.#output.ready();
  }
}
