import { describe, expect, test } from "@jest/globals";
import { registerLayout } from "../../../src/language/lower/registers.js";
import { type TargetDescription } from "../../../src/spec/target-description.js";
import { linux618x64 } from "../../targets/linux-6.18-x64.js";

/** Names "x0" to "x30". */
function numbered(prefix: string, count: number, first = 0): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index + first}`);
}

/** The order in which struct pt_regs has its words, and which of them the calling convention uses. */
const architectures: readonly {
  readonly architecture: TargetDescription["architecture"];
  readonly pointerSize: 4 | 8;
  readonly words: readonly string[];
  readonly args: readonly string[];
  readonly returned: string;
}[] = [
  {
    architecture: "x64",
    pointerSize: 8,
    words: "r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di".split(" "),
    args: ["di", "si", "dx", "cx", "r8", "r9"],
    returned: "ax",
  },
  {
    architecture: "arm64",
    pointerSize: 8,
    words: numbered("x", 31),
    args: numbered("x", 8),
    returned: "x0",
  },
  {
    architecture: "arm",
    pointerSize: 4,
    words: numbered("r", 16),
    args: numbered("r", 4),
    returned: "r0",
  },
  {
    architecture: "riscv64",
    pointerSize: 8,
    words: "pc ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7".split(" "),
    args: numbered("a", 8),
    returned: "a0",
  },
  {
    architecture: "s390x",
    pointerSize: 8,
    words: ["args", "psw mask", "psw address", ...numbered("r", 16)],
    args: numbered("r", 5, 2),
    returned: "r2",
  },
  {
    architecture: "ppc64",
    pointerSize: 8,
    words: numbered("r", 32),
    args: numbered("r", 8, 3),
    returned: "r3",
  },
  {
    architecture: "loong64",
    pointerSize: 8,
    words: numbered("$", 32),
    args: numbered("$", 8, 4),
    returned: "$4",
  },
  {
    architecture: "mips",
    pointerSize: 4,
    words: [...numbered("pad", 8), ...numbered("$", 32)],
    args: numbered("$", 4, 4),
    returned: "$2",
  },
  {
    architecture: "mipsel",
    pointerSize: 8,
    words: numbered("$", 32),
    args: numbered("$", 8, 4),
    returned: "$2",
  },
];

describe("registers of functions", () => {
  for (const { architecture, pointerSize, words, args, returned } of architectures) {
    test(`are where struct pt_regs has them: ${architecture}, ${pointerSize * 8} bits`, () => {
      const layout = registerLayout({ ...linux618x64, architecture, pointerSize }, "user");
      const offsetOf = (word: string): number => words.indexOf(word) * pointerSize;
      expect(layout).toEqual({
        sizeBytes: pointerSize,
        args: args.map(offsetOf),
        returnValue: offsetOf(returned),
      });
    });
  }

  test("of programs of 32 bits on x64 are in the low halves", () => {
    // … orig_ax ip cs flags sp
    const stack = { pointer: 19 * 8, distance: 4 };
    const expected = { sizeBytes: 4, args: [], stack, returnValue: 80 };
    expect(registerLayout(linux618x64, "user", true)).toEqual(expected);
  });

  test("hold arguments of the kernel's functions alone on ia32", () => {
    const target: TargetDescription = { ...linux618x64, architecture: "ia32", pointerSize: 4 };
    // bx cx dx si di bp ax: the kernel passes ax, dx, cx.
    expect(registerLayout(target, "kernel").args).toEqual([24, 8, 4]);
    // … ds es fs gs orig_ax ip cs flags sp: a program's are behind the return address.
    const stack = { pointer: 60, distance: 4 };
    expect(registerLayout(target, "user")).toMatchObject({ args: [], stack, returnValue: 24 });
  });
});
