import { type CheckedExpressionOf } from "../check/checked-program.js";
import { type IrValue } from "../ir.js";
import { type Lowering } from "./lowering.js";
import { constant } from "./program-builder.js";

/** Neighbouring bytes change places, then neighbouring pairs of them, then the halves. */
const steps = [
  { bits: 8n, mask: 0x00ff_00ff_00ff_00ffn },
  { bits: 16n, mask: 0x0000_ffff_0000_ffffn },
  { bits: 32n, mask: 0x0000_0000_ffff_ffffn },
];

/** A number whose low bytes are in the opposite order. */
export function byteSwap(
  lowering: Lowering,
  { operand, sizeBytes }: CheckedExpressionOf<"byteSwap">,
): IrValue {
  const { builder } = lowering;
  let value: IrValue = builder.extend(lowering.value(operand), sizeBytes, false);
  for (const { bits, mask } of steps) {
    if (bits >= sizeBytes * 8) break;
    const low = builder.binary("lsh", builder.binary("and", value, constant(mask)), constant(bits));
    const high = builder.binary(
      "and",
      builder.binary("rsh", value, constant(bits)),
      constant(mask),
    );
    value = builder.binary("or", low, high);
  }
  return builder.extend(value, sizeBytes, false);
}
