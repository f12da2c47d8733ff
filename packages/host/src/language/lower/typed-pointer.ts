import { type CheckedExpression } from "../check/checked-program.js";
import { type IrValue } from "../ir.js";
import { type Lowering } from "./lowering.js";
import { behind, constant } from "./program-builder.js";

/**
 * A pointer of which the verifier knows what it points to: each step from the context or a function's argument is a load, since
 * what a helper reads is a number to it. Jumps to `absent` where one on the way is null. Other pointers are as they are.
 */
export function typedPointer(
  lowering: Lowering,
  expression: CheckedExpression,
  absent: string,
): IrValue {
  const { builder, probe } = lowering;
  const { base, offset } = splitOffset(expression);
  if (!isTyped(base, probe.attachment.kind)) return lowering.value(expression);
  const pointer = builder.register();
  builder.move(pointer, loadBase(lowering, base, absent));
  builder.jumpIf("eq", pointer, constant(0), absent);
  return offset === 0 ? pointer : builder.advance(pointer, constant(offset));
}

function loadBase(lowering: Lowering, base: CheckedExpression, absent: string): IrValue {
  if (base.kind !== "readMemory") return lowering.value(base);
  const { base: before, offset } = splitOffset(base.pointer);
  if (isContext(before)) return lowering.builder.load({ kind: "context", offset }, 8, false);
  const from = typedPointer(lowering, before, absent);
  const register = lowering.builder.register();
  lowering.builder.move(register, from);
  return lowering.builder.load(behind(register, offset), 8, false);
}

/** Whether it is reached from what the kernel hands to the program, by members that are pointers. */
function isTyped(expression: CheckedExpression, attachment: string): boolean {
  if (expression.kind === "argument") return attachment === "tracing";
  if (expression.kind !== "readMemory" || expression.type.kind !== "pointer") return false;
  if (expression.sizeBytes !== 8) return false;
  const { base } = splitOffset(expression.pointer);
  return isContext(base) ? attachment === "iterator" : isTyped(base, attachment);
}

function isContext(expression: CheckedExpression): boolean {
  return expression.kind === "builtin" && expression.name === "ctx";
}

function splitOffset(expression: CheckedExpression): {
  readonly base: CheckedExpression;
  readonly offset: number;
} {
  if (expression.kind !== "binary" || expression.operation !== "add") {
    return { base: expression, offset: 0 };
  }
  const { left, right } = expression;
  if (right.kind !== "constant") return { base: expression, offset: 0 };
  return { base: left, offset: Number(right.value) };
}
