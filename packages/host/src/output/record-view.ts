import { type RecordFields } from "../spec/trace-layout.js";
import { type FieldLayout, type ValueType } from "../spec/value-type.js";
import { DecodeError } from "./decode-error.js";
import { noBytes, viewOf } from "./record-cursor.js";

/** A string's fixed field (see RecordFields): its length, whether it was cut, or that it is absent. */
export const stringLengthMask = 0x7fff;
export const stringCutFlag = 0x8000;
export const absentString = 0xffff;

/**
 * The record that is being read: one object, moved from record to record. Strings are read in the order of their fields,
 * each moves `stringAt` on.
 */
export class RecordView {
  readonly isLittleEndian: boolean;
  bytes: Uint8Array = noBytes;
  view: DataView = viewOf(noBytes);
  /** Where the record begins and ends in `bytes`. */
  start = 0;
  end = 0;
  /** Where the next string's bytes begin. */
  stringAt = 0;
  /** Where the string that was taken last begins. */
  stringStart = 0;

  constructor(byteOrder: "little" | "big") {
    this.isLittleEndian = byteOrder === "little";
  }

  /** Moves to a record. Throws DecodeError when it is not within the bytes or has no id. */
  enter(bytes: Uint8Array, offset: number, length: number): number {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = viewOf(bytes);
    }
    this.start = offset;
    this.end = offset + length;
    if (offset < 0 || length < 4 || this.end > bytes.length) {
      throw new DecodeError(`decode a record of ${length} bytes: it has no id`);
    }
    return this.view.getUint32(offset, this.isLittleEndian);
  }

  /** Checks that the record has its layout's fixed part, and goes to its first string. */
  enterFields(layout: RecordFields): void {
    this.stringAt = this.start + layout.fixedSizeBytes;
    if (this.stringAt > this.end) {
      throw new DecodeError(
        `decode a record of ${this.end - this.start} bytes: its fields take ${layout.fixedSizeBytes}`,
      );
    }
  }

  /**
   * Reads a string's fixed field and steps over its bytes; the string begins at `stringStart`. Its length up to its first
   * NUL (a process's name comes with whatever some kernels leave behind that); -1 when absent.
   */
  takeString(fieldOffset: number): number {
    const field = this.view.getUint16(this.start + fieldOffset, this.isLittleEndian);
    if (field === absentString) return -1;
    this.stringStart = this.stringAt;
    this.stringAt += field & stringLengthMask;
    if (this.stringAt > this.end) {
      throw new DecodeError(
        `decode a record of ${this.end - this.start} bytes: a string ends beyond it`,
      );
    }
    let end = this.stringStart;
    while (end < this.stringAt && this.bytes[end] !== 0) end++;
    return end - this.stringStart;
  }

  isCut(fieldOffset: number): boolean {
    const field = this.view.getUint16(this.start + fieldOffset, this.isLittleEndian);
    return field !== absentString && (field & stringCutFlag) !== 0;
  }
}

/** Refuses a layout whose fields lie outside its fixed part, so that readers need not look again. */
export function checkFields(layout: RecordFields): void {
  for (const field of layout.fields) {
    const size = field.type.kind === "string" ? 2 : valueSizeBytes(field.type);
    checkField(field, size, layout.fixedSizeBytes);
  }
}

/** Refuses a field that does not lie within `limit` bytes. */
export function checkField(field: FieldLayout, sizeBytes: number, limit: number): void {
  const isWithin =
    Number.isSafeInteger(field.offset) && field.offset >= 0 && field.offset + sizeBytes <= limit;
  if (!isWithin) {
    throw new DecodeError(
      `layout: a ${field.type.kind} of ${sizeBytes} bytes at ${field.offset} is not within ${limit} bytes`,
    );
  }
}

/** Bytes that a value takes in a map or a tuple. */
export function valueSizeBytes(type: ValueType): number {
  switch (type.kind) {
    case "integer":
      return type.sizeBytes;
    case "boolean":
      return 1;
    case "pointer":
      return type.sizeBytes ?? 8;
    case "ksym":
    case "timestamp":
    case "stack":
    case "code":
    case "controlGroup":
      return 8;
    case "bytes":
      return 8 + type.capacityBytes;
    case "usym":
      return 16;
    case "name":
    case "username":
      return 4;
    case "string":
      return type.capacityBytes;
    case "tuple":
    case "struct":
      return type.sizeBytes;
    case "array":
      return type.elementSizeBytes * type.length;
  }
}
