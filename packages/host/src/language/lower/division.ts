import { type BinaryOperation, type IrValue } from "../ir.js";
import { type Span } from "../syntax/span.js";
import { type Lowering } from "./lowering.js";
import { constant } from "./program-builder.js";

interface Operands {
  readonly left: IrValue;
  readonly right: IrValue;
  readonly span: Span;
}

const divisions: ReadonlySet<BinaryOperation> = new Set(["div", "mod", "sdiv", "smod"] as const);

/** `left op right`. A division by zero gives 1, and a warning, as it does in bpftrace. */
export function binary(
  lowering: Lowering,
  operation: BinaryOperation,
  { left, right, span }: Operands,
): IrValue {
  const { builder } = lowering;
  if (!divisions.has(operation) || right.kind === "constant") {
    return builder.binary(operation, left, right);
  }
  const result = builder.register();
  const byZero = builder.newLabel("by_zero");
  const end = builder.newLabel("divided");
  builder.jumpIf("eq", right, constant(0), byZero);
  builder.move(result, builder.binary(operation, left, right));
  builder.label(end);
  builder.aside(() => {
    builder.label(byZero);
    lowering.warn(span, { kind: "division" });
    builder.move(result, constant(1));
    builder.jump(end);
  });
  return result;
}
