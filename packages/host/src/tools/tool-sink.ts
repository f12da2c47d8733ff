import { isControlRecord } from "../output/decoded-record.js";
import { type RecordDecoder } from "../output/record-decoder.js";
import { type MapEvent } from "../output/trace-writer.js";
import { type TraceEvent } from "../output/value.js";
import { type Session } from "../session/session.js";
import { type RecordSink } from "../trace/record-pump.js";
import { type TextOutput } from "../trace/text-sink.js";
import { type TableContext, type ToolEvent, type ToolRow, type ToolRun } from "./tool.js";

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
  readonly #waiting: (ToolEvent | PrintedMaps)[] = [];
  /** Of a table that is not whole yet. */
  #printed: MapEvent[] = [];
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
      const header = this.#run.header(event.probes);
      if (header !== undefined) this.#options.output.write(`${header}\n`);
    }
    if (event.kind === "map") this.#addMap(event);
    if (event.kind === "lost") this.#options.notices(`Lost ${event.count} events\n`);
  }

  #addMap(map: MapEvent): void {
    this.#printed.push(map);
    if (this.#printed.length < (this.#run.mapsPerTable ?? 1)) return;
    this.#waiting.push({ maps: this.#printed, now: this.#options.now() });
    this.#printed = [];
  }

  /** Shows the maps that the program ended with. */
  async end(maps: readonly MapEvent[]): Promise<void> {
    await this.ready();
    const { output, isJson, now } = this.#options;
    const rows = this.#tableOf(maps, { now: now(), isLast: true });
    const footer = isJson ? undefined : this.#run.footer?.();
    const text = rows + (footer === undefined ? "" : `${footer}\n`);
    if (text !== "") output.write(text);
  }

  flush(): void {
    if (this.#waiting.length === 0 || this.#working !== undefined) return;
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    let text = "";
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if ("maps" in next) {
        text += this.#tableOf(next.maps, { now: next.now, isLast: false });
        continue;
      }
      const row = await this.#run.row?.(next, this.#options.session);
      if (row !== undefined) text += this.#format(row);
    }
    if (text !== "") this.#options.output.write(text);
  }

  #tableOf(maps: readonly MapEvent[], context: TableContext): string {
    const rows = this.#run.table?.(maps, context) ?? [];
    return rows.map((row) => this.#format(row)).join("");
  }

  #format(row: ToolRow): string {
    if (!this.#options.isJson) return `${row.text()}\n`;
    const object = row.json();
    if (object === undefined) return "";
    return `${JSON.stringify(object, (_key, item: unknown) => (typeof item === "bigint" ? jsonInteger(item) : item))}\n`;
  }

  ready(): Promise<void> | undefined {
    return this.#working === undefined
      ? this.#options.output.ready()
      : this.#working.then(() => this.#options.output.ready());
  }
}

interface PrintedMaps {
  readonly maps: readonly MapEvent[];
  readonly now: bigint;
}

/** What a number of JSON's cannot hold is text. */
function jsonInteger(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}
