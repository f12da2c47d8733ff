import {
  CsvEventWriter,
  csvCell,
  type EventWriter,
  TextEventWriter,
} from "../output/event-writers.js";
import { formatMap } from "../output/format-map.js";
import { formatValue } from "../output/format-value.js";
import { JsonWriter } from "../output/json-writer.js";
import { type MapEvent } from "../output/trace-writer.js";
import { type ObjectSink, type ObjectTrace } from "../trace/object-trace.js";
import { exitCodes } from "./exit-code.js";
import { onInterrupt } from "./interrupts.js";
import { openOutput, type OutputStream } from "./output-stream.js";

export type ObjectFormat = "text" | "json" | "csv";

export interface RunObjectOptions {
  readonly format: ObjectFormat;
  /** A file instead of standard output. */
  readonly output: string | undefined;
  /** Seconds. */
  readonly interval: number | undefined;
  readonly duration: number | undefined;
  /** Undefined: all. */
  readonly maps: readonly string[] | undefined;
  readonly hasStreams: boolean;
  /** Records say of which stream they are. */
  readonly namesStreams: boolean;
  readonly failsOnLost: boolean;
  /** Says something about the run on standard error. */
  readonly tell: (text: string) => void;
}

/** Prints what an object sends until it is interrupted, and its maps; gives the exit code. */
export async function runObject(trace: ObjectTrace, options: RunObjectOptions): Promise<number> {
  const output = await openOutput(options.output);
  const writer = createWriter(output, options);
  const iterators = await trace.readIterators();
  for (const { text } of iterators) output.write(text);
  const interrupted = new AbortController();
  const stop = (): void => {
    // What fails here, `run` tells.
    trace.stop().catch(() => undefined);
  };
  const forget = onInterrupt(() => {
    interrupted.abort();
    stop();
  });
  const timers = [
    ...(options.duration === undefined ? [] : [setTimeout(stop, options.duration * 1000)]),
  ];
  const printing = new MapPrinter(trace, writer, options.maps);
  const interval =
    options.interval === undefined
      ? undefined
      : setInterval(() => void printing.print(), options.interval * 1000);
  try {
    const running = trace.run(writer);
    void output.broken.then(stop);
    // An object of iterators alone has said all.
    if (iterators.length > 0 && trace.isDone) stop();
    await running;
    clearInterval(interval);
    await printing.print();
    printing.rethrow();
    await output.end();
  } finally {
    for (const timer of timers) clearTimeout(timer);
    clearInterval(interval);
    forget();
  }
  if (trace.lost > 0n)
    options.tell(`Lost ${trace.lost} events: they came faster than they were taken\n`);
  if (trace.lost > 0n && options.failsOnLost) return exitCodes.lost;
  return interrupted.signal.aborted ? exitCodes.interrupted : exitCodes.fine;
}

/** Prints maps one time after the other. */
class MapPrinter {
  readonly #trace: ObjectTrace;
  readonly #writer: ObjectWriter;
  readonly #names: readonly string[] | undefined;
  #work: Promise<void> = Promise.resolve();
  #error: Error | undefined;

  constructor(trace: ObjectTrace, writer: ObjectWriter, names: readonly string[] | undefined) {
    this.#trace = trace;
    this.#writer = writer;
    this.#names = names;
  }

  async print(): Promise<void> {
    this.#work = this.#work.then(async () => {
      try {
        for (const map of await this.#trace.readMaps(this.#names)) this.#writer.map(map);
      } catch (error) {
        this.#error ??= error instanceof Error ? error : new TypeError(String(error));
      }
    });
    await this.#work;
  }

  rethrow(): void {
    if (this.#error !== undefined) throw this.#error;
  }
}

interface ObjectWriter extends ObjectSink {
  map(map: MapEvent): void;
}

function createWriter(
  output: OutputStream,
  { format, namesStreams, tell }: RunObjectOptions,
): ObjectWriter {
  const sink = {
    output: (text: string) => {
      output.write(text);
    },
    notices: tell,
  };
  const ready = (): Promise<void> | undefined => output.ready();
  if (format === "json") {
    const writer = new JsonWriter(sink);
    return {
      ready,
      event: (name, fields) => {
        writer.event({ kind: "event", name, fields });
      },
      map: (map) => {
        writer.event(map);
      },
    };
  }
  const events: EventWriter =
    format === "csv"
      ? new CsvEventWriter(sink, { namesStreams })
      : new TextEventWriter(sink, { namesStreams });
  return {
    ready,
    event: (name, fields) => {
      events.event(name, fields);
    },
    map: (map) => {
      output.write(format === "csv" ? csvOfMap(map) : formatMap(map));
    },
  };
}

/** A row for each entry: the map, its key, its value; a histogram has a row for each bucket. */
function csvOfMap({ name, entries }: MapEvent): string {
  const rows = entries.flatMap(({ key, value }) => {
    const start = [name, ...key.map((part) => formatValue(part))];
    if (value.kind === "histogram") {
      return value.buckets.map(({ low, count }) => [...start, `${low ?? ""}`, `${count}`]);
    }
    return [[...start, value.kind === "plain" ? formatValue(value.value) : ""]];
  });
  return rows.map((cells) => `${cells.map(csvCell).join(",")}\n`).join("");
}
