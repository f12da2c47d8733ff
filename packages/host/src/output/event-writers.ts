import { formatValue } from "./format-value.js";
import { type TraceSink } from "./trace-writer.js";
import { type Value } from "./value.js";

/** A record of a stream: its fields by name. */
export type EventFields = Readonly<Record<string, Value>>;

/** Writes the records of streams in one format. */
export interface EventWriter {
  event(map: string, fields: EventFields): void;
}

/** "comm=bash pid=12": a line for each record; with several streams the stream's name comes first. */
export class TextEventWriter implements EventWriter {
  readonly #sink: TraceSink;
  readonly #namesStreams: boolean;

  constructor(sink: TraceSink, options: { readonly namesStreams: boolean }) {
    this.#sink = sink;
    this.#namesStreams = options.namesStreams;
  }

  event(map: string, fields: EventFields): void {
    const parts = Object.entries(fields).map(([name, value]) => `${name}=${quoted(value)}`);
    const prefix = this.#namesStreams ? `${map}: ` : "";
    this.#sink.output(`${prefix}${parts.join(" ")}\n`);
  }
}

/** Text with spaces in it has to have an end. */
function quoted(value: Value): string {
  const text = formatValue(value);
  const isText = value.kind === "string" || value.kind === "text";
  return isText && (text === "" || /[\s"=]/.test(text)) ? JSON.stringify(text) : text;
}

/**
 * A table with commas (RFC 4180) for each stream: the names of its columns stand before its first record. With several streams the
 * first column is the stream's name. Fields of structs have columns of their own, "outer.inner".
 */
export class CsvEventWriter implements EventWriter {
  readonly #sink: TraceSink;
  readonly #namesStreams: boolean;
  readonly #columns = new Map<string, string>();

  constructor(sink: TraceSink, options: { readonly namesStreams: boolean }) {
    this.#sink = sink;
    this.#namesStreams = options.namesStreams;
  }

  event(map: string, fields: EventFields): void {
    const cells = Object.entries(fields).flatMap(([name, value]) => flatten(name, value));
    const names = cells.map(([name]) => csvCell(name)).join(",");
    const prefix = (first: string): string => (this.#namesStreams ? `${csvCell(first)},` : "");
    if (this.#columns.get(map) !== names) {
      this.#columns.set(map, names);
      this.#sink.output(`${prefix("stream")}${names}\n`);
    }
    const row = cells.map(([, value]) => csvCell(formatValue(value))).join(",");
    this.#sink.output(`${prefix(map)}${row}\n`);
  }
}

function flatten(name: string, value: Value): readonly (readonly [string, Value])[] {
  if (value.kind !== "record") return [[name, value]];
  return value.fields.flatMap((field) => flatten(`${name}.${field.name}`, field.value));
}

/** Quoted where it has to be. */
export function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
