import { type ElfHeader } from "./elf-types.js";
import { x86InstructionBytes } from "./x86-instruction.js";

/** Of any processor: x86. */
export const longestInstructionBytes = 15;

/**
 * Whether an instruction begins so many bytes behind the beginning of `code`, where one does; `undefined` when that cannot be
 * said: the code is of a processor that is not known, has data in it, or ends before.
 */
export function isInstructionStart(
  code: Uint8Array,
  distanceBytes: number,
  header: Pick<ElfHeader, "machine" | "wordBits" | "byteOrder">,
): boolean | undefined {
  let at = 0;
  while (at < distanceBytes) {
    const length = instructionBytes(code, at, header);
    if (length === undefined) return undefined;
    at += length;
  }
  return at === distanceBytes;
}

/** e_machine (include/uapi/linux/elf-em.h). */
const machines = { i386: 3, mips: 8, ppc64: 21, s390: 22, x86_64: 62, arm64: 183, riscv: 243 };

function instructionBytes(
  code: Uint8Array,
  at: number,
  { machine, wordBits, byteOrder }: Pick<ElfHeader, "machine" | "wordBits" | "byteOrder">,
): number | undefined {
  const first = code[at] ?? 0;
  switch (machine) {
    case machines.i386:
    case machines.x86_64:
      return x86InstructionBytes(code, at, wordBits);
    case machines.arm64:
    case machines.mips:
      return 4;
    case machines.ppc64: {
      // Since Power10 instructions with opcode 1 have a second word.
      const word = byteOrder === "little" ? (code[at + 3] ?? 0) : first;
      return word >> 2 === 1 ? 8 : 4;
    }
    case machines.riscv:
      return (first & 3) === 3 ? 4 : 2;
    case machines.s390:
      return [2, 4, 4, 6][first >> 6];
    default:
      return undefined;
  }
}
