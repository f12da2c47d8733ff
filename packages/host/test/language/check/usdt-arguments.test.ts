import { describe, expect, test } from "@jest/globals";
import { namedRegister } from "../../../src/language/register-names.js";
import { parseUsdtArguments } from "../../../src/language/check/probes/usdt-arguments.js";
import { describeTarget } from "./check-source.js";

type Architecture = Parameters<typeof parseUsdtArguments>[1];

describe("operands of USDT arguments", () => {
  const register = (name: string): object => ({ kind: "register", name });
  const memory = (base: string | undefined, offset: bigint, index?: string, scale = 1): object => {
    return { kind: "memory", base, index, scale, offset };
  };
  const constant = (value: bigint): object => ({ kind: "constant", value });
  const cases: readonly { machine: Architecture; text: string; operands: readonly object[] }[] = [
    {
      machine: "x64",
      text: "-4@%edi 8@-16(%rbp) 2@(%rax) 1@$5 -8@$-5 4@8(%rax,%rbx,4) 8@(,%rcx,8) 8@0x10(%rsp)",
      operands: [
        register("edi"),
        memory("rbp", -16n),
        memory("rax", 0n),
        constant(5n),
        constant(-5n),
        memory("rax", 8n, "rbx", 4),
        memory(undefined, 0n, "rcx", 8),
        memory("rsp", 16n),
      ],
    },
    {
      machine: "arm64",
      text: "-4@w0 8@x19 8@[sp, 16] 4@[x1] 8@[x2, -8] 8@[x1, x2] -4@-7",
      operands: [
        register("w0"),
        register("x19"),
        memory("sp", 16n),
        memory("x1", 0n),
        memory("x2", -8n),
        memory("x1", 0n, "x2"),
        constant(-7n),
      ],
    },
    {
      machine: "arm",
      text: "4@r0 -4@[fp, #-8] 4@#5",
      operands: [register("r0"), memory("fp", -8n), constant(5n)],
    },
    {
      machine: "riscv64",
      text: "8@a0 -4@-20(s0) 4@12",
      operands: [register("a0"), memory("s0", -20n), constant(12n)],
    },
    {
      machine: "s390x",
      text: "8@%r2 4@160(%r15) 4@7",
      operands: [register("r2"), memory("r15", 160n), constant(7n)],
    },
    {
      machine: "x64",
      text: "8@foo(%rip) 8f@%xmm0 16@%rax",
      operands: [
        { kind: "unknown", text: "foo(%rip)" },
        { kind: "unknown", text: "%xmm0" },
        { kind: "unknown", text: "%rax" },
      ],
    },
    { machine: "ppc64", text: "8@3", operands: [{ kind: "unknown", text: "3" }] },
    { machine: "x64", text: "", operands: [] },
  ];
  test.each(cases)("of $machine: $text", ({ machine, text, operands }) => {
    expect(parseUsdtArguments(text, machine).map(({ operand }) => operand)).toEqual(operands);
  });

  test("have a size, below zero for signed numbers", () => {
    expect(
      parseUsdtArguments("-4@%edi 2@%si 8@%rax", "x64").map(({ sizeBytes, isSigned }) => [
        sizeBytes,
        isSigned,
      ]),
    ).toEqual([
      [4, true],
      [2, false],
      [8, false],
    ]);
  });
});

describe("registers", () => {
  test.each([
    ["x64", "rdi", 112],
    ["x64", "edi", 112],
    ["x64", "dil", 112],
    ["x64", "al", 80],
    ["x64", "r8d", 72],
    ["x64", "r15", 0],
    ["x64", "SP", 152],
    ["arm64", "w19", 152],
    ["arm64", "sp", 248],
    ["arm", "fp", 44],
    ["riscv64", "a0", 80],
    ["riscv64", "s2", 144],
    ["riscv64", "x31", 248],
    ["s390x", "r2", 40],
    ["x64", "xmm0", undefined],
    ["mips", "a0", undefined],
  ] as const)("of %s: %s", (architecture, name, offset) => {
    expect(namedRegister(describeTarget({ architecture }), name)?.offset).toBe(offset);
  });
});
