import {
  type FormatConversion,
  type RecordFields,
  type RecordLayout,
  type TraceLayout,
} from "../spec/trace-layout.js";
import { type FieldLayout } from "../spec/value-type.js";
import { type DecodeContext } from "./decode-context.js";
import { DecodeError } from "./decode-error.js";
import { isControlKind, isControlRecord } from "./decoded-record.js";
import { createFieldReader, presentValue } from "./field-reader.js";
import { createConversionFormatter } from "./format-printf.js";
import { formatRecord } from "./format-record.js";
import { cutMark } from "./format-value.js";
import { createIntegerStep } from "./integer-step.js";
import { createRecordDecoder, unknownRecord } from "./record-decoder.js";
import { checkFields, RecordView } from "./record-view.js";
import { TextBuffer } from "./text-buffer.js";
import { encodeUtf8 } from "../text/utf8.js";
import { ValueReaders } from "./value-reader.js";

/**
 * Turns records into text without making values of them: what printf prints at full speed. Strings come out as the bytes
 * that were traced, valid UTF-8 or not.
 */
export interface TextRenderer {
  /**
   * Appends the record's text; false, and nothing appended, when it is a control record. Throws DecodeError for bytes
   * that do not fit the layout.
   */
  render(bytes: Uint8Array, offset: number, length: number): boolean;
  /** Bytes that wait to be taken. */
  readonly pendingSizeBytes: number;
  /** The text so far, in UTF-8; the caller's to keep. */
  take(): Uint8Array;
}

const bufferSizeBytes = 1 << 16;

/** Makes the renderer for a layout. Throws DecodeError when the layout contradicts itself. */
export function createTextRenderer(layout: TraceLayout, context: DecodeContext): TextRenderer {
  const view = new RecordView(context.byteOrder);
  const out = new TextBuffer(bufferSizeBytes);
  const decoder = createRecordDecoder(layout, context);
  const readers = new ValueReaders(context, layout);
  const names = layout.names.map(encodeUtf8);
  const layouts: readonly (PrintfSteps | "control" | "other")[] = layout.records.map((record) =>
    record.kind === "printf"
      ? { record, steps: createSteps(record, readers, names) }
      : isControlKind(record.kind)
        ? "control"
        : "other",
  );

  const renderPrintf = ({ record, steps }: PrintfSteps): void => {
    const before = out.length;
    try {
      view.enterFields(record);
      for (const step of steps) step(view, out);
    } catch (error) {
      out.length = before;
      throw error;
    }
  };

  return {
    render(bytes, offset, length) {
      const id = view.enter(bytes, offset, length);
      const found = layouts[id];
      if (found === undefined) throw unknownRecord(id);
      if (found === "control") return false;
      if (found !== "other") {
        renderPrintf(found);
        return true;
      }
      const record = decoder.decode(bytes, offset, length);
      if (isControlRecord(record)) return false;
      out.appendText(formatRecord(record));
      return true;
    },
    get pendingSizeBytes() {
      return out.length;
    },
    take: () => out.take(),
  };
}

/** Reads what it shows from the record and appends it. */
export type RenderStep = (view: RecordView, out: TextBuffer) => void;

interface PrintfSteps {
  readonly record: RecordFields;
  readonly steps: readonly RenderStep[];
}

type PrintfLayout = Extract<RecordLayout, { readonly kind: "printf" }>;

function createSteps(
  record: PrintfLayout,
  readers: ValueReaders,
  names: readonly Uint8Array[],
): readonly RenderStep[] {
  checkFields(record);
  let taken = 0;
  const steps: RenderStep[] = [];
  for (const piece of record.format) {
    if (typeof piece === "string") {
      steps.push(createLiteralStep(piece));
      continue;
    }
    const field = record.fields[taken++];
    if (field !== undefined) steps.push(createStep(field, piece, readers, names));
  }
  // Strings that no conversion shows are stepped over, so that those after them are found.
  for (const field of record.fields.slice(taken)) {
    if (field.type.kind === "string") steps.push((view) => void view.takeString(field.offset));
  }
  return steps;
}

function createLiteralStep(text: string): RenderStep {
  const bytes = encodeUtf8(text);
  if (bytes.length === 1) {
    const byte = bytes[0] ?? 0;
    return (_, out) => {
      out.appendByte(byte);
    };
  }
  return (_, out) => {
    out.appendBytes(bytes);
  };
}

function createStep(
  field: FieldLayout,
  conversion: FormatConversion,
  readers: ValueReaders,
  names: readonly Uint8Array[],
): RenderStep {
  const step = createFastStep(field, conversion, readers, names);
  const { width } = conversion;
  if (step === undefined) {
    const read = createFieldReader(field, readers);
    const format = createConversionFormatter(conversion);
    return (view, out) => {
      out.appendText(format(presentValue(read(view))));
    };
  }
  if (width === undefined) return step;
  const isLeft = conversion.flags.includes("-");
  return (view, out) => {
    const start = out.length;
    step(view, out);
    out.pad(start, width, isLeft);
  };
}

/** The step for what nearly all conversions are, less the padding to its width; undefined for the rest. */
function createFastStep(
  field: FieldLayout,
  conversion: FormatConversion,
  readers: ValueReaders,
  names: readonly Uint8Array[],
): RenderStep | undefined {
  const { flags, precision } = conversion;
  if (precision !== undefined || (flags !== "" && flags !== "-")) return undefined;
  if (conversion.conversion !== "s") {
    return createIntegerStep(field, conversion, readers.isLittleEndian);
  }
  const { offset } = field;
  if (field.type.kind === "string") return createStringStep(offset, readers.cut.cutMark ?? cutMark);
  if (field.type.kind === "name") return createNameStep(offset, names);
  return undefined;
}

function createStringStep(offset: number, shownMark: string): RenderStep {
  const mark = encodeUtf8(shownMark);
  return (view, out) => {
    const length = view.takeString(offset);
    if (length < 0) return;
    out.appendRange(view.bytes, view.stringStart, view.stringStart + length);
    if (view.isCut(offset)) out.appendBytes(mark);
  };
}

function createNameStep(offset: number, names: readonly Uint8Array[]): RenderStep {
  return (view, out) => {
    const index = view.view.getUint32(view.start + offset, view.isLittleEndian);
    const name = names[index];
    if (name === undefined) {
      throw new DecodeError(`decode a name: there is none of number ${index}`);
    }
    out.appendBytes(name);
  };
}
