import { formatMap } from "./format-map.js";
import { formatRecord } from "./format-record.js";
import { type MapEvent, type TraceSink, type TraceWriter } from "./trace-writer.js";
import { type TraceEvent } from "./value.js";

/** Writes what a trace produces as bpftrace prints it. */
export class TextWriter implements TraceWriter {
  readonly #sink: TraceSink;

  constructor(sink: TraceSink) {
    this.#sink = sink;
  }

  event(event: TraceEvent): void {
    switch (event.kind) {
      case "map":
        this.#sink.output(formatMap(event));
        break;
      case "attached":
        this.#sink.notices(`Attached ${event.probes} ${event.probes === 1 ? "probe" : "probes"}\n`);
        break;
      case "message":
        this.#sink.notices(`${event.text}\n`);
        break;
      case "output":
        // As bpftrace does, a line more behind what a command has written.
        this.#sink.output(event.from === "system" ? `${event.text}\n` : event.text);
        break;
      case "lost":
        this.#sink.notices(`Lost ${event.count} events\n`);
        break;
      default:
        this.#sink.output(formatRecord(event));
    }
  }

  end(maps: readonly MapEvent[]): void {
    this.#sink.output(`\n\n${maps.map(formatMap).join("")}`);
  }
}
