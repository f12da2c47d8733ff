import { encodeUtf8 } from "../../text/utf8.js";
import { InternalError } from "../../asm/internal-error.js";
import { type CheckedExpression } from "../check/checked-program.js";
import { type Address, type VirtualRegister } from "../ir.js";
import { warnOfFailedRead } from "./failed-read.js";
import { type Lowering } from "./lowering.js";
import { storeBytes } from "./memory-copy.js";
import { behind, constant, moved, pointerTo } from "./program-builder.js";
import {
  capacityOf,
  commBytes,
  fetchComm,
  findRead,
  sizeToRead,
  storedRead,
  storeString,
  type StringRead,
  withShortened,
} from "./strings.js";

/** Where the next string of a record goes. */
export interface Cursor {
  readonly place: Address;
  readonly distance: Distance;
}

/** What is known of the cursor's distance from the record's start. */
export type Distance =
  /** All: the place's offset tells it. */
  | { readonly kind: "fixed" }
  /** It is behind a string of this length, which starts at a fixed offset. */
  | { readonly kind: "afterString"; readonly start: number; readonly length: VirtualRegister }
  | { readonly kind: "unknown" };

const unknown: Distance = { kind: "unknown" };

/** Bit 15 of a string's u16: it was cut. */
const cutFlag = 0x8000;
/** In place of the length: there is no such string. */
export const absentString = 0xffff;
/** The other bits. */
const longestString = 0x7ffe;

/** Bytes that a string can take in a record. A NUL at the end of each is overwritten by the next string. */
export function longestAppended(expression: CheckedExpression): number {
  return capacityOf(expression);
}

/** Puts a string behind those that are there and its length into the field. */
export function appendString(
  lowering: Lowering,
  expression: CheckedExpression,
  field: Address,
  cursor: Cursor,
): Cursor {
  const { builder, memory } = lowering;
  if (capacityOf(expression) > longestString) throw new InternalError("a string beyond 32 kB");
  if (expression.kind === "builtin") {
    // Its length is not worth a second call: readers end a string at its first NUL.
    fetchComm(lowering, cursor.place, commBytes);
    builder.store(field, 2, constant(commBytes));
    const distance = cursor.distance.kind === "fixed" ? cursor.distance : unknown;
    return { place: moved(cursor.place, commBytes), distance };
  }
  if (expression.kind === "stringConstant" && cursor.distance.kind === "fixed") {
    const bytes = encodeUtf8(expression.value).subarray(0, capacityOf(expression) - 1);
    storeBytes(lowering, bytes, cursor.place);
    builder.store(field, 2, constant(bytes.length));
    return { ...cursor, place: moved(cursor.place, bytes.length) };
  }
  if (expression.kind === "conditional")
    return appendConditional(lowering, expression, field, cursor);
  if (expression.kind === "block") {
    lowering.statements(expression.statements);
    return appendString(lowering, expression.value, field, cursor);
  }
  if (expression.kind === "shortened") {
    return withShortened(lowering, expression, (read) => appendRead(lowering, read, field, cursor));
  }
  const read = findRead(lowering, expression);
  if (read !== undefined) return appendRead(lowering, read, field, cursor);
  const capacityBytes = capacityOf(expression);
  return memory.during(capacityBytes, "string", (copy) => {
    storeString(lowering, expression, copy, { capacityBytes, padding: "zero" });
    return appendRead(lowering, storedRead(lowering, copy, expression), field, cursor);
  });
}

function appendConditional(
  lowering: Lowering,
  expression: Extract<CheckedExpression, { readonly kind: "conditional" }>,
  field: Address,
  cursor: Cursor,
): Cursor {
  const { builder, builtins } = lowering;
  const otherwise = builder.newLabel("else");
  const end = builder.newLabel("appended");
  const result = builder.register();
  builtins.during(() => {
    lowering.jumpUnless(expression.condition, otherwise);
    const then = appendString(lowering, expression.then, field, cursor);
    builder.move(result, builder.addressOf(then.place));
    builder.jump(end);
  });
  builder.label(otherwise);
  builtins.during(() => {
    const other = appendString(lowering, expression.otherwise, field, cursor);
    builder.move(result, builder.addressOf(other.place));
  });
  builder.label(end);
  return { place: behind(result), distance: unknown };
}

/** Reads a string to the cursor; what cannot be read is empty. */
export function appendRead(
  lowering: Lowering,
  read: StringRead,
  field: Address,
  cursor: Cursor,
): Cursor {
  const { builder } = lowering;
  const { capacityBytes } = read;
  const unreadable = builder.newLabel("unreadable");
  const cut = builder.newLabel("cut");
  const next = builder.newLabel("read");
  const length = builder.call(
    read.helper,
    pointerTo(cursor.place),
    sizeToRead(lowering, read.length, capacityBytes),
    read.pointer,
  );
  builder.jumpIf("slt", length, constant(1), unreadable);
  // What fills its capacity counts as cut; never is more read, which the verifier wants to be told.
  builder.jumpIf("sgt", length, constant(capacityBytes - (read.showsCut ? 1 : 0)), cut);
  decrement(lowering, length);
  builder.store(field, 2, length);
  builder.label(next);
  builder.aside(() => {
    builder.label(cut);
    builder.move(length, constant(capacityBytes - 1));
    builder.store(field, 2, constant(cutFlag | (capacityBytes - 1)));
    builder.jump(next);
  });
  builder.aside(() => {
    builder.label(unreadable);
    if (read.span !== undefined) {
      warnOfFailedRead(lowering, read.span, "probe_read_str", length);
    }
    builder.move(length, constant(0));
    builder.store(field, 2, constant(0));
    builder.jump(next);
  });
  const end = builder.advance(builder.addressOf(cursor.place), length);
  return {
    place: behind(end),
    distance:
      cursor.distance.kind === "fixed"
        ? { kind: "afterString", start: cursor.place.offset, length }
        : unknown,
  };
}

function decrement({ builder }: Lowering, register: VirtualRegister): void {
  builder.emit({
    kind: "binary",
    operation: "sub",
    width: 64,
    to: register,
    left: register,
    right: constant(1),
  });
}
