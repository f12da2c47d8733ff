import { ConnectionClosedError } from "@sonde/protocol";
import { type DecodeContext } from "../output/decode-context.js";
import { createEventDecoder, type EventLayout } from "../output/event-decoder.js";
import { type EventFields } from "../output/event-writers.js";
import { decodeObjectMap } from "../output/object-map-decoder.js";
import { PerfCursor } from "../output/perf-span.js";
import { type RecordCursor } from "../output/record-cursor.js";
import { RingCursor } from "../output/ring-span.js";
import { type MapEvent } from "../output/trace-writer.js";
import { type ReadableMap } from "../object/object-layout.js";
import { ConnectError } from "../session/errors.js";
import { type LoadedObject } from "../session/loaded-object.js";
import { type ObjectSpec } from "../spec/object-spec.js";

/** What becomes of what an object sends. */
export interface ObjectSink {
  event(map: string, fields: EventFields): void;
  /** Undefined when it can take more; else resolves when it can. Until then no more comes. */
  ready(): Promise<void> | undefined;
}

/** How what an object sends and holds is read. */
export interface ObjectLayouts {
  readonly streams: readonly EventLayout[];
  readonly maps: readonly ReadableMap[];
}

/** An object at work on a target: its records as they come, its maps as they are. */
export class ObjectTrace {
  readonly loaded: LoadedObject;
  readonly #spec: ObjectSpec;
  readonly #layouts: ObjectLayouts;
  readonly #context: DecodeContext;
  readonly #readers: StreamReader[] = [];
  #events = 0;
  #isStopping = false;
  readonly #stopped: Promise<void>;
  #stop: (error?: Error) => void = () => undefined;

  constructor(
    loaded: LoadedObject,
    spec: ObjectSpec,
    layouts: ObjectLayouts,
    context: DecodeContext,
  ) {
    this.loaded = loaded;
    this.#spec = spec;
    this.#layouts = layouts;
    this.#context = context;
    this.#stopped = new Promise((resolve, reject) => {
      this.#stop = (error) => {
        if (error === undefined) resolve();
        else reject(error);
      };
    });
    // Who does not wait for it is told by what they ask next.
    this.#stopped.catch(() => undefined);
  }

  /** Whether iterators are all that it has: they run when they are read. */
  get isDone(): boolean {
    const iterators = this.#spec.programs.filter(
      ({ expectedAttachType }) => expectedAttachType === "trace_iter",
    );
    return iterators.length === this.#spec.programs.length;
  }

  /** How many records have come. */
  get events(): number {
    return this.#events;
  }

  /** Records that found no room in perf buffers; what finds none in a ring buffer only the program knows. */
  get lost(): bigint {
    return this.#readers.reduce((sum, reader) => sum + reader.lost, 0n);
  }

  /** Gives each record to the sink until `stop`; rejects when the session ends before. */
  async run(sink: ObjectSink): Promise<void> {
    for (const { name, ...layout } of this.#layouts.streams) {
      const type = this.#spec.maps.find((map) => map.name === name)?.type;
      const { byteOrder } = this.#context;
      const createCursor = (): RecordCursor & { readonly lost?: bigint } =>
        type === "ringbuf" ? new RingCursor(byteOrder) : new PerfCursor(byteOrder);
      const decode = createEventDecoder({ name, ...layout }, this.#context);
      const reader = new StreamReader(
        this.loaded,
        name,
        createCursor,
        sink,
        (bytes, at, length) => {
          this.#events++;
          sink.event(name, decode(bytes, at, length));
        },
      );
      this.#readers.push(reader);
      reader.open((error) => {
        this.#stop(error);
      });
    }
    void this.loaded.closed.then((reason) => {
      this.#stop(sessionLost(reason));
    });
    await this.#stopped;
  }

  /** Nothing more is recorded; resolves when all that was has been given to the sink, and `run` with it. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    await this.loaded.disable();
    for (const reader of this.#readers) await reader.finish();
    this.#stop();
  }

  /** All entries of the maps that can be read, or of some of them. */
  async readMaps(names?: readonly string[]): Promise<readonly MapEvent[]> {
    const wanted = this.#layouts.maps.filter(
      ({ name }) => names === undefined || names.includes(name),
    );
    const events: MapEvent[] = [];
    for (const layout of wanted) {
      const dump = await this.loaded.dump(layout.name, { clear: false });
      const entries = decodeObjectMap(dump, layout, this.#context);
      events.push({ kind: "map", name: layout.name, entries, isAggregation: false });
    }
    return events;
  }

  /** What the object's iterators write, by the program's name. */
  async readIterators(): Promise<readonly { readonly program: string; readonly text: string }[]> {
    const texts: { program: string; text: string }[] = [];
    for (const [index, attachment] of this.#spec.attachments.entries()) {
      const program = this.#spec.programs.find(({ name }) => name === attachment.program);
      if (program?.expectedAttachType !== "trace_iter") continue;
      texts.push({ program: program.name, text: await this.loaded.readIterator(index) });
    }
    return texts;
  }
}

