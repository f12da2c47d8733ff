import { type CheckedExpressionOf } from "../check/checked-program.js";
import { type Address, type IrValue } from "../ir.js";
import { type Lowering, memoryReader } from "./lowering.js";
import { constant, pointerTo } from "./program-builder.js";
import { loadScalar } from "./scalar-access.js";
import { withStored } from "./stored-place.js";

type Element = CheckedExpressionOf<"element">;

/** An element that fits in a register. */
export function elementValue(lowering: Lowering, expression: Element): IrValue {
  const { elementSizeBytes, type } = expression;
  return lowering.memory.during(elementSizeBytes, "element", (copy) => {
    readElement(lowering, expression, copy);
    return loadScalar(lowering, copy, type, elementSizeBytes);
  });
}

/**
 * Copies an element of an array or string of ours; zero when there is none of its number. By a helper, which takes any address:
 * kernels before 5.12 refuse loads from the stack at a place that they do not know.
 */
export function readElement(
  lowering: Lowering,
  { operand, index, elementSizeBytes, length, span }: Element,
  to: Address,
): void {
  const { builder, target } = lowering;
  const beyond = builder.newLabel("beyond");
  const end = builder.newLabel("element");
  const number = builder.register();
  builder.move(number, lowering.value(index));
  withStored(lowering, operand, (place) => {
    builder.jumpIf("ge", number, constant(length), beyond);
    const distance = builder.binary("mul", number, constant(elementSizeBytes));
    const from = builder.advance(builder.addressOf(place), distance);
    const reader = memoryReader(target, "kernel");
    builder.callOnly(reader, pointerTo(to), constant(elementSizeBytes), from);
  });
  builder.label(end);
  builder.aside(() => {
    builder.label(beyond);
    // Behind a string are NULs, as far as anybody can tell.
    if (operand.type.kind === "array") lowering.warn(span, { kind: "bounds" });
    builder.zero(to, elementSizeBytes);
    builder.jump(end);
  });
}
