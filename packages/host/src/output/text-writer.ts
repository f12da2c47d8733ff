import { formatMap } from "./format-map.js";
import { formatRecord } from "./format-record.js";
import { type TraceSink, type TraceWriter } from "./trace-writer.js";

/** Writes what a trace produces as bpftrace prints it. */
export function createTextWriter(sink: TraceSink): TraceWriter {
  return {
    event(event) {
      switch (event.kind) {
        case "map":
          sink.output(formatMap(event));
          break;
        case "attached":
          sink.notices(`Attached ${event.probes} ${event.probes === 1 ? "probe" : "probes"}\n`);
          break;
        case "lost":
          sink.notices(`Lost ${event.count} events\n`);
          break;
        case "exit":
          break;
        default:
          sink.output(formatRecord(event));
      }
    },
    end(maps) {
      sink.output(`\n\n${maps.map(formatMap).join("")}`);
    },
  };
}
