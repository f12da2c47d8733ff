import { encodeUtf8 } from "../../text/utf8.js";
import { helpers } from "../../asm/helpers.js";
import { InternalError } from "../../asm/internal-error.js";
import { type CheckedExpression, type CheckedExpressionOf } from "../check/checked-program.js";
import { type Address, type HelperArgument, type IrValue, type VirtualRegister } from "../ir.js";
import { dataLocationPointer } from "./context.js";
import { warnOfFailedRead } from "./failed-read.js";
import { type Span } from "../syntax/span.js";
import { type Lowering, pointedStringReader, stringReader } from "./lowering.js";
import { withMapValue } from "./map-access.js";
import { copyMemory, storeBytes, zeroMemory } from "./memory-copy.js";
import { isCharacterArray, storedPlace, withPart } from "./stored-place.js";
import { typedPointer } from "./typed-pointer.js";
import { behind, constant, moved, pointerTo } from "./program-builder.js";

/** TASK_COMM_LEN (include/linux/sched.h). */
export const commBytes = 16;

/** Bytes that a string can take in memory, with its NUL. */
export function capacityOf(expression: CheckedExpression): number {
  if (expression.type.kind !== "string") {
    throw new InternalError(`a ${expression.type.kind} where a string should be`);
  }
  return expression.type.capacityBytes;
}

/** A string that is read through a helper. */
export interface StringRead {
  readonly helper: number;
  readonly pointer: HelperArgument;
  /** Of the longest string, with its NUL. */
  readonly capacityBytes: number;
  /** How many bytes to read, NUL included, when only the running program knows. */
  readonly length: IrValue | undefined;
  /** One that fills its capacity was cut, and is shown so. */
  readonly showsCut: boolean;
  /** What reads it, when that it cannot be read may be worth a warning. */
  readonly span?: Span;
}

/** How a helper gets at a string, or `undefined` when it is not read through one. */
export function findRead(
  lowering: Lowering,
  expression: CheckedExpression,
): StringRead | undefined {
  switch (expression.kind) {
    case "readString":
      return pointerRead(lowering, expression);
    case "contextString":
      return {
        helper: stringReader(lowering.target, "kernel"),
        pointer: pointerTo({ kind: "context", offset: expression.offset }),
        // The array may be full and have no NUL, the helper adds one.
        capacityBytes: Math.min(expression.sizeBytes + 1, capacityOf(expression)),
        length: undefined,
        showsCut: false,
      };
    case "dataLocation":
      return {
        helper: stringReader(lowering.target, "kernel"),
        pointer: dataLocationPointer(lowering, expression),
        capacityBytes: capacityOf(expression),
        length: undefined,
        showsCut: true,
      };
    default: {
      const place = storedPlace(lowering, expression);
      if (place === undefined) return undefined;
      return storedRead(lowering, place, expression);
    }
  }
}

function pointerRead(
  lowering: Lowering,
  expression: CheckedExpressionOf<"readString">,
): StringRead {
  const { pointer, space, length } = expression;
  return {
    helper: pointedStringReader(lowering.target, space),
    pointer: lowering.value(pointer),
    capacityBytes: capacityOf(expression),
    length: length === undefined ? undefined : lowering.value(length),
    showsCut: expression.type.showsCut === true,
    span: expression.span,
  };
}

/** A string that stands in memory of ours. */
export function storedRead(
  lowering: Lowering,
  place: Address,
  expression: CheckedExpression,
): StringRead {
  return {
    helper: stringReader(lowering.target, "kernel"),
    pointer: pointerTo(place),
    capacityBytes: capacityOf(expression),
    length: undefined,
    showsCut: expression.type.kind === "string" && expression.type.showsCut === true,
  };
}

export interface StoreStringOptions {
  readonly capacityBytes: number;
  /** "zero": every byte after the string is NUL. "unknown": whatever was there. */
  readonly padding: "zero" | "unknown";
}

