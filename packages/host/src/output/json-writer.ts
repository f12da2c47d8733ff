import { errorText } from "../text/error-texts.js";
import { formatValue } from "./format-value.js";
import { formatKey } from "./format-map.js";
import { type MapEvent, type TraceSink, type TraceWriter } from "./trace-writer.js";
import { wellFormed } from "../text/utf8.js";
import {
  type Bucket,
  type MapValue,
  type MessageCall,
  type Point,
  type TraceEvent,
  type Value,
} from "./value.js";

/** Writes what a trace produces as lines of JSON, an object on each: `{"type": "printf", "data": "…"}`. */
export class JsonWriter implements TraceWriter {
  readonly #sink: TraceSink;
  readonly #isQuiet: boolean;

  /** `isQuiet`: nothing about the trace itself. */
  constructor(sink: TraceSink, isQuiet = false) {
    this.#sink = sink;
    this.#isQuiet = isQuiet;
  }

  event(event: TraceEvent): void {
    if (event.kind === "attached" && this.#isQuiet) return;
    if (event.kind === "message") {
      if (event.call === undefined) this.#sink.notices(`${event.text}\n`);
      else this.#sink.output(`${formatCall(event.call)}\n`);
      return;
    }
    const line = formatJsonEvent(event);
    if (line !== "") this.#sink.output(`${line}\n`);
  }

  end(maps: readonly MapEvent[]): void {
    for (const map of maps) this.event(map);
  }
}

/** An event's line, without newline; "" for what has none (an empty map, the end). */
function formatJsonEvent(event: Exclude<TraceEvent, { readonly kind: "message" }>): string {
  switch (event.kind) {
    case "output":
      return line(event.from === "system" ? "syscall" : "cat", jsonText(event.text));
    case "printf":
    case "join":
    case "time":
      return line(event.kind, jsonText(event.text));
    case "value":
      return line("value", formatJsonValue(event.value));
    case "map":
      if (event.entries.length > 0) return formatJsonMap(event);
      return event.isStatistics === true ? line("stats", `{${jsonText(event.name)}: {}}`) : "";
    case "event":
      return `{"type": "event", "name": ${jsonText(event.name)}, "data": ${formatFields(event.fields)}}`;
    case "attached":
      return `{"type": "attached_probes", "count": ${event.probes}, "data": {"probes": ${event.probes}}}`;
    case "lost":
      return line("lost_events", `{"events": ${formatJsonNumber(event.count)}}`);
  }
}

/** As bpftrace has it, on one level. */
function formatCall({ level, place, text, fault }: MessageCall): string {
  const [, file = place, row = "0", column = "0"] = /^(.*):(\d+):(\d+)/.exec(place) ?? [];
  const { helper } = fault ?? {};
  if (helper !== undefined) {
    const cause = errorText(Number(-helper.code));
    return `{"type": "helper_error", "msg": ${jsonText(cause)}, "helper": ${jsonText(helper.name)}, "retcode": ${helper.code}, "filename": ${jsonText(file)}, "line": ${row}, "col": ${column}}`;
  }
  const called = level === "ERROR" ? "errorf" : "warnf";
  const type = fault === undefined ? called : "runtime_error";
  return `{"type": "${type}", "msg": ${jsonText(text)}, "filename": ${jsonText(file)}, "line": ${row}, "col": ${column}}`;
}

function line(type: string, data: string): string {
  return `{"type": "${type}", "data": ${data}}`;
}

function formatFields(fields: Readonly<Record<string, Value>>): string {
  const members = Object.entries(fields).map(
    ([name, value]) => `${jsonText(name)}: ${formatJsonValue(value)}`,
  );
  return `{${members.join(", ")}}`;
}

/** A value as JSON: numbers as numbers where a double holds them exactly, else as strings; tuples as arrays. */
function formatJsonValue(value: Value): string {
  switch (value.kind) {
    case "integer":
    case "pointer":
      return formatJsonNumber(value.value);
    case "bytes":
      return `[${value.bytes.join(",")}]`;
    case "boolean":
      return value.value ? "true" : "false";
    case "tuple":
    case "array":
      return `[${value.elements.map(formatJsonValue).join(",")}]`;
    case "record": {
      const members = value.fields.map(
        (field) => `${jsonText(field.name)}: ${formatJsonValue(field.value)}`,
      );
      return `{${members.join(", ")}}`;
    }
    case "string":
    case "symbol":
    case "stack":
    case "text":
      return jsonText(formatValue(value));
  }
}

function formatJsonNumber(value: bigint): string {
  const text = value.toString();
  return BigInt(Number(value)) === value ? text : `"${text}"`;
}

/** As bpftrace has it: without any space. */
function formatJsonKey(key: readonly Value[]): string {
  return formatKey(key, ",", "name").replaceAll(" ", "");
}

function formatJsonMap({ name, entries }: MapEvent): string {
  const type = entries[0] === undefined ? "map" : mapType(entries[0].value);
  const members = entries.map(({ key, value }) =>
    key.length === 0
      ? formatJsonMapValue(value)
      : `${jsonText(formatJsonKey(key))}: ${formatJsonMapValue(value)}`,
  );
  const isKeyed = entries.some(({ key }) => key.length > 0);
  const data = isKeyed ? `{${members.join(", ")}}` : members.join("");
  return line(type, `{${jsonText(name)}: ${data}}`);
}

function mapType(value: MapValue): string {
  switch (value.kind) {
    case "plain":
    case "number":
      return "map";
    case "average":
    case "statistics":
      return "stats";
    case "histogram":
      return "hist";
    case "series":
      return "tseries";
  }
}

function formatJsonMapValue(value: MapValue): string {
  switch (value.kind) {
    case "plain":
      return formatJsonValue(value.value);
    case "number":
      return formatJsonNumber(value.value);
    case "average":
      return formatJsonNumber(value.average);
    case "statistics": {
      const { count, average, total } = value;
      return `{"count": ${formatJsonNumber(count)}, "average": ${formatJsonNumber(average)}, "total": ${formatJsonNumber(total)}}`;
    }
    case "histogram":
      return `[${value.buckets.map(formatBucket).join(",")}]`;
    case "series":
      return `[${value.points.flatMap(formatPoint).join(",")}]`;
  }
}

/** Closed bounds; the one on an open side is left out. */
function formatBucket({ low, high, count }: Bucket): string {
  const members: string[] = [];
  if (low !== undefined) members.push(`"min": ${formatJsonNumber(low)}`);
  if (high !== undefined) members.push(`"max": ${formatJsonNumber(high)}`);
  members.push(`"count": ${formatJsonNumber(count)}`);
  return `{${members.join(", ")}}`;
}

/** Intervals without a value are left out. */
function formatPoint({ start, value }: Point): string | readonly string[] {
  if (value === undefined) return [];
  return `{"interval_start":${jsonText(start)},"value":${formatJsonNumber(value)}}`;
}

function jsonText(text: string): string {
  return JSON.stringify(wellFormed(text));
}
