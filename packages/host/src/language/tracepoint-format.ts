import { cInteger } from "./c-integer.js";
import { type IntegerType } from "./check/type.js";

/** A field of a tracepoint's record. */
export interface TracepointField {
  readonly name: string;
  /** As the kernel writes it, less array brackets and __data_loc: "const char *", "pid_t". */
  readonly typeName: string;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly shape: TracepointFieldShape;
}

export type TracepointFieldShape =
  /** The field may be wider than the type: see `significantBytes`. */
  | { readonly kind: "integer"; readonly isSigned: boolean }
  | {
      readonly kind: "pointer";
      /** What it points to, when that is an integer. */
      readonly target: IntegerType | undefined;
    }
  /** A char array within the record. */
  | { readonly kind: "string" }
  | {
      readonly kind: "array";
      readonly element: IntegerType;
      readonly length: number;
    }
  /** A string elsewhere in the record: the field holds offset and length. */
  | { readonly kind: "dataLocation"; readonly isRelative: boolean }
  /** Structures, and arrays of them: named, but not readable. */
  | { readonly kind: "opaque" };

/**
 * The fields in the text of a tracepoint's `format` file (tracefs), less the common ones, which programs cannot read. Lines
 * that are no fields are passed over.
 */
export function parseTracepointFormat(text: string): TracepointField[] {
  const fields: TracepointField[] = [];
  for (const line of text.split("\n")) {
    const match =
      /^\s*field:(?<declaration>[^;]+);\s*offset:(?<offset>\d+);\s*size:(?<size>\d+);(?:\s*signed:(?<signed>-?\d+);)?/.exec(
        line,
      )?.groups;
    if (match === undefined) continue;
    const field = parseField(
      match["declaration"] ?? "",
      Number(match["offset"]),
      Number(match["size"]),
      match["signed"] === "1",
    );
    if (field !== undefined && !field.name.startsWith("common_")) fields.push(field);
  }
  return fields;
}

function parseField(
  declaration: string,
  offset: number,
  sizeBytes: number,
  isSigned: boolean,
): TracepointField | undefined {
  const parts =
    /^(?<location>__data_loc\s+|__rel_loc\s+)?(?<type>.*?)(?<brackets>\[\])?\s*\b(?<name>[A-Za-z_]\w*)\s*(?<length>\[.*\])?$/.exec(
      declaration.trim(),
    )?.groups;
  if (parts === undefined) return undefined;
  const { location, type = "", name = "", length } = parts;
  const typeName = type.trim().replaceAll(/\s+/g, " ");
  let shape: TracepointFieldShape;
  if (location !== undefined) {
    const isText = isCharacter(typeName);
    shape = isText
      ? { kind: "dataLocation", isRelative: location.startsWith("__rel_loc") }
      : { kind: "opaque" };
  } else if (length !== undefined) {
    shape = shapeOfArray(typeName, sizeBytes, isSigned, length);
  } else if (typeName.endsWith("*")) {
    shape = { kind: "pointer", target: cInteger(typeName.slice(0, -1)) };
  } else if ([1, 2, 4, 8].includes(sizeBytes) && !/^(?:struct|union) /.test(typeName)) {
    // The kernel says "unsigned" of every argument of a system call: the type knows better.
    shape = { kind: "integer", isSigned: cInteger(typeName)?.isSigned ?? isSigned };
  } else {
    shape = { kind: "opaque" };
  }
  return { name, typeName, offset, sizeBytes, shape };
}

function shapeOfArray(
  typeName: string,
  sizeBytes: number,
  isSigned: boolean,
  brackets: string,
): TracepointFieldShape {
  if (sizeBytes === 0) return { kind: "opaque" };
  if (isCharacter(typeName)) return { kind: "string" };
  // The length may be the name of a constant, as [TASK_COMM_LEN]: then the element's type says.
  const written = /^\[(\d+)\]$/.exec(brackets)?.[1];
  const elementBytes =
    written === undefined ? cInteger(typeName)?.sizeBytes : sizeBytes / Number(written);
  if (elementBytes !== 1 && elementBytes !== 2 && elementBytes !== 4 && elementBytes !== 8) {
    return { kind: "opaque" };
  }
  const element: IntegerType = {
    kind: "integer",
    sizeBytes: elementBytes,
    isSigned: cInteger(typeName)?.isSigned ?? isSigned,
  };
  return { kind: "array", element, length: Math.floor(sizeBytes / elementBytes) };
}

function isCharacter(typeName: string): boolean {
  return /^(?:const )?char$/.test(typeName);
}

/**
 * Where the value of an integer field stands: a system call's `int` fills a whole register in the record, of which only
 * the low half means anything.
 */
export function significantBytes(
  field: TracepointField,
  byteOrder: "little" | "big",
): { readonly offset: number; readonly sizeBytes: number } {
  const natural = cInteger(field.typeName)?.sizeBytes ?? field.sizeBytes;
  if (natural >= field.sizeBytes) return { offset: field.offset, sizeBytes: field.sizeBytes };
  const gap = byteOrder === "big" ? field.sizeBytes - natural : 0;
  return { offset: field.offset + gap, sizeBytes: natural };
}
