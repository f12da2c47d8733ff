import { type TextRenderer } from "../output/text-renderer.js";
import { type TraceWriter } from "../output/trace-writer.js";
import { type TraceEvent } from "../output/value.js";
import { type RecordSink } from "./record-pump.js";

/** Where text goes, with its back-pressure. */
export interface TextOutput {
  write(text: string | Uint8Array): void;
  /** `undefined` when it can take more; else resolves when it can. */
  ready(): Promise<void> | undefined;
}

/** Text is passed on in pieces of about this size, and at the end of each span. */
const pieceBytes = 60_000;

/** Renders ordinary records straight to bytes of text, without values in between: the fast way to a terminal or a file. */
export class TextSink implements RecordSink {
  readonly #renderer: TextRenderer;
  readonly #writer: TraceWriter;
  readonly #output: TextOutput;

  /** `writer` writes to the same output what is no record: maps, losses. */
  constructor(renderer: TextRenderer, writer: TraceWriter, output: TextOutput) {
    this.#renderer = renderer;
    this.#writer = writer;
    this.#output = output;
  }

  record(bytes: Uint8Array, offset: number, length: number): void {
    this.#renderer.render(bytes, offset, length);
    if (this.#renderer.pendingSizeBytes >= pieceBytes) this.flush();
  }

  event(event: TraceEvent): void {
    this.flush();
    this.#writer.event(event);
  }

  flush(): void {
    if (this.#renderer.pendingSizeBytes > 0) this.#output.write(this.#renderer.take());
  }

  ready(): Promise<void> | undefined {
    return this.#output.ready();
  }
}
