import { type ByteSource, type ValueReader } from "./byte-source.js";
import { type StackType, type ValueType } from "../spec/value-type.js";
import { type DecodeContext, type SymbolName } from "./decode-context.js";
import { createBytesReader } from "./bytes-reader.js";
import { createCodeReader } from "./code-reader.js";
import { DecodeError } from "./decode-error.js";
import { readBuildIds } from "./build-id-frames.js";
import { checkField, valueSizeBytes } from "./record-view.js";
import { createTimeFormatter } from "./strftime.js";
import { decodeUtf8 } from "../text/utf8.js";
import { type Value } from "./value.js";

/** Makes readers of values, all in one byte order and with one list of names. */
export class ValueReaders {
  readonly isLittleEndian: boolean;
  readonly #context: DecodeContext;
  readonly #names: readonly string[];
  /** Of strings that were cut, as a part of them. */
  readonly cut: { readonly cutMark?: string };

  constructor(
    context: DecodeContext,
    { names, cutMark }: { readonly names: readonly string[]; readonly cutMark?: string },
  ) {
    this.#context = context;
    this.#names = names;
    this.cut = cutMark === undefined ? {} : { cutMark };
    this.isLittleEndian = context.byteOrder === "little";
  }

  /**
   * Makes the reader of a type as it is stored in maps and tuples: strings are NUL-padded. Throws DecodeError for a type
   * that contradicts itself; the reader throws it for an index of a name that is not there.
   */
  create(type: ValueType): ValueReader {
    const little = this.isLittleEndian;
    switch (type.kind) {
      case "integer":
        return createIntegerReader(type, little);
      case "boolean":
        return ({ bytes }, offset) => ({ kind: "boolean", value: bytes[offset] !== 0 });
      case "pointer": {
        const get = integerGetter(type.sizeBytes ?? 8, false, little);
        return ({ view }, offset) => ({ kind: "pointer", value: get(view, offset) });
      }
      case "string":
        return (source, offset) => ({
          ...readPaddedString(source, offset, type),
          ...this.cut,
        });
      case "name":
        return ({ view }, offset) => this.#readName(view.getUint32(offset, little));
      case "ksym":
        return ({ view }, offset) => {
          const address = view.getBigUint64(offset, little);
          return symbolValue(address, this.#context.resolveKernelSymbol(address));
        };
      case "usym":
        return ({ view }, offset) => {
          const address = view.getBigUint64(offset, little);
          const pid = view.getUint32(offset + 8, little);
          return symbolValue(address, this.#context.resolveUserSymbol(address, pid));
        };
      case "stack":
        return ({ view }, offset) => this.#readStack(type, view.getBigUint64(offset, little));
      case "timestamp":
        return this.#createTimestampReader(type);
      case "username":
        return ({ view }, offset) => {
          const uid = view.getUint32(offset, little);
          const name = this.#context.resolveUserName(uid);
          return { kind: "text", value: name ?? String(uid) };
        };
      case "controlGroup":
        return ({ view }, offset) =>
          this.#readControlGroup(type, view.getBigUint64(offset, little));
      case "code":
        return createCodeReader(type, this.#context, little);
      case "bytes":
        return createBytesReader(type, little);
      case "tuple":
        return this.#createTupleReader(type);
      case "array":
        return this.#createArrayReader(type);
      case "struct":
        return this.#createStructReader(type);
    }
  }

  #readName(index: number): Value {
    const name = this.#names[index];
    if (name === undefined) {
      throw new DecodeError(`decode a name: there is none of number ${index}`);
    }
    return { kind: "text", value: name };
  }

  #readControlGroup({ hierarchies }: ValueOf<"controlGroup">, id: bigint): Value {
    const paths = this.#context.resolveControlGroup(id, hierarchies);
    const texts = paths.map(({ hierarchy, path }) => `${hierarchy}:${path}`);
    return { kind: "text", value: texts.join(",") };
  }

  #readStack({ space, mode, limit }: StackType, stack: bigint): Value {
    const context = this.#context;
    const kept = stack === 0n ? undefined : context.resolveStack(stack, limit);
    const pid = kept?.pid ?? 0;
    if (mode === "build_id") {
      const frames = readBuildIds(kept?.frames ?? [], this.isLittleEndian);
      return { kind: "stack", space, mode, frames };
    }
    const frames = (kept?.frames ?? []).map((address, index) => {
      const symbol =
        space === "kernel"
          ? context.resolveKernelSymbol(address)
          : context.resolveUserSymbol(address, pid);
      if (symbol?.source === undefined || index === 0) return { address, symbol };
      // Callers go on behind their call, which may be of another line.
      const source = context.resolveUserSymbol(address - 1n, pid)?.source ?? symbol.source;
      return { address, symbol: { ...symbol, source } };
    });
    return { kind: "stack", space, mode, frames };
  }

