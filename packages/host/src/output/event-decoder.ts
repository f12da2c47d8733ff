import { type StructField, type ValueType } from "../spec/value-type.js";
import { type DecodeContext } from "./decode-context.js";
import { createInterpreter, type FieldMeaning, meaningOf } from "./field-meaning.js";
import { noBytes, viewOf } from "./record-cursor.js";
import { valueSizeBytes } from "./record-view.js";
import { decodeUtf8 } from "../text/utf8.js";
import { ValueReaders } from "./value-reader.js";
import { type Value } from "./value.js";

/** A C struct that records may be. */
export type StructType = Extract<ValueType, { readonly kind: "struct" }>;

/** How the records of one stream are read. */
export interface EventLayout {
  /** The map's name. */
  readonly name: string;
  /** Of different sizes; none: nobody said what the records are. */
  readonly types: readonly StructType[];
  /** What fields stand for, where their names do not tell. */
  readonly meanings: ReadonlyMap<string, FieldMeaning>;
  /** Fields stand for themselves, whatever they are called. */
  readonly isPlain?: boolean;
}

/** The fields of a record by their names. Its bytes are valid during the call only. */
export type EventDecoder = (
  bytes: Uint8Array,
  offset: number,
  length: number,
) => Readonly<Record<string, Value>>;

/**
 * Makes the decoder of a stream's records. A record may be shorter than its type: fields that it has no bytes of are left out, and
 * an array of characters holds as much as has come, texts in it one after the other.
 */
export function createEventDecoder(layout: EventLayout, context: DecodeContext): EventDecoder {
  const types = [...layout.types]
    .sort((left, right) => left.sizeBytes - right.sizeBytes)
    .map((type) => ({
      sizeBytes: type.sizeBytes,
      decode: createStructDecoder(type, layout, context),
    }));
  const [smallest] = types;
  if (smallest === undefined) return decodeUnknown;
  return (bytes, offset, length) => {
    // Perf buffers pad records to a multiple of 8: the largest type that fits is meant.
    let fitting = smallest;
    for (const type of types) if (type.sizeBytes <= length) fitting = type;
    if (smallest.sizeBytes > length && types.length > 1) fitting = types.at(-1) ?? smallest;
    return fitting.decode(bytes, offset, length);
  };
}

/** Of a record that nobody knows the type of: its size and its bytes. */
function decodeUnknown(
  bytes: Uint8Array,
  offset: number,
  length: number,
): Readonly<Record<string, Value>> {
  const digits = Array.from(bytes.subarray(offset, offset + length), (byte) =>
    byte.toString(16).padStart(2, "0"),
  );
  return {
    size: { kind: "integer", value: BigInt(length), sizeBytes: 4, isSigned: false },
    bytes: { kind: "text", value: digits.join("") },
  };
}

function createStructDecoder(
  { fields }: StructType,
  { meanings, isPlain }: EventLayout,
  context: DecodeContext,
): EventDecoder {
  const readers = new ValueReaders(context, { names: [] });
  const decoders = fields.map((field) => {
    const { name, type } = field;
    const own = isPlain === true ? "number" : meaningOf(name, type);
    const interpret = createInterpreter(meanings.get(name) ?? own, context);
    const read = createFieldDecoder(field, fields, readers);
    return { name, read, interpret };
  });
  let buffer: ArrayBufferLike = noBytes.buffer;
  let view = viewOf(noBytes);
  let known: Uint8Array = noBytes;
  return (bytes, offset, length) => {
    if (known !== bytes || buffer !== bytes.buffer) {
      [known, buffer, view] = [bytes, bytes.buffer, viewOf(bytes)];
    }
    const record: Record<string, Value> = {};
    for (const { name, read, interpret } of decoders) {
      const value = read({ bytes, view, offset, length });
      if (value !== undefined) record[name] = interpret(value);
    }
    return record;
  };
}

interface RecordPlace {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly offset: number;
  readonly length: number;
}

type FieldDecoder = (place: RecordPlace) => Value | undefined;

function createFieldDecoder(
  { name, type, offset: at, bits }: StructField,
  fields: readonly StructField[],
  readers: ValueReaders,
): FieldDecoder {
  const sizeBytes = valueSizeBytes(type);
  const end = at + sizeBytes;
  if (type.kind === "string") {
    const used = usedSize(name, fields, readers.isLittleEndian);
    const readWhole = readers.create(type);
    return (place) => {
      const there = place.length - at;
      const isOpen = sizeBytes === 0;
      if (there <= 0) return undefined;
      const limit = Math.min(there, isOpen ? there : sizeBytes);
      const size = used?.(place);
      if (size !== undefined && size > 0) return texts(place, at, Math.min(size, limit));
      if (isOpen || there < sizeBytes) return texts(place, at, limit);
      return wholeText(readWhole(place, place.offset + at));
    };
  }
  const whole = readers.create({
    kind: "struct",
    fields: [{ name, type, offset: 0, ...(bits === undefined ? {} : { bits }) }],
    sizeBytes,
  });
  const read: FieldDecoder = (place) => {
    const value = whole(place, place.offset + at);
    return value.kind === "record" ? value.fields[0]?.value : value;
  };
  if (type.kind !== "array") return (place) => (end <= place.length ? read(place) : undefined);
  const readElement = readers.create(type.element);
  return (place) => {
    if (end <= place.length && type.length > 0) return read(place);
    const count = Math.floor((place.length - at) / type.elementSizeBytes);
    if (count <= 0) return undefined;
    const elements = Array.from({ length: count }, (_, index) =>
      readElement(place, place.offset + at + index * type.elementSizeBytes),
    );
    return { kind: "array", elements };
  };
}

/** A text that fills its place is as long as that; nothing was cut as far as is known. */
function wholeText(value: Value): Value {
  return value.kind === "string" ? { ...value, isCut: false } : value;
}

/** Texts with NULs between them, with spaces in their place. */
function texts({ bytes, offset }: RecordPlace, at: number, length: number): Value {
  const start = offset + at;
  let end = start + length;
  while (end > start && bytes[end - 1] === 0) end--;
  const text = decodeUtf8(bytes, start, end).replaceAll("\0", " ");
  return { kind: "string", value: text, isCut: false };
}

/** How much of an array is used, where a number beside it tells: "args_size" of "args". */
function usedSize(
  name: string,
  fields: readonly StructField[],
  isLittle: boolean,
): ((place: RecordPlace) => number) | undefined {
  const names = [`${name}_size`, `${name}_len`, `${name}_length`];
  const field = fields.find((one) => names.includes(one.name) && one.bits === undefined);
  if (field?.type.kind !== "integer") return undefined;
  const { offset: at } = field;
  const { sizeBytes } = field.type;
  return ({ view, offset, length }) => {
    if (at + sizeBytes > length) return 0;
    switch (sizeBytes) {
      case 1:
        return view.getUint8(offset + at);
      case 2:
        return view.getUint16(offset + at, isLittle);
      case 4:
        return view.getUint32(offset + at, isLittle);
      case 8:
        return Number(view.getBigUint64(offset + at, isLittle));
    }
  };
}
