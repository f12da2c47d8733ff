import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { assemble } from "../../src/asm/assemble.js";
import { decode, InstructionDecodeError } from "../../src/asm/disassemble/decode.js";
import { type Instruction } from "../../src/asm/instruction.js";
import { InternalError } from "../../src/asm/internal-error.js";
import { arbitraryInstructions } from "../support/arbitrary-instructions.js";

function hex(instructions: readonly Instruction[], byteOrder: "little" | "big"): string {
  const { bytes } = assemble(instructions, byteOrder);
  const slots: string[] = [];
  for (let place = 0; place < bytes.length; place += 8) {
    const slot = [...bytes.subarray(place, place + 8)];
    slots.push(slot.map((byte) => byte.toString(16).padStart(2, "0")).join(""));
  }
  return slots.join(" ");
}

describe("assemble", () => {
  // As Documentation/bpf/standardization/instruction-set.rst defines them.
  const cases: readonly {
    readonly name: string;
    readonly instruction: Instruction;
    readonly little: string;
    readonly big: string;
  }[] = [
    {
      name: "a move between registers",
      instruction: {
        kind: "alu",
        operation: "mov",
        width: 64,
        destination: 6,
        source: { kind: "register", register: 1 },
      },
      little: "bf16000000000000",
      big: "bf61000000000000",
    },
    {
      name: "a 32-bit immediate",
      instruction: {
        kind: "alu",
        operation: "add",
        width: 32,
        destination: 2,
        source: { kind: "immediate", value: -8 },
      },
      little: "04020000f8ffffff",
      big: "04200000fffffff8",
    },
    {
      name: "a load",
      instruction: { kind: "load", size: 8, destination: 1, base: 10, offset: -16 },
      little: "79a1f0ff00000000",
      big: "791afff000000000",
    },
    {
      name: "a store of an immediate",
      instruction: {
        kind: "store",
        size: 4,
        base: 10,
        offset: -4,
        source: { kind: "immediate", value: 1 },
      },
      little: "620afcff01000000",
      big: "62a0fffc00000001",
    },
    {
      name: "an atomic addition",
      instruction: { kind: "atomicAdd", size: 8, base: 0, offset: 8, source: 1 },
      little: "db10080000000000",
      big: "db01000800000000",
    },
    {
      name: "a wide immediate, in two slots",
      instruction: { kind: "load64", destination: 1, value: 0x1122334455667788n },
      little: "1801000088776655 0000000044332211",
      big: "1810000055667788 0000000011223344",
    },
    {
      name: "a swap to network order",
      instruction: { kind: "swap", to: "big", bits: 16, destination: 3 },
      little: "dc03000010000000",
      big: "dc30000000000010",
    },
    {
      name: "a call",
      instruction: { kind: "call", helper: 14 },
      little: "850000000e000000",
      big: "850000000000000e",
    },
    {
      name: "an exit",
      instruction: { kind: "exit" },
      little: "9500000000000000",
      big: "9500000000000000",
    },
  ];
  for (const { name, instruction, little, big } of cases) {
    test(`writes ${name} in both byte orders`, () => {
      expect(hex([instruction], "little")).toBe(little);
      expect(hex([instruction], "big")).toBe(big);
    });
  }

  test("counts a jump from the instruction behind it, wide ones as two", () => {
    const instructions: readonly Instruction[] = [
      { kind: "label", name: "top" },
      {
        kind: "jumpIf",
        condition: "eq",
        width: 64,
        left: 1,
        right: { kind: "immediate", value: 0 },
        target: "end",
      },
      { kind: "load64", destination: 0, value: 1n },
      { kind: "jump", target: "top" },
      { kind: "label", name: "end" },
      { kind: "exit" },
    ];
    expect(hex(instructions, "little")).toBe(
      "1501030000000000 1800000001000000 0000000000000000 0500fcff00000000 9500000000000000",
    );
  });

  test("names the maps by slot, and puts the offset in a value into the second one", () => {
    const { bytes, mapReferences } = assemble(
      [
        { kind: "load64", destination: 1, value: 0n },
        { kind: "loadMap", destination: 1, map: "events" },
        { kind: "loadMap", destination: 2, map: "loss", valueOffset: 24 },
      ],
      "little",
    );
    expect(mapReferences).toEqual([
      { instruction: 2, map: "events", valueOffset: undefined },
      { instruction: 4, map: "loss", valueOffset: 24 },
    ]);
    expect([bytes[17], bytes[33], bytes[44]]).toEqual([0x11, 0x22, 24]);
  });

  test("refuses a jump that is out of reach, a label that is nowhere, a label that is twice", () => {
    const exit: Instruction = { kind: "exit" };
    const far = [
      { kind: "jump", target: "end" } as const,
      ...Array.from({ length: 32_768 }, () => exit),
      { kind: "label", name: "end" } as const,
      exit,
    ];
    expect(() => assemble(far, "little")).toThrow(InternalError);
    expect(() => assemble([{ kind: "jump", target: "nowhere" }], "little")).toThrow(InternalError);
    const label: Instruction = { kind: "label", name: "twice" };
    expect(() => assemble([label, label, exit], "little")).toThrow(InternalError);
  });
});

describe("decode", () => {
  for (const byteOrder of ["little", "big"] as const) {
    test(`reads back what assemble writes, ${byteOrder} endian`, () => {
      fc.assert(
        fc.property(arbitraryInstructions, (instructions) => {
          const { bytes, mapReferences } = assemble(instructions, byteOrder);
          expect(decode(bytes, byteOrder, mapReferences)).toEqual(instructions);
        }),
      );
    });
  }

  test("refuses arbitrary bytes with its own error only", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          decode(bytes, "little");
        } catch (error) {
          expect(error).toBeInstanceOf(InstructionDecodeError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
