import { InternalError } from "../asm/internal-error.js";
import { type TargetDescription } from "../spec/target-description.js";

/** What unwinding must know of a processor. */
export interface UnwindRegisters {
  /** Where struct pt_regs has them, in bytes; `returnAddress` is `undefined` where calls leave it on the stack. */
  readonly saved: {
    readonly pc: number;
    readonly stackPointer: number;
    readonly framePointer: number;
    readonly returnAddress: number | undefined;
  };
  /** Bits of an address to return to that are address: the others may sign it. */
  readonly addressBits: number;
  /** Its linked procedures push a word before they jump (x86). */
  readonly hasLinkageTable: boolean;
  /** Where the registers are in the struct ucontext that a signal's handler returns to; `undefined`: that is not unwound. */
  readonly signal:
    | { readonly pc: number; readonly stackPointer: number; readonly framePointer: number }
    | undefined;
}

/** Processors whose stacks can be unwound. */
export const unwindableArchitectures: ReadonlySet<TargetDescription["architecture"]> = new Set([
  "x64",
  "arm64",
]);

/** From arch/ARCH/include/(uapi/)asm/ptrace.h, and of x86 from asm/sigcontext.h, asm-generic/ucontext.h. */
export function unwindRegisters({ architecture }: TargetDescription): UnwindRegisters {
  switch (architecture) {
    case "x64":
      return {
        saved: { pc: 128, stackPointer: 152, framePointer: 32, returnAddress: undefined },
        addressBits: 64,
        hasLinkageTable: true,
        signal: { pc: 168, stackPointer: 160, framePointer: 120 },
      };
    case "arm64":
      return {
        saved: { pc: 256, stackPointer: 248, framePointer: 232, returnAddress: 240 },
        addressBits: 48,
        hasLinkageTable: false,
        signal: undefined,
      };
    default:
      throw new InternalError(`stacks of ${architecture} are not unwound`);
  }
}