/** Takes the spans of one stream, in order and as fast as the sink can. */
class StreamReader {
  readonly #loaded: LoadedObject;
  readonly #map: string;
  readonly #createCursor: () => RecordCursor & { readonly lost?: bigint };
  readonly #cursors = new Map<number, RecordCursor & { readonly lost?: bigint }>();
  readonly #sink: ObjectSink;
  readonly #take: (bytes: Uint8Array, offset: number, length: number) => void;
  readonly #positions = new Map<number, bigint>();
  #work: Promise<void> = Promise.resolve();
  #watch: () => void = () => undefined;

  constructor(
    loaded: LoadedObject,
    map: string,
    createCursor: () => RecordCursor & { readonly lost?: bigint },
    sink: ObjectSink,
    take: (bytes: Uint8Array, offset: number, length: number) => void,
  ) {
    this.#loaded = loaded;
    this.#map = map;
    this.#createCursor = createCursor;
    this.#sink = sink;
    this.#take = take;
  }

  get lost(): bigint {
    return [...this.#cursors.values()].reduce((sum, { lost = 0n }) => sum + lost, 0n);
  }

  open(fail: (error: Error) => void): void {
    this.#loaded.openStream(this.#map, {
      onSpan: ({ channel, position, span }) => {
        this.#work = this.#work
          .then(() => this.#deal(channel, position, span))
          .catch((error: unknown) => {
            fail(error instanceof Error ? error : new TypeError(String(error)));
          });
      },
      onEnd: (error) => {
        fail(sessionLost(error.reason));
      },
    });
  }

  async #deal(channel: number, position: bigint, span: Uint8Array): Promise<void> {
    const cursor = this.#cursors.get(channel) ?? this.#createCursor();
    this.#cursors.set(channel, cursor);
    cursor.reset(span);
    while (cursor.next()) this.#take(cursor.bytes, cursor.offset, cursor.length);
    await this.#sink.ready();
    const end = position + BigInt(span.length);
    this.#positions.set(channel, end);
    this.#loaded.acknowledge(this.#map, channel, end);
    this.#watch();
  }

  /** Resolves when everything that was recorded has been dealt with. */
  async finish(): Promise<void> {
    const { positions } = await this.#loaded.flush(this.#map);
    await new Promise<void>((resolve) => {
      this.#watch = () => {
        const isDone = positions.every(
          (end, channel) => (this.#positions.get(channel) ?? 0n) >= end,
        );
        if (isDone) resolve();
      };
      this.#watch();
    });
  }
}

function sessionLost(reason: string): Error {
  return new ConnectError(`${reason}; how many events were lost after that is unknown`, {
    cause: new ConnectionClosedError(reason),
  });
}