  #createTimestampReader(type: Extract<ValueType, { readonly kind: "timestamp" }>): ValueReader {
    const format = createTimeFormatter(type.format, this.#context.timeZone);
    const little = this.isLittleEndian;
    return ({ view }, offset) => ({
      kind: "text",
      value: format(
        view.getBigUint64(offset, little) + realtimeMinusClock(this.#context, type.clock),
      ),
    });
  }

  #createTupleReader({ elements, sizeBytes, names }: ValueOf<"tuple">): ValueReader {
    const readers = elements.map((element, at) => {
      checkField(element, valueSizeBytes(element.type), sizeBytes);
      return {
        offset: element.offset,
        read: this.create(element.type),
        name: names?.[at] ?? String(at),
      };
    });
    if (names === undefined) {
      return (source, offset) => ({
        kind: "tuple",
        elements: readers.map((one) => one.read(source, offset + one.offset)),
      });
    }
    return (source, offset) => ({
      kind: "record",
      fields: readers.map(({ name, read, offset: at }) => {
        return { name, value: read(source, offset + at) };
      }),
    });
  }

  #createArrayReader({ element, elementSizeBytes, length }: ValueOf<"array">): ValueReader {
    checkField({ type: element, offset: 0 }, valueSizeBytes(element), elementSizeBytes);
    const read = this.create(element);
    return (source, offset) => ({
      kind: "array",
      elements: Array.from({ length }, (_, at) =>
        withoutMark(read(source, offset + at * elementSizeBytes)),
      ),
    });
  }

  #createStructReader({ fields, sizeBytes }: ValueOf<"struct">): ValueReader {
    const readers = fields.map((field) => {
      checkField(field, valueSizeBytes(field.type), sizeBytes);
      const { name, offset, bits } = field;
      const read = this.create(field.type);
      return { name, offset, read: bits === undefined ? read : cutBits(read, bits) };
    });
    return (source, offset) => ({
      kind: "record",
      fields: readers.map(({ name, offset: at, read }) => {
        return { name, value: withoutMark(read(source, offset + at)) };
      }),
    });
  }
}

type ValueOf<Kind extends ValueType["kind"]> = Extract<ValueType, { readonly kind: Kind }>;

/** A char array of the target's may be full: that is no sign that something was cut. */
function withoutMark(value: Value): Value {
  return value.kind === "string" ? { ...value, isCut: false } : value;
}

/** Reads a bit-field from the integer that it is part of. */
function cutBits(
  read: ValueReader,
  { shift, size }: { readonly shift: number; readonly size: number },
): ValueReader {
  return (source, offset) => {
    const value = read(source, offset);
    if (value.kind !== "integer") return value;
    const bits = BigInt.asUintN(64, value.value) >> BigInt(shift);
    return { ...value, value: BigInt.asUintN(size, bits) };
  };
}

function createIntegerReader(
  { sizeBytes, isSigned, names }: ValueOf<"integer">,
  little: boolean,
): ValueReader {
  const get = integerGetter(sizeBytes, isSigned, little);
  if (names !== undefined) {
    const nameOf = new Map(names.map(({ name, value }) => [value, name]));
    return ({ view }, offset) => {
      const value = get(view, offset);
      const name = nameOf.get(value);
      return {
        kind: "integer",
        value,
        sizeBytes,
        isSigned,
        ...(name === undefined ? {} : { name }),
      };
    };
  }
  return ({ view }, offset) => ({
    kind: "integer",
    value: get(view, offset),
    sizeBytes,
    isSigned,
  });
}

function integerGetter(
  sizeBytes: 1 | 2 | 4 | 8,
  isSigned: boolean,
  little: boolean,
): (view: DataView, offset: number) => bigint {
  switch (sizeBytes) {
    case 1:
      return isSigned
        ? (view, offset) => BigInt(view.getInt8(offset))
        : (view, offset) => BigInt(view.getUint8(offset));
    case 2:
      return isSigned
        ? (view, offset) => BigInt(view.getInt16(offset, little))
        : (view, offset) => BigInt(view.getUint16(offset, little));
    case 4:
      return isSigned
        ? (view, offset) => BigInt(view.getInt32(offset, little))
        : (view, offset) => BigInt(view.getUint32(offset, little));
    case 8:
      return isSigned
        ? (view, offset) => view.getBigInt64(offset, little)
        : (view, offset) => view.getBigUint64(offset, little);
  }
}

/** A string that fills its buffer without a NUL was cut; one that leaves room for that alone, when its type says so. */
function readPaddedString(
  { bytes }: ByteSource,
  offset: number,
  { capacityBytes, showsCut }: ValueOf<"string">,
): Value & { kind: "string" } {
  const limit = offset + capacityBytes;
  let end = offset;
  while (end < limit && bytes[end] !== 0) end++;
  return {
    kind: "string",
    value: decodeUtf8(bytes, offset, end),
    isCut: end >= (showsCut === true ? limit - 1 : limit) && capacityBytes > 0,
  };
}

function symbolValue(address: bigint, symbol: SymbolName | undefined): Value {
  return { kind: "symbol", address, name: symbol?.name, offset: symbol?.offset ?? 0n };
}

/** What turns a clock's nanoseconds into nanoseconds since 1970. */
export function realtimeMinusClock(
  context: DecodeContext,
  clock: "boottime" | "monotonic" | "realtime",
): bigint {
  switch (clock) {
    case "boottime":
      return context.realtimeMinusBoottime;
    case "monotonic":
      return context.realtimeMinusMonotonic;
    case "realtime":
      return 0n;
  }
}
