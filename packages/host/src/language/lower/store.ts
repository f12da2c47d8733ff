import { InternalError } from "../../asm/internal-error.js";
import { type ValueType } from "../../spec/value-type.js";
import { type CheckedExpression } from "../check/checked-program.js";
import { sizeOfValue } from "../check/value-layout.js";
import { type Address } from "../ir.js";
import { branch } from "./condition.js";
import { type Lowering } from "./lowering.js";
import { withMapValue, zeroGaps } from "./map-access.js";
import { copyMemory } from "./memory-copy.js";
import { moved } from "./program-builder.js";
import { literalElement, storedPlace, withElement } from "./stored-place.js";
import { storeString } from "./strings.js";

type TupleLayout = Extract<ValueType, { readonly kind: "tuple" }>;

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
  } else if (type.kind === "tuple") {
    storeTuple(lowering, expression, type, address);
  } else {
    const size = sizeOfValue(type);
    if (size !== 1 && size !== 2 && size !== 4 && size !== 8) {
      throw new InternalError(`a ${type.kind} of ${size} bytes in a register`);
    }
    lowering.builder.store(address, size, lowering.value(expression));
  }
}

function storeTuple(
  lowering: Lowering,
  expression: CheckedExpression,
  type: TupleLayout,
  address: Address,
): void {
  const { builder, builtins } = lowering;
  if (expression.kind === "tuple") {
    zeroGaps(builder, address, type.elements, type.sizeBytes);
    expression.elements.forEach((element, index) => {
      const field = type.elements[index];
      if (field === undefined) throw new InternalError(`tuple without element ${index}`);
      lowering.store(element, field.type, moved(address, field.offset));
    });
  } else if (expression.kind === "mapValue") {
    withMapValue(lowering, expression.map, expression.keys, {
      found: (place) => {
        copyMemory(lowering, place, address, type.sizeBytes);
      },
      absent: () => {
        builder.zero(address, type.sizeBytes);
      },
    });
  } else if (expression.kind === "conditional") {
    const otherwise = builder.newLabel("else");
    const end = builder.newLabel("chosen");
    builtins.during(() => {
      branch(lowering, expression.condition, otherwise, { when: false });
      storeTuple(lowering, expression.then, type, address);
      builder.jump(end);
    });
    builder.label(otherwise);
    builtins.during(() => {
      storeTuple(lowering, expression.otherwise, type, address);
    });
    builder.label(end);
  } else if (expression.kind === "tupleElement") {
    const literal = literalElement(expression);
    if (literal !== undefined) {
      storeTuple(lowering, literal, type, address);
    } else {
      withElement(lowering, expression, (place) => {
        copyMemory(lowering, place, address, type.sizeBytes);
      });
    }
  } else {
    const place = storedPlace(lowering, expression);
    if (place === undefined) throw new InternalError(`a tuple that comes from ${expression.kind}`);
    copyMemory(lowering, place, address, type.sizeBytes);
  }
}
