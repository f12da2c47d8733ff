import { helpers } from "../../asm/helpers.js";
import { type CheckedExpressionOf } from "../check/checked-program.js";
import { type IrValue } from "../ir.js";
import { type Lowering } from "./lowering.js";
import { pointerTo } from "./program-builder.js";
import { accessOf } from "./scalar-access.js";

/** Calls a helper that takes values; what it gives is as large as its type says. */
export function callHelper(
  lowering: Lowering,
  { helper, takesContext, values, type }: CheckedExpressionOf<"helper">,
): IrValue {
  const { builder } = lowering;
  const args = values.map((value) => lowering.value(value));
  const context = takesContext ? [pointerTo({ kind: "context", offset: 0 })] : [];
  const result = builder.call(helpers[helper], ...context, ...args);
  const { size, isSigned } = accessOf(type);
  return builder.extend(result, size, isSigned);
}
