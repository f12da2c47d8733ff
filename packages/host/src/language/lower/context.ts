import { InternalError } from "../../asm/internal-error.js";
import { type CheckedExpressionOf } from "../check/checked-program.js";
import { type Address, type IrValue } from "../ir.js";
import { type Lowering, memoryReader } from "./lowering.js";
import { constant, pointerTo } from "./program-builder.js";
import { registerLayout } from "./registers.js";

/** A field of the tracepoint's record. */
export function contextField(
  lowering: Lowering,
  { offset, sizeBytes, isSigned }: CheckedExpressionOf<"contextField">,
): IrValue {
  const { builder, memory, target } = lowering;
  const place: Address = { kind: "context", offset };
  if (offset % sizeBytes === 0) return builder.load(place, sizeBytes, isSigned);
  // The verifier refuses misaligned loads from the context.
  return memory.during(sizeBytes, "field", (copy) => {
    const reader = memoryReader(target, "kernel");
    builder.callOnly(reader, pointerTo(copy), constant(sizeBytes), pointerTo(place));
    return builder.load(copy, sizeBytes, isSigned);
  });
}

/** Where a __data_loc or __rel_loc string begins. */
export function dataLocationPointer(
  { builder }: Lowering,
  { offset, isRelative }: CheckedExpressionOf<"dataLocation">,
): IrValue {
  const location = builder.load({ kind: "context", offset }, 4, false);
  const distance = builder.binary("and", location, constant(0xffff));
  const origin = builder.addressOf({ kind: "context", offset: isRelative ? offset + 4 : 0 });
  return builder.binary("add", origin, distance);
}

/** A function's argument, or a raw tracepoint's. */
export function argument(lowering: Lowering, expression: CheckedExpressionOf<"argument">): IrValue {
  const { builder, probe } = lowering;
  const value =
    probe.context === "rawTracepoint"
      ? builder.load({ kind: "context", offset: 8 * expression.index }, 8, false)
      : functionArgument(lowering, expression.index);
  return narrowed(lowering, value, expression);
}

function functionArgument(lowering: Lowering, index: number): IrValue {
  const { builder, memory, probe, target } = lowering;
  const space = addressSpace(lowering);
  const { args, sizeBytes, stack } = registerLayout(target, space, probe.is32Bit);
  const offset = args[index];
  if (offset !== undefined) return builder.load({ kind: "context", offset }, sizeBytes, false);
  if (stack === undefined) throw new InternalError(`argument ${index} is in no register`);
  const top = builder.load({ kind: "context", offset: stack.pointer }, sizeBytes, false);
  const distance = stack.distance + (index - args.length) * sizeBytes;
  return memory.during(sizeBytes, "argument", (copy) => {
    const from = builder.binary("add", top, constant(distance));
    builder.callOnly(memoryReader(target, space), pointerTo(copy), constant(sizeBytes), from);
    return builder.load(copy, sizeBytes, false);
  });
}

/** What a register of the machine's held. */
export function registerValue(
  { builder }: Lowering,
  { offset, sizeBytes }: CheckedExpressionOf<"register">,
): IrValue {
  return builder.load({ kind: "context", offset }, sizeBytes, false);
}

/** What a function returned. */
export function returnValue(
  lowering: Lowering,
  expression: CheckedExpressionOf<"returnValue">,
): IrValue {
  const { builder, probe, target } = lowering;
  const layout = registerLayout(target, addressSpace(lowering), probe.is32Bit);
  const place: Address = { kind: "context", offset: layout.returnValue };
  const value = builder.load(place, layout.sizeBytes, false);
  return narrowed(lowering, value, expression);
}

function addressSpace({ probe }: Lowering): "kernel" | "user" {
  return probe.attachment.kind === "uprobe" ? "user" : "kernel";
}

function narrowed(
  { builder }: Lowering,
  value: IrValue,
  { type }: CheckedExpressionOf<"argument"> | CheckedExpressionOf<"returnValue">,
): IrValue {
  return type.kind === "integer" ? builder.extend(value, type.sizeBytes, type.isSigned) : value;
}
