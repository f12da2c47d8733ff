import { InternalError } from "../../asm/internal-error.js";
import { type ValueType } from "../../spec/value-type.js";
import { type CheckedExpression, type CheckedExpressionOf } from "../check/checked-program.js";
import { sizeOfValue, usymFields } from "../check/value-layout.js";
import { type Address } from "../ir.js";
import { storeBytesValue } from "./bytes-value.js";
import { branch } from "./condition.js";
import { readElement } from "./element.js";
import { type Lowering, memoryReader } from "./lowering.js";
import { withMapValue, zeroGaps } from "./map-access.js";
import { copyMemory, zeroMemory } from "./memory-copy.js";
import { constant, moved, pointerTo } from "./program-builder.js";
import { accessOf, accessSize } from "./scalar-access.js";
import { entryOf, storedPlace, storeEntry, withPart } from "./stored-place.js";
import { storeString } from "./strings.js";

/** Stores a value as maps and tuples hold it. */
export function storeValue(
  lowering: Lowering,
  expression: CheckedExpression,
  type: ValueType,
  address: Address,
): void {
  if (type.kind === "string") {
    const { capacityBytes } = type;
    storeString(lowering, expression, address, { capacityBytes, padding: "zero" });
  } else if (isInMemory(type)) {
    storeInMemory(lowering, expression, type, address);
  } else {
    const size = accessSize(sizeOfValue(type));
    lowering.builder.store(address, size, lowering.value(expression));
  }
}

function isInMemory({ kind }: ValueType): boolean {
  return ["tuple", "array", "struct", "usym", "bytes"].includes(kind);
}

/** Tuples, arrays, structs, usyms and bytes. */
function storeInMemory(
  lowering: Lowering,
  expression: CheckedExpression,
  type: ValueType,
  address: Address,
): void {
  const { builder } = lowering;
  const sizeBytes = sizeOfValue(type);
  const copyFrom = (place: Address): void => {
    copyMemory(lowering, place, address, sizeBytes);
  };
  switch (expression.kind) {
    case "tuple":
      storeTuple(lowering, expression, type, address);
      break;
    case "bytes":
      storeBytesValue(lowering, expression, address);
      break;
    case "mapValue":
      withMapValue(lowering, expression, {
        found: copyFrom,
        absent: () => {
          zeroMemory(lowering, address, sizeBytes);
        },
      });
      break;
    case "conditional":
      storeChosen(lowering, expression, type, address);
      break;
    case "block":
      lowering.statements(expression.statements);
      storeInMemory(lowering, expression.value, type, address);
      break;
    case "part":
      withPart(lowering, expression, copyFrom);
      break;
    case "element":
      readElement(lowering, expression, address);
      break;
    case "readMemory": {
      const from = lowering.value(expression.pointer);
      const reader = memoryReader(lowering.target, expression.space);
      // What cannot be read is zero: the helper sees to that.
      builder.callOnly(reader, pointerTo(address), constant(sizeBytes), from);
      break;
    }
    case "convert":
      storeConverted(lowering, expression.operand, sizeBytes, address);
      break;
    default: {
      const entry = entryOf(lowering, expression);
      if (entry !== undefined) {
        storeEntry(lowering, entry, address);
        return;
      }
      const place = storedPlace(lowering, expression);
      if (place === undefined) {
        throw new InternalError(`a ${type.kind} that comes from ${expression.kind}`);
      }
      copyFrom(place);
    }
  }
}

function storeTuple(
  lowering: Lowering,
  { elements }: CheckedExpressionOf<"tuple">,
  type: ValueType,
  address: Address,
): void {
  if (type.kind !== "tuple" && type.kind !== "usym") {
    throw new InternalError(`a tuple as a ${type.kind}`);
  }
  const fields = type.kind === "tuple" ? type.elements : usymFields;
  zeroGaps(lowering.builder, address, fields, sizeOfValue(type));
  elements.forEach((element, index) => {
    const field = fields[index];
    if (field === undefined) throw new InternalError(`tuple without element ${index}`);
    lowering.store(element, field.type, moved(address, field.offset));
  });
}

function storeChosen(
  lowering: Lowering,
  { condition, then, otherwise }: CheckedExpressionOf<"conditional">,
  type: ValueType,
  address: Address,
): void {
  const { builder, builtins } = lowering;
  const elseLabel = builder.newLabel("else");
  const end = builder.newLabel("chosen");
  builtins.during(() => {
    branch(lowering, condition, elseLabel, { when: false });
    storeInMemory(lowering, then, type, address);
    builder.jump(end);
  });
  builder.label(elseLabel);
  builtins.during(() => {
    storeInMemory(lowering, otherwise, type, address);
  });
  builder.label(end);
}

/** The bytes of an integer, a string or another array as an array. */
function storeConverted(
  lowering: Lowering,
  operand: CheckedExpression,
  sizeBytes: number,
  address: Address,
): void {
  const { kind } = operand.type;
  if (kind === "string") {
    const options = { capacityBytes: sizeBytes, padding: "zero" } as const;
    storeString(lowering, operand, address, options);
  } else if (kind === "array") {
    lowering.store(operand, { kind: "array", ...bytesOf(sizeBytes) }, address);
  } else {
    storeNumber(lowering, operand, sizeBytes, address);
  }
}

/** The bytes of an integer, a literal's as few as hold it, and zeros up to so many. */
function storeNumber(
  lowering: Lowering,
  operand: CheckedExpression,
  sizeBytes: number,
  address: Address,
): void {
  const size = accessOf(operand.type).size;
  if (size < sizeBytes) lowering.builder.zero(moved(address, size), sizeBytes - size);
  lowering.builder.store(address, size, lowering.value(operand));
}

/** An array of so many bytes: what its elements are does not matter where it is copied whole. */
function bytesOf(length: number): {
  readonly element: ValueType;
  readonly elementSizeBytes: number;
  readonly length: number;
} {
  return {
    element: { kind: "integer", sizeBytes: 1, isSigned: false },
    elementSizeBytes: 1,
    length,
  };
}
