import { type TargetDescription } from "../spec/target-description.js";

/** A register of the machine's by its name in its assembler, as struct pt_regs has it. */
export interface NamedRegister {
  /** In bytes. */
  readonly offset: number;
  /** Of the field. */
  readonly sizeBytes: 4 | 8;
}

/** Where a register of this name is, whatever part of it the name means; undefined for one that is not there. */
export function namedRegister(target: TargetDescription, name: string): NamedRegister | undefined {
  const sizeBytes = target.pointerSize;
  const offsets = offsetsOf(target);
  const lower = name.toLowerCase();
  // Every machine has a program counter; x86 calls it the instruction pointer.
  const offset = offsets?.get(lower) ?? (lower === "pc" ? offsets?.get("ip") : undefined);
  return offset === undefined ? undefined : { offset, sizeBytes };
}

function offsetsOf({ architecture }: TargetDescription): ReadonlyMap<string, number> | undefined {
  switch (architecture) {
    case "x64":
      return x64;
    case "ia32":
      return ia32;
    case "arm64":
      return arm64;
    case "arm":
      return arm;
    case "riscv64":
      return riscv64;
    case "s390x":
      return s390x;
    case "ppc64":
    case "loong64":
    case "mips":
    case "mipsel":
      return undefined;
  }
}

type Entry = readonly [string, number];

function numbered(prefix: string, count: number, start: number, sizeBytes: number): Entry[] {
  return Array.from({ length: count }, (_, at) => [`${prefix}${at}`, start + at * sizeBytes]);
}

/** rax, eax, ax and al are parts of one register. */
function x86Names(offsets: Readonly<Record<string, number>>): Entry[] {
  return Object.entries(offsets).flatMap(([name, offset]): Entry[] => {
    const low = name.endsWith("x") ? `${name.slice(0, -1)}l` : `${name}l`;
    return [`r${name}`, `e${name}`, name, low].map((any) => [any, offset]);
  });
}

/** arch/x86/include/asm/ptrace.h */
const x64 = new Map<string, number>([
  ...x86Names({ bp: 32, bx: 40, ax: 80, cx: 88, dx: 96, si: 104, di: 112, ip: 128, sp: 152 }),
  ...[15, 14, 13, 12].flatMap((number, at) => r64(number, 8 * at)),
  ...[11, 10, 9, 8].flatMap((number, at) => r64(number, 48 + 8 * at)),
  ...([
    ["orig_ax", 120],
    ["cs", 136],
    ["flags", 144],
    ["ss", 160],
  ] as const),
]);

function r64(number: number, offset: number): Entry[] {
  return ["", "d", "w", "b"].map((suffix) => [`r${number}${suffix}`, offset]);
}

/** arch/x86/include/asm/ptrace.h, 32 bits. */
const ia32 = new Map<string, number>([
  ...x86Names({ bx: 0, cx: 4, dx: 8, si: 12, di: 16, bp: 20, ax: 24, ip: 48, sp: 60 }),
  ["orig_ax", 44],
  ["cs", 52],
  ["flags", 56],
  ["ss", 64],
]);

/** arch/arm64/include/asm/ptrace.h */
const arm64 = new Map<string, number>([
  ...numbered("x", 31, 0, 8),
  ...numbered("w", 31, 0, 8),
  ...numbered("r", 31, 0, 8),
  ["fp", 232],
  ["lr", 240],
  ["sp", 248],
  ["wsp", 248],
  ["pc", 256],
  ["pstate", 264],
]);

/** arch/arm/include/asm/ptrace.h: uregs. */
const arm = new Map<string, number>([
  ...numbered("r", 16, 0, 4),
  ["sl", 40],
  ["fp", 44],
  ["ip", 48],
  ["sp", 52],
  ["lr", 56],
  ["pc", 60],
  ["cpsr", 64],
]);

/** arch/riscv/include/uapi/asm/ptrace.h, struct user_regs_struct: the order of x0 to x31, with the pc in place of x0. */
const riscv64 = new Map<string, number>([
  ..."pc ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6"
    .split(" ")
    .map((name, at): Entry => [name, 8 * at]),
  ["fp", 64],
  ...numbered("x", 32, 0, 8).slice(1),
]);

/** arch/s390/include/asm/ptrace.h: args[1], the program status word of 16 bytes, gprs. */
const s390x = new Map<string, number>([
  ...numbered("r", 16, 24, 8),
  ...numbered("gpr", 16, 24, 8),
  ["pswmask", 8],
  ["pswaddr", 16],
]);
