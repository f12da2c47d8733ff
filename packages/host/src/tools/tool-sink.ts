import { isControlRecord } from "../output/decoded-record.js";
import { type RecordDecoder } from "../output/record-decoder.js";
import { type TraceEvent } from "../output/value.js";
import { type Session } from "../session/session.js";
import { type RecordSink } from "../trace/record-pump.js";
import { type TextOutput } from "../trace/text-sink.js";
import { type ToolEvent, type ToolRow, type ToolRun } from "./tool.js";

export interface ToolSinkOptions {
  readonly session: Session;
  readonly output: TextOutput;
  readonly isJson: boolean;
  readonly now: () => bigint;
  /** What is said beside the rows: standard error. */
  readonly notices: (text: string) => void;
}

/** Shows a tool's events, each in its turn, also when the target is asked about one of them. */
export class ToolSink implements RecordSink {
  readonly #run: ToolRun;
  readonly #decoder: RecordDecoder;
  readonly #options: ToolSinkOptions;
  readonly #waiting: ToolEvent[] = [];
  #working: Promise<void> | undefined;

  constructor(run: ToolRun, decoder: RecordDecoder, options: ToolSinkOptions) {
    this.#run = run;
    this.#decoder = decoder;
    this.#options = options;
  }

  record(bytes: Uint8Array, offset: number, length: number): void {
    const decoded = this.#decoder.decode(bytes, offset, length);
    if (isControlRecord(decoded) || decoded.kind !== "event") return;
    this.#waiting.push({ name: decoded.name, fields: decoded.fields, now: this.#options.now() });
  }

  event(event: TraceEvent): void {
    // Once everything is attached: whoever waits for the header misses nothing.
    if (event.kind === "attached" && !this.#options.isJson) {
      this.#options.output.write(`${this.#run.header()}\n`);
    }
    if (event.kind === "lost") this.#options.notices(`Lost ${event.count} events\n`);
  }

  flush(): void {
    if (this.#waiting.length === 0 || this.#working !== undefined) return;
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    let text = "";
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
      const row = await this.#run.row(event, this.#options.session);
      if (row !== undefined) text += this.#format(row);
    }
    if (text !== "") this.#options.output.write(text);
  }

  #format(row: ToolRow): string {
    if (!this.#options.isJson) return `${row.text()}\n`;
    return `${JSON.stringify(row.json(), (_key, item: unknown) => (typeof item === "bigint" ? item.toString() : item))}\n`;
  }

  ready(): Promise<void> | undefined {
    return this.#working === undefined
      ? this.#options.output.ready()
      : this.#working.then(() => this.#options.output.ready());
  }
}