/** Writes a string into a buffer, cut to it, with a NUL at its end. */
export function storeString(
  lowering: Lowering,
  expression: CheckedExpression,
  address: Address,
  options: StoreStringOptions,
): void {
  const { builder } = lowering;
  const { capacityBytes } = options;
  if (expression.kind === "stringConstant") {
    const text = encodeUtf8(expression.value).subarray(0, capacityBytes - 1);
    storeBytes(lowering, text, address, capacityBytes);
  } else if (expression.kind === "builtin") {
    storeComm(lowering, address, capacityBytes);
  } else if (expression.kind === "conditional") {
    const otherwise = builder.newLabel("else");
    const end = builder.newLabel("string");
    lowering.builtins.during(() => {
      lowering.jumpUnless(expression.condition, otherwise);
      storeString(lowering, expression.then, address, options);
      builder.jump(end);
    });
    builder.label(otherwise);
    lowering.builtins.during(() => {
      storeString(lowering, expression.otherwise, address, options);
    });
    builder.label(end);
  } else if (expression.kind === "mapValue") {
    storeMapString(lowering, expression, address, capacityBytes);
  } else if (expression.kind === "block") {
    lowering.statements(expression.statements);
    storeString(lowering, expression.value, address, options);
  } else if (expression.kind === "concatenation") {
    storeConcatenation(lowering, expression, address, capacityBytes);
  } else if (expression.kind === "path") {
    storePath(lowering, expression, address, capacityBytes);
  } else if (expression.kind === "shortened") {
    withShortened(lowering, expression, (read) => {
      readPadded(lowering, read, address, options);
    });
  } else if (expression.kind === "part") {
    withPart(lowering, expression, (place) => {
      if (isCharacterArray(expression)) {
        const read = storedRead(lowering, place, expression);
        readPadded(lowering, read, address, options);
      } else {
        copyPadded(lowering, expression, place, address, capacityBytes);
      }
    });
  } else {
    const place = storedPlace(lowering, expression);
    if (place !== undefined) {
      copyPadded(lowering, expression, place, address, capacityBytes);
      return;
    }
    const read = findRead(lowering, expression);
    if (read === undefined) throw new InternalError(`a string that comes from ${expression.kind}`);
    readPadded(lowering, read, address, options);
  }
}

/** How to read the first bytes of a string, which is made first where it does not stand already. */
export function withShortened<Result>(
  lowering: Lowering,
  expression: CheckedExpressionOf<"shortened">,
  use: (read: StringRead) => Result,
): Result {
  const { string, length } = expression;
  const bytes = length === undefined ? undefined : lowering.value(length);
  const readFrom = (place: Address): Result =>
    use({ ...storedRead(lowering, place, expression), length: bytes });
  const known = storedPlace(lowering, string);
  if (known !== undefined) return readFrom(known);
  return lowering.memory.during(capacityOf(string), "string", (copy) => {
    storeString(lowering, string, copy, { capacityBytes: capacityOf(string), padding: "zero" });
    return readFrom(copy);
  });
}

/** Both are read to where they go: the second one behind the first. */
function storeConcatenation(
  lowering: Lowering,
  { left, right }: CheckedExpressionOf<"concatenation">,
  address: Address,
  capacityBytes: number,
): void {
  const { builder, memory } = lowering;
  const readTo = (part: CheckedExpression, place: Address, size: number): VirtualRegister =>
    memory.during(capacityOf(part), "string", (copy) => {
      storeString(lowering, part, copy, { capacityBytes: capacityOf(part), padding: "zero" });
      const helper = stringReader(lowering.target, "kernel");
      return builder.call(helper, pointerTo(place), constant(size), pointerTo(copy));
    });
  const whole = capacityOf(left) + capacityOf(right) - 1;
  const place = (to: Address): void => {
    const length = readTo(left, to, capacityOf(left));
    const unreadable = builder.newLabel("unreadable");
    builder.jumpIf("slt", length, constant(1), unreadable);
    builder.jumpIf("sgt", length, constant(capacityOf(left)), unreadable);
    const distance = builder.binary("sub", length, constant(1));
    const end = builder.advance(builder.addressOf(to), distance);
    readTo(right, behind(end), capacityOf(right));
    builder.label(unreadable);
  };
  if (whole <= capacityBytes) {
    builder.zero(address, capacityBytes);
    place(address);
    return;
  }
  memory.during(whole, "joined strings", (copy) => {
    builder.zero(copy, whole);
    place(copy);
    copyMemory(lowering, copy, address, capacityBytes - 1);
    builder.store(moved(address, capacityBytes - 1), 1, constant(0));
  });
}

