import { type ObjectFile } from "../object/object-file.js";
import { type EventFields } from "../output/event-writers.js";
import { plainValue, type PlainValue } from "../output/plain-value.js";
import { type MapEntry } from "../output/value.js";
import { TargetError } from "../session/errors.js";
import { type LoadOptions } from "../session/session.js";
import { type ObjectSink, type ObjectTrace } from "./object-trace.js";

/** What of an object is loaded, and how. */
export interface LoadObjectOptions extends LoadOptions {
  /** The object's, for messages and for the names of its maps. */
  readonly name?: string;
  /** These programs alone, also those that the object leaves out by itself. */
  readonly only?: readonly string[];
  readonly without?: readonly string[];
  /** Where programs run, in place of what their sections say: "kprobe:vfs_read". */
  readonly attach?: Readonly<Record<string, string>>;
  /** What global variables hold from the start. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** What the records of buffers are, by the map: "struct event". */
  readonly events?: Readonly<Record<string, string>>;
  /** Types in C that the object does not have. */
  readonly definitions?: string;
  readonly kernelConfiguration?: string;
  readonly pinFolder?: string;
  readonly pid?: number;
}

/** What an object sends and holds, as `sonde types` writes it. */
export interface ObjectTypes {
  readonly programs: string;
  /** Records by the name of their ring or perf buffer. */
  readonly events: Readonly<Record<string, unknown>>;
  readonly maps: Readonly<Record<string, { readonly key: unknown; readonly value: unknown }>>;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A record, and which buffer it came through. */
export type ObjectEvent<Types extends ObjectTypes> = {
  readonly [Map in keyof Types["events"] & string]: {
    readonly map: Map;
    readonly data: Types["events"][Map];
  };
}[keyof Types["events"] & string];

/** Records that wait for the script to take them; beyond, the kernel's buffer fills. */
const limit = 16_384;

/** An object that was loaded and attached on a target, for a script. Closing it removes it from there. */
export class BpfObject<Types extends ObjectTypes = ObjectTypes> implements AsyncDisposable {
  readonly #file: ObjectFile;
  readonly #trace: ObjectTrace;
  readonly #onClose: () => Promise<void>;
  #closing: Promise<void> | undefined;
  #running: Promise<void> | undefined;

  constructor(file: ObjectFile, trace: ObjectTrace, onClose: () => Promise<void>) {
    this.#file = file;
    this.#trace = trace;
    this.#onClose = onClose;
  }

  /** The programs that were loaded. */
  get programs(): readonly Types["programs"][] {
    return [...this.#trace.loaded.handles.programs.keys()];
  }

  /** Its license, maps and so on, as its compiler made them. */
  get file(): ObjectFile {
    return this.#file;
  }

  /** Records that found no room in perf buffers. */
  get lost(): bigint {
    return this.#trace.lost;
  }

  /** Each record as it comes, until `stop` or `close`. Called once. Rejects when the session ends before. */
  async *events(): AsyncGenerator<ObjectEvent<Types>> {
    if (this.#running !== undefined) throw new TargetError("the object's events are being read");
    const queue = new RecordQueue();
    let failure: { readonly error: unknown } | undefined;
    this.#running = this.#trace.run(queue).catch((error: unknown) => {
      failure = { error };
    });
    void this.#running.then(() => {
      queue.end();
    });
    for (;;) {
      const next = await queue.take();
      if (next === undefined) break;
      const data = Object.fromEntries(
        Object.entries(next.fields).map(([name, value]) => [name, plainValue(value)]),
      );
      // The object's own types say what its records are.
      yield { map: next.map, data } as ObjectEvent<Types>;
    }
    if (failure !== undefined) throw failure.error;
  }

  /** All entries of a map, as they are now. Throws TargetError for one that cannot be read. */
  async map<Name extends keyof Types["maps"] & string>(
    name: Name,
  ): Promise<readonly Types["maps"][Name][]> {
    const entries = await this.#entries(name);
    return entries.map(({ key, value }) => {
      const plain = { key: onlyOne(key.map(plainValue)), value: plainMapValue(value) };
      return plain as Types["maps"][Name];
    });
  }

  /** A global variable of .data or .bss, as it is now. Throws TargetError when there is none. */
  async variable<Name extends keyof Types["variables"] & string>(
    name: Name,
  ): Promise<Types["variables"][Name]> {
    const section = this.#file.maps.find(
      (map) => map.kind === "data" && map.variables.some((one) => one.name === name),
    );
    const entries = section === undefined ? [] : await this.#entries(section.name);
    for (const { key, value } of entries) {
      const isIt = key[0]?.kind === "text" && key[0].value === name;
      if (isIt) return plainMapValue(value) as Types["variables"][Name];
    }
    throw new TargetError(`the object has no variable ${name} that can be read`);
  }

  async #entries(name: string): Promise<readonly MapEntry[]> {
    const [map] = await this.#trace.readMaps([name]);
    if (map === undefined) throw new TargetError(`the object has no map ${name} that can be read`);
    return map.entries;
  }

  /** Nothing more is recorded; what was recorded still comes, and then `events` ends. */
  async stop(): Promise<void> {
    await this.#trace.stop();
    await this.#running;
  }

  /** Removes it from the target. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.stop();
    await this.#onClose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function onlyOne(values: readonly PlainValue[]): PlainValue {
  return values.length === 1 ? (values[0] ?? []) : values;
}

function plainMapValue(value: MapEntry["value"]): PlainValue {
  if (value.kind === "plain") return plainValue(value.value);
  if (value.kind !== "histogram") return [];
  return value.buckets.map(({ low = 0n, count }) => [low, count]);
}

/** Records between the stream and the script. */
class RecordQueue implements ObjectSink {
  readonly #records: { readonly map: string; readonly fields: EventFields }[] = [];
  #isOver = false;
  #wakeReader: () => void = () => undefined;
  #wakeWriter: () => void = () => undefined;

  event(map: string, fields: EventFields): void {
    this.#records.push({ map, fields });
    this.#wakeReader();
  }

  ready(): Promise<void> | undefined {
    if (this.#records.length < limit) return undefined;
    return new Promise((resolve) => {
      this.#wakeWriter = resolve;
    });
  }

  end(): void {
    this.#isOver = true;
    this.#wakeReader();
  }

  async take(): Promise<{ readonly map: string; readonly fields: EventFields } | undefined> {
    while (this.#records.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
    const record = this.#records.shift();
    if (this.#records.length < limit / 2) this.#wakeWriter();
    return record;
  }
}
