import { type IrValue } from "../ir.js";
import { constant, type ProgramBuilder } from "./program-builder.js";

/**
 * The bucket of hist(n) with 2^bits buckets for each power of two. With l = max(0, floor(log2 n) - bits) it is
 * (l << bits) + (n >> l) + 1, which for small n is n + 1; 0 when n is negative. Without a branch, so that the verifier
 * follows one way only.
 */
export function histogramBucket(builder: ProgramBuilder, value: IrValue, bits: number): IrValue {
  const shift = floorLog2(builder, builder.binary("rsh", value, constant(bits)));
  const top = builder.binary("lsh", shift, constant(bits));
  const low = builder.binary("rsh", value, shift);
  const bucket = builder.binary("add", builder.binary("add", top, low), constant(1));
  // All ones for values that are not negative.
  const sign = builder.binary("arsh", value, constant(63));
  const mask = builder.binary("xor", sign, constant(-1));
  return builder.binary("and", bucket, mask);
}

/** Of a positive number; 0 of 0. By halves: is there anything in the upper 32 bits, in the upper 16 of the rest, … */
function floorLog2(builder: ProgramBuilder, value: IrValue): IrValue {
  const rest = builder.register();
  builder.move(rest, value);
  let sum: IrValue | undefined;
  for (const half of [32, 16, 8, 4, 2]) {
    // (2^half - 1 - rest) is negative when rest does not fit in the lower half; its sign becomes the number `half`.
    const largest = constant((1n << BigInt(half)) - 1n);
    const sign = builder.binary("rsh", builder.binary("sub", largest, rest), constant(63));
    const step = builder.binary("lsh", sign, constant(Math.log2(half)));
    builder.emit({
      kind: "binary",
      operation: "rsh",
      width: 64,
      to: rest,
      left: rest,
      right: step,
    });
    sum = sum === undefined ? step : builder.binary("add", sum, step);
  }
  // The rest is 0 to 3 now.
  const last = builder.binary("rsh", rest, constant(1));
  return sum === undefined ? last : builder.binary("add", sum, last);
}

/** The bucket of lhist(n, min, max, step): 0 below min, the last one above max. */
export function linearBucket(
  builder: ProgramBuilder,
  value: IrValue,
  { min, max, step }: { readonly min: bigint; readonly max: bigint; readonly step: bigint },
): IrValue {
  const bucket = builder.register();
  const below = builder.newLabel("below");
  const above = builder.newLabel("above");
  const end = builder.newLabel("bucket");
  builder.jumpIf("slt", value, constant(min), below);
  builder.jumpIf("sgt", value, constant(max), above);
  const distance = builder.binary("sub", value, constant(min));
  const index = builder.binary("div", distance, constant(step));
  builder.move(bucket, builder.binary("add", index, constant(1)));
  builder.label(end);
  builder.aside(() => {
    builder.label(below);
    builder.move(bucket, constant(0));
    builder.jump(end);
    builder.label(above);
    builder.move(bucket, constant(1n + (max - min) / step));
    builder.jump(end);
  });
  return bucket;
}
