import { type RecordFields } from "../spec/trace-layout.js";
import { type FieldLayout } from "../spec/value-type.js";
import { checkFields, type RecordView } from "./record-view.js";
import { decodeUtf8 } from "../text/utf8.js";
import { type ValueReaders } from "./value-reader.js";
import { type Value } from "./value.js";

/** Reads a field of the record at hand; a string that is absent is undefined. Fields are read in order. */
export type FieldReader = (view: RecordView) => Value | undefined;

/** Makes the reader of all fields of a record. Throws DecodeError when they do not lie within its fixed part. */
export function createFieldsReader(
  record: RecordFields,
  readers: ValueReaders,
): (view: RecordView) => (Value | undefined)[] {
  checkFields(record);
  const fields = record.fields.map((field) => createFieldReader(field, readers));
  return (view) => {
    view.enterFields(record);
    return fields.map((read) => read(view));
  };
}

export function createFieldReader(field: FieldLayout, readers: ValueReaders): FieldReader {
  if (field.type.kind === "string") return (view) => readString(view, field.offset, readers.cut);
  const read = readers.create(field.type);
  return (view) => read(view, view.start + field.offset);
}

function readString(view: RecordView, offset: number, cut: ValueReaders["cut"]): Value | undefined {
  const length = view.takeString(offset);
  if (length < 0) return undefined;
  return {
    kind: "string",
    value: decodeUtf8(view.bytes, view.stringStart, view.stringStart + length),
    isCut: view.isCut(offset),
    ...cut,
  };
}

const emptyString: Value = { kind: "string", value: "", isCut: false };

/** In place of an absent string: an empty one. */
export function presentValue(value: Value | undefined): Value {
  return value ?? emptyString;
}
