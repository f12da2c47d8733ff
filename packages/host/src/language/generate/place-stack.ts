import { type IrProgram } from "../ir.js";

/** MAX_BPF_STACK (include/linux/filter.h). */
export const stackSizeBytes = 512;

/** A program wants more stack than the kernel gives; the compiler tells it as a diagnostic. */
export class StackLimitError extends Error {
  override readonly name = "StackLimitError";
  readonly neededBytes: number;

  constructor(program: string, neededBytes: number) {
    super(
      `program ${program} needs ${neededBytes} bytes of stack, the kernel gives ${stackSizeBytes}`,
    );
    this.neededBytes = neededBytes;
  }
}

/** What the kernel counts of the stack that a function uses (check_max_stack_depth(), kernel/bpf/verifier.c). */
export function functionStackBytes(used: number): number {
  return Math.ceil(Math.max(used, 1) / 32) * 32;
}

/**
 * Offsets of the slots from the frame pointer, negative multiples of 8. The program's own come first, then one of 8 bytes
 * for each spilled register. Throws StackLimitError.
 */
export function placeStack(
  program: Omit<IrProgram, "callbacks">,
  spillSlotCount: number,
): readonly number[] {
  let used = 0;
  const sizes = program.slots.map((slot) => slot.sizeBytes);
  for (let index = 0; index < spillSlotCount; index++) sizes.push(8);
  const offsets = sizes.map((sizeBytes) => {
    used += Math.ceil(sizeBytes / 8) * 8;
    return -used;
  });
  if (used > stackSizeBytes) throw new StackLimitError(program.name, used);
  return offsets;
}
