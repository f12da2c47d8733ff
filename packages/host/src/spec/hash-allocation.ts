import { type TargetDescription } from "./target-description.js";

/**
 * Where the kernel fetches memory for new entries at its next clock tick only: it has no interrupt for that (no
 * arch_irq_work_raise, or on 32-bit ARM none with a single processor). What is added faster finds no room.
 */
const fetchesAtTicks: ReadonlySet<TargetDescription["architecture"]> = new Set([
  "arm",
  "mips",
  "mipsel",
  "ppc64",
]);

/** Whether a hash may leave its entries to be allocated one by one, and still take them as fast as they come. */
export function allocatesOneByOne(target: TargetDescription): boolean {
  return (
    target.features.includes("hash_without_preallocation") &&
    !fetchesAtTicks.has(target.architecture)
  );
}
