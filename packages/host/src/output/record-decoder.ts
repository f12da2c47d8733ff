import {
  type RecordLayout,
  type RuntimeWarningLayout,
  type TraceLayout,
} from "../spec/trace-layout.js";
import { type DecodeContext } from "./decode-context.js";
import { DecodeError } from "./decode-error.js";
import { type DecodedRecord } from "./decoded-record.js";
import { createPrintfFormatter } from "./format-printf.js";
import { formatValue } from "./format-value.js";
import { createFieldsReader, presentValue } from "./field-reader.js";
import { RecordView } from "./record-view.js";
import { createTimeFormatter } from "./strftime.js";
import { ValueReaders } from "./value-reader.js";
import { type Value } from "./value.js";

/** Decodes the records of one trace. */
export interface RecordDecoder {
  /** The record of `length` bytes at `offset`. Throws DecodeError for bytes that do not fit the layout. */
  decode(bytes: Uint8Array, offset: number, length: number): DecodedRecord;
}

/** Makes the decoder for a layout. Throws DecodeError when the layout contradicts itself. */
export function createRecordDecoder(layout: TraceLayout, context: DecodeContext): RecordDecoder {
  const view = new RecordView(context.byteOrder);
  const readers = new ValueReaders(context, layout);
  const decoders = layout.records.map((record) => createDecoder(record, readers, context));
  return {
    decode(bytes, offset, length) {
      const id = view.enter(bytes, offset, length);
      const decode = decoders[id];
      if (decode === undefined) throw unknownRecord(id);
      return decode(view);
    },
  };
}

export function unknownRecord(id: number): DecodeError {
  return new DecodeError(`decode a record: there is no layout of number ${id}`);
}

type Decoder = (view: RecordView) => DecodedRecord;

function createDecoder(
  record: RecordLayout,
  readers: ValueReaders,
  context: DecodeContext,
): Decoder {
  switch (record.kind) {
    case "printf": {
      const readFields = createFieldsReader(record, readers);
      const format = createPrintfFormatter(record.format);
      return (view) => {
        const args = readFields(view).map(presentValue);
        return { kind: "printf", text: format(args), args };
      };
    }
    case "message": {
      const readFields = createFieldsReader(record, readers);
      const format = createPrintfFormatter(record.format);
      const { level, place } = record;
      return (view) => {
        const text = format(readFields(view).map(presentValue));
        return {
          kind: "message",
          // Its line ends as all do, whether the format says so or not.
          text: `${place}: ${level}: ${text.replace(/\n$/, "")}`,
          call: { level, place, text },
        };
      };
    }
    case "warning":
      return createWarningDecoder(record, createFieldsReader(record, readers));
    case "system":
    case "cat": {
      const readFields = createFieldsReader(record, readers);
      const format = createPrintfFormatter(record.format);
      const { kind } = record;
      return (view) => ({ kind, text: format(readFields(view).map(presentValue)) });
    }
    case "printValue": {
      const readFields = createFieldsReader(record, readers);
      return (view) => ({ kind: "value", value: presentValue(readFields(view)[0]) });
    }
    case "join": {
      const readFields = createFieldsReader(record, readers);
      return (view) => ({ kind: "join", text: joinPresent(readFields(view), record.separator) });
    }
    case "event": {
      const readFields = createFieldsReader(record, readers);
      const lists = repeatedNames(record.fieldNames);
      return (view) => ({
        kind: "event",
        name: record.name,
        fields: nameFields(record.fieldNames, readFields(view), lists),
      });
    }
    case "exit": {
      const readFields = createFieldsReader(record, readers);
      return (view) => ({ kind: "exit", code: exitCode(readFields(view)[0]) });
    }
    case "time": {
      const format = createTimeFormatter(record.format, context.timeZone);
      return () => ({ kind: "time", text: format(context.now()) });
    }
    case "printMap":
    case "clearMap":
    case "zeroMap":
      return () => record;
  }
}

/** As bpftrace has it: the message, what the helper gave, and the line of the program. */
function createWarningDecoder(
  { place, text, excerpt, helper }: RuntimeWarningLayout,
  readFields: (view: RecordView) => readonly (Value | undefined)[],
): Decoder {
  return (view) => {
    const [code] = readFields(view);
    const given = code?.kind === "integer" ? BigInt.asIntN(32, code.value) : 0n;
    // What newer kernels say (ERANGE) of an address that is not the kernel's is no more than that.
    const result = given === -34n ? -14n : given;
    const lines = [
      `${place}: WARNING: ${text}`,
      ...(helper === undefined ? [] : [`Additional Info - helper: ${helper}, retcode: ${result}`]),
      excerpt,
    ];
    const fault = helper === undefined ? {} : { helper: { name: helper, code: result } };
    return {
      kind: "message",
      text: lines.join("\n"),
      call: { level: "WARNING", place, text, fault },
    };
  };
}

function joinPresent(values: readonly (Value | undefined)[], separator: string): string {
  const texts: string[] = [];
  for (const value of values) {
    if (value === undefined) break;
    texts.push(formatValue(value));
  }
  return texts.join(separator);
}

/** Names that several fields have: those are a list. */
function repeatedNames(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.filter((name, at) => names.indexOf(name) !== at));
}

/** Absent strings are left out; in a list the first one ends it. */
function nameFields(
  names: readonly string[],
  values: readonly (Value | undefined)[],
  lists: ReadonlySet<string>,
): Readonly<Record<string, Value>> {
  const fields: Record<string, Value> = {};
  for (const list of lists) {
    const elements = values.filter((_, at) => names[at] === list);
    const end = elements.indexOf(undefined);
    const present = elements.slice(0, end < 0 ? undefined : end).map(presentValue);
    fields[list] = { kind: "tuple", elements: present };
  }
  for (const [at, value] of values.entries()) {
    const name = names[at];
    if (value !== undefined && name !== undefined && !lists.has(name)) fields[name] = value;
  }
  return fields;
}

function exitCode(value: Value | undefined): number {
  if (value?.kind !== "integer") throw new DecodeError("decode an exit record: it has no code");
  return Number(BigInt.asIntN(32, value.value));
}
