import { type CheckedExpression } from "../check/checked-program.js";
import { type IrValue } from "../ir.js";
import { type Lowering, stringReader } from "./lowering.js";
import { constant, pointerTo } from "./program-builder.js";
import { capacityOf, storeString } from "./strings.js";

/** Bytes before a string's NUL: the helper that copies strings counts them. */
export function stringLength(lowering: Lowering, string: CheckedExpression): IrValue {
  const { builder, memory, target } = lowering;
  const capacityBytes = capacityOf(string);
  const result = builder.register();
  memory.during(capacityBytes, "string", (from) => {
    storeString(lowering, string, from, { capacityBytes, padding: "zero" });
    memory.during(capacityBytes, "its copy", (to) => {
      const helper = stringReader(target, "kernel");
      const count = builder.call(helper, pointerTo(to), constant(capacityBytes), pointerTo(from));
      const empty = builder.newLabel("empty");
      builder.move(result, constant(0));
      builder.jumpIf("slt", count, constant(1), empty);
      builder.move(result, builder.binary("sub", count, constant(1)));
      builder.label(empty);
    });
  });
  return result;
}
