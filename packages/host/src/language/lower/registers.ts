import { type TargetDescription } from "../../spec/target-description.js";

/**
 * Where the calling convention's values are in the struct pt_regs that a kprobe or uprobe program sees: byte offsets in
 * the kernel's layout for the architecture.
 */
export interface RegisterLayout {
  /** Bytes of one register, in the structure and on the stack. */
  readonly sizeBytes: 4 | 8;
  /** Arguments in registers, first to last. */
  readonly args: readonly number[];
  /** Where the next arguments are when a function is entered: so many bytes above what the register at `pointer` holds. */
  readonly stack?: { readonly pointer: number; readonly distance: number };
  readonly returnValue: number;
}

/**
 * The layout of the target; user and kernel functions differ on ia32 alone. `is32Bit`: of a program of 32 bits on a target
 * of 64.
 */
export function registerLayout(
  target: TargetDescription,
  space: "kernel" | "user",
  is32Bit = false,
): RegisterLayout {
  switch (target.architecture) {
    case "x64":
      return is32Bit ? x64Of32Bits : x64;
    case "arm64":
      return arm64;
    case "arm":
      return arm;
    case "ia32":
      return space === "user" ? ia32User : ia32Kernel;
    case "riscv64":
      return riscv64;
    case "s390x":
      return s390x;
    case "ppc64":
      return ppc64;
    case "loong64":
      return loong64;
    case "mips":
    case "mipsel":
      return target.pointerSize === 8 ? mips64 : mips32;
  }
}

function each(first: number, sizeBytes: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => first + index * sizeBytes);
}

/** arch/x86/include/uapi/asm/ptrace.h: di, si, dx, cx, r8, r9; ax. */
const x64: RegisterLayout = {
  sizeBytes: 8,
  args: [112, 104, 96, 88, 72, 64],
  returnValue: 80,
};

/** The low halves of sp and ax; arguments are on the stack, above the return address. */
const x64Of32Bits: RegisterLayout = {
  sizeBytes: 4,
  args: [],
  stack: { pointer: 152, distance: 4 },
  returnValue: 80,
};

/** arch/arm64/include/uapi/asm/ptrace.h: x0 to x7. */
const arm64: RegisterLayout = {
  sizeBytes: 8,
  args: each(0, 8, 8),
  returnValue: 0,
};

/** arch/arm/include/asm/ptrace.h: uregs, r0 to r3. */
const arm: RegisterLayout = {
  sizeBytes: 4,
  args: each(0, 4, 4),
  returnValue: 0,
};

/** arch/x86/include/asm/ptrace.h, 32 bits: bx cx dx si di bp ax …, sp; arguments are on the stack, above the return address. */
const ia32User: RegisterLayout = {
  sizeBytes: 4,
  args: [],
  stack: { pointer: 60, distance: 4 },
  returnValue: 24,
};

/** The kernel is built with -mregparm=3: ax, dx, cx. */
const ia32Kernel: RegisterLayout = { sizeBytes: 4, args: [24, 8, 4], returnValue: 24 };

/** arch/riscv/include/uapi/asm/ptrace.h, struct user_regs_struct: pc ra sp …, a0 to a7 from the eleventh. */
const riscv64: RegisterLayout = {
  sizeBytes: 8,
  args: each(80, 8, 8),
  returnValue: 80,
};

/** arch/s390/include/asm/ptrace.h: args[1], psw (16 bytes), gprs: r2 to r6. */
const s390x: RegisterLayout = {
  sizeBytes: 8,
  args: each(40, 8, 5),
  returnValue: 40,
};

/** arch/powerpc/include/asm/ptrace.h: gpr[3] to gpr[10]. */
const ppc64: RegisterLayout = {
  sizeBytes: 8,
  args: each(24, 8, 8),
  returnValue: 24,
};

/** arch/loongarch/include/uapi/asm/ptrace.h: regs[4] to regs[11]. */
const loong64: RegisterLayout = {
  sizeBytes: 8,
  args: each(32, 8, 8),
  returnValue: 32,
};

/** arch/mips/include/asm/ptrace.h, 32 bits (o32): eight words of padding, then regs: a0 to a3 from $4, v0 $2. */
const mips32: RegisterLayout = {
  sizeBytes: 4,
  args: each(48, 4, 4),
  returnValue: 40,
};

/** The same with 64 bits (n64), without padding: a0 to a7. */
const mips64: RegisterLayout = {
  sizeBytes: 8,
  args: each(32, 8, 8),
  returnValue: 16,
};