function storePath(
  lowering: Lowering,
  { pointer, type }: CheckedExpressionOf<"path">,
  address: Address,
  capacityBytes: number,
): void {
  const { builder } = lowering;
  const absent = builder.newLabel("no_path");
  zeroMemory(lowering, address, capacityBytes);
  lowering.builtins.during(() => {
    const from = typedPointer(lowering, pointer, absent);
    const size = Math.min(type.capacityBytes, capacityBytes);
    builder.callOnly(helpers.d_path, from, pointerTo(address), constant(size));
  });
  builder.label(absent);
}

function storeComm(lowering: Lowering, address: Address, capacityBytes: number): void {
  const size = Math.min(commBytes, capacityBytes);
  // Some kernels (6.1) write one NUL, and leave what is behind it as it was.
  zeroMemory(lowering, address, capacityBytes);
  fetchComm(lowering, address, size);
}

/** The process's name and a NUL; what is behind that is not told. */
export function fetchComm({ builder }: Lowering, address: Address, sizeBytes: number): void {
  builder.callOnly(helpers.get_current_comm, pointerTo(address), constant(sizeBytes));
}

function storeMapString(
  lowering: Lowering,
  expression: CheckedExpressionOf<"mapValue">,
  address: Address,
  capacityBytes: number,
): void {
  withMapValue(lowering, expression, {
    found: (place) => {
      copyPadded(lowering, expression, place, address, capacityBytes);
    },
    absent: () => {
      zeroMemory(lowering, address, capacityBytes);
    },
  });
}

/** The source is padded with NULs already. */
function copyPadded(
  lowering: Lowering,
  expression: CheckedExpression,
  from: Address,
  to: Address,
  capacityBytes: number,
): void {
  const { builder } = lowering;
  const size = Math.min(capacityOf(expression), capacityBytes);
  copyMemory(lowering, from, to, size);
  if (size < capacityBytes) zeroMemory(lowering, moved(to, size), capacityBytes - size);
  else if (capacityOf(expression) > size) builder.store(moved(to, size - 1), 1, constant(0));
}

function readPadded(
  lowering: Lowering,
  read: StringRead,
  address: Address,
  { capacityBytes, padding }: StoreStringOptions,
): void {
  const { builder } = lowering;
  if (padding === "zero") zeroMemory(lowering, address, capacityBytes);
  const size = Math.min(read.capacityBytes, capacityBytes);
  const result = builder.call(
    read.helper,
    pointerTo(address),
    sizeToRead(lowering, read.length, size),
    read.pointer,
  );
  if (read.span !== undefined) warnOfFailedRead(lowering, read.span, "probe_read_str", result);
}

/** The size for a helper that reads a string: `length`, and no more than there is room for. */
export function sizeToRead(
  { builder }: Lowering,
  length: IrValue | undefined,
  most: number,
): IrValue {
  if (length === undefined) return constant(most);
  const size = builder.register();
  const ready = builder.newLabel("size");
  // A copy of its own, so that the verifier's knowledge of it comes from just this comparison.
  builder.move(size, length);
  builder.jumpIf("le", size, constant(most), ready);
  builder.move(size, constant(most));
  builder.label(ready);
  return size;
}
