import { describe, expect, test } from "@jest/globals";
import { isInstructionStart } from "../../src/elf/instruction-start.js";
import { type ElfHeader } from "../../src/elf/elf-types.js";

type Machine = Pick<ElfHeader, "machine" | "wordBits" | "byteOrder">;

const machines = {
  i386: { machine: 3, wordBits: 32, byteOrder: "little" },
  x86_64: { machine: 62, wordBits: 64, byteOrder: "little" },
  arm64: { machine: 183, wordBits: 64, byteOrder: "little" },
  riscv64: { machine: 243, wordBits: 64, byteOrder: "little" },
  s390x: { machine: 22, wordBits: 64, byteOrder: "big" },
  ppc64el: { machine: 21, wordBits: 64, byteOrder: "little" },
  unknown: { machine: 8888, wordBits: 64, byteOrder: "little" },
} as const satisfies Record<string, Machine>;

/** Distances in the code at which an instruction begins. */
function starts(code: string, machine: Machine): number[] {
  const bytes = Uint8Array.from(code.split(" "), (byte) => parseInt(byte, 16));
  return [...bytes.keys()].filter((at) => isInstructionStart(bytes, at, machine) === true);
}

describe("where instructions begin", () => {
  // Each instruction as an assembler writes it, the next one's first byte behind it.
  const cases: readonly (readonly [keyof typeof machines, string, string])[] = [
    ["x86_64", "endbr64", "f3 0f 1e fa"],
    ["x86_64", "mov (%rdi),%eax", "8b 07"],
    ["x86_64", "mov 0x8(%rsp,%rax,4),%r12", "4c 8b 64 84 08"],
    ["x86_64", "lea 0x12345678(%rip),%rdi", "48 8d 3d 78 56 34 12"],
    ["x86_64", "movabs $0x1122334455667788,%rax", "48 b8 88 77 66 55 44 33 22 11"],
    ["x86_64", "mov $0x5,%ax", "66 b8 05 00"],
    ["x86_64", "movabs 0x1122334455667788,%al", "a0 88 77 66 55 44 33 22 11"],
    ["x86_64", "testl $0x1,0x10(%rax)", "f7 40 10 01 00 00 00"],
    ["x86_64", "negl 0x10(%rax)", "f7 58 10"],
    ["x86_64", "bnd jmp", "f2 e9 00 00 00 00"],
    ["x86_64", "enter $0x5,$0x1", "c8 05 00 01"],
    ["x86_64", "pshufd $0x1,%xmm0,%xmm1", "66 0f 70 c8 01"],
    ["x86_64", "palignr $0x1,%xmm0,%xmm1", "66 0f 3a 0f c8 01"],
    ["x86_64", "pshufb %xmm0,%xmm1", "66 0f 38 00 c8"],
    ["x86_64", "vzeroupper", "c5 f8 77"],
    ["x86_64", "vinserti128 $0x1,%xmm0,%ymm1,%ymm2", "c4 e3 75 38 d0 01"],
    ["x86_64", "vmovdqu64 0x40(%rsi),%zmm16", "62 e1 fe 48 6f 46 01"],
    ["x86_64", "je", "0f 84 00 01 00 00"],
    ["i386", "les (%eax),%ebx", "c4 18"],
    ["i386", "vpxor %ymm0,%ymm0,%ymm0", "c5 fd ef c0"],
    ["i386", "inc %eax", "40"],
    ["i386", "mov 0x12(%bx,%si),%eax", "67 8b 40 12"],
    ["i386", "lcall $0x1,$0x5", "9a 05 00 00 00 01 00"],
    ["i386", "mov 0x1234,%eax", "a1 34 12 00 00"],
    ["arm64", "any", "1f 20 03 d5"],
    ["riscv64", "c.li a0,1", "05 45"],
    ["riscv64", "addi sp,sp,-32", "13 01 01 fe"],
    ["s390x", "lr %r1,%r2", "18 12"],
    ["s390x", "lhi %r1,1", "a7 18 00 01"],
    ["s390x", "brasl %r14,.", "c0 e5 00 00 00 00"],
    ["ppc64el", "mflr r0", "a6 02 08 7c"],
    ["ppc64el", "pli r3,0", "00 00 00 06 00 00 60 38"],
  ];
  test.each(cases)("%s: %s", (machine, _, code) => {
    const length = code.split(" ").length;
    expect(starts(`${code} ${code}`, machines[machine])).toEqual([0, length]);
  });

  test("nobody can say of a processor that is not known, and where code is cut off", () => {
    const code = Uint8Array.of(0x48, 0xb8, 1, 2);
    expect(isInstructionStart(code, 2, machines.unknown)).toBeUndefined();
    expect(isInstructionStart(code, 3, machines.x86_64)).toBeUndefined();
  });
});
