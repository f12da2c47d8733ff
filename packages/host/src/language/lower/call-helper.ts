import { helpers } from "../../asm/helpers.js";
import { type CheckedExpression, type CheckedExpressionOf } from "../check/checked-program.js";
import { type HelperArgument, type IrValue } from "../ir.js";
import { type Lowering } from "./lowering.js";
import { constant, moved, pointerTo } from "./program-builder.js";
import { accessOf } from "./scalar-access.js";
import { withStored } from "./stored-place.js";

/** Before the bytes of a buffer: how many there are. */
const bytesHeaderBytes = 8;

/** Calls a helper that takes values, or where bytes are; what it gives is as large as its type says. */
export function callHelper(
  lowering: Lowering,
  { helper, takesContext, values, type }: CheckedExpressionOf<"helper">,
): IrValue {
  const { builder } = lowering;
  const context = takesContext ? [pointerTo({ kind: "context", offset: 0 })] : [];
  const { size, isSigned } = accessOf(type);
  let result: IrValue = constant(0);
  withArguments(lowering, values, (args) => {
    result = builder.extend(builder.call(helpers[helper], ...context, ...args), size, isSigned);
  });
  return result;
}

/** Bytes stay in memory while they are used. */
function withArguments(
  lowering: Lowering,
  [first, ...rest]: readonly CheckedExpression[],
  use: (args: readonly HelperArgument[]) => void,
): void {
  if (first === undefined) {
    use([]);
  } else if (first.type.kind === "bytes") {
    withStored(lowering, first, (place) => {
      withArguments(lowering, rest, (args) => {
        use([pointerTo(moved(place, bytesHeaderBytes)), ...args]);
      });
    });
  } else {
    const value = lowering.value(first);
    withArguments(lowering, rest, (args) => {
      use([value, ...args]);
    });
  }
}
