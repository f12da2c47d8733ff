import { type FormatConversion } from "../spec/trace-layout.js";
import { type FieldLayout, type ValueType } from "../spec/value-type.js";
import { conversionBits } from "./format-printf.js";
import { type RecordView } from "./record-view.js";
import { type TextBuffer } from "./text-buffer.js";

/** Reads 32 bits of a field, as a signed or unsigned number. */
type HalfReader = (view: RecordView) => number;

/** A number's lower and upper 32 bits; the upper as the type extends the lower, when it has no more. */
interface NumberReader {
  readonly low: HalfReader;
  readonly high: HalfReader;
}

/** Makes the step that shows a number as %d, %u or %x without flags; undefined for anything else. */
export function createIntegerStep(
  field: FieldLayout,
  conversion: FormatConversion,
  isLittleEndian: boolean,
): ((view: RecordView, out: TextBuffer) => void) | undefined {
  const number = createNumberReader(field.type, field.offset, isLittleEndian);
  if (number === undefined) return undefined;
  const { low, high } = number;
  const bits = conversionBits(conversion);
  const unused = bits === 64 ? 0 : 32 - bits;
  switch (conversion.conversion) {
    case "d":
    case "i":
      return bits === 64
        ? (view, out) => {
            out.appendInt64(high(view), low(view) >>> 0);
          }
        : (view, out) => {
            out.appendInt32((low(view) << unused) >> unused);
          };
    case "u":
      return bits === 64
        ? (view, out) => {
            out.appendUint64(high(view) >>> 0, low(view) >>> 0);
          }
        : (view, out) => {
            out.appendUint32((low(view) << unused) >>> unused);
          };
    case "x":
      return bits === 64
        ? (view, out) => {
            out.appendHexadecimal(high(view) >>> 0, low(view) >>> 0);
          }
        : (view, out) => {
            out.appendHexadecimal(0, (low(view) << unused) >>> unused);
          };
    default:
      return undefined;
  }
}

function createNumberReader(
  type: ValueType,
  offset: number,
  isLittle: boolean,
): NumberReader | undefined {
  switch (type.kind) {
    case "integer":
      return type.sizeBytes === 8
        ? createWideReader(offset, isLittle)
        : extend(
            createNarrowReader(type.sizeBytes, type.isSigned, offset, isLittle),
            type.isSigned,
          );
    case "boolean":
      return extend((view) => (view.bytes[view.start + offset] === 0 ? 0 : 1), false);
    case "pointer":
    case "ksym":
      return createWideReader(offset, isLittle);
    default:
      return undefined;
  }
}

function createWideReader(offset: number, isLittle: boolean): NumberReader {
  const lowAt = isLittle ? offset : offset + 4;
  const highAt = isLittle ? offset + 4 : offset;
  return {
    low: ({ view, start }) => view.getUint32(start + lowAt, isLittle),
    high: ({ view, start }) => view.getUint32(start + highAt, isLittle),
  };
}

function extend(low: HalfReader, isSigned: boolean): NumberReader {
  return { low, high: isSigned ? (view) => low(view) >> 31 : () => 0 };
}

function createNarrowReader(
  sizeBytes: 1 | 2 | 4,
  isSigned: boolean,
  offset: number,
  isLittle: boolean,
): HalfReader {
  switch (sizeBytes) {
    case 1:
      return isSigned
        ? ({ view, start }) => view.getInt8(start + offset)
        : ({ view, start }) => view.getUint8(start + offset);
    case 2:
      return isSigned
        ? ({ view, start }) => view.getInt16(start + offset, isLittle)
        : ({ view, start }) => view.getUint16(start + offset, isLittle);
    case 4:
      return isSigned
        ? ({ view, start }) => view.getInt32(start + offset, isLittle)
        : ({ view, start }) => view.getUint32(start + offset, isLittle);
  }
}
