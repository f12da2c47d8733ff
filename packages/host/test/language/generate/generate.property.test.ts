import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { generate } from "../../../src/language/generate/generate.js";
import { type IrProgram } from "../../../src/language/ir.js";
import { arbitraryProgram, contextSizeBytes } from "../../support/arbitrary-ir.js";
import { type HelperModel, interpretBpf } from "../../support/bpf-interpreter.js";
import { interpretIr } from "../../support/ir-interpreter.js";

/** A result that depends on the helper and on every argument; of pointers, on what they point to. */
const mixingHelper: HelperModel = (helper, args, memory) => {
  let result = BigInt(helper);
  for (const argument of args.slice(0, helper % 6)) {
    const value = memory.holds(argument) ? memory.read(argument, 8) : argument;
    result = BigInt.asUintN(64, result * 0x9e37_79b9_7f4a_7c15n + value);
  }
  return result;
};

/** The number of arguments follows from the helper's number, as it does in the kernel. */
function withMatchingCalls(program: IrProgram): IrProgram {
  return {
    ...program,
    operations: program.operations.map((operation) => {
      if (operation.kind !== "call") return operation;
      const { helper, args } = operation;
      return { ...operation, helper: helper - (helper % 6) + args.length };
    }),
  };
}

const contexts = fc.uint8Array({ minLength: contextSizeBytes, maxLength: contextSizeBytes });

describe("generated instructions", () => {
  for (const { registers, length, runs } of [
    { registers: 3, length: 12, runs: 400 },
    { registers: 8, length: 40, runs: 300 },
    { registers: 24, length: 80, runs: 150 },
  ]) {
    for (const hasJump32 of [true, false]) {
      const jumps = hasJump32 ? "with" : "without";
      test(`compute what the intermediate form does: ${registers} registers, ${jumps} 32-bit jumps`, () => {
        fc.assert(
          fc.property(arbitraryProgram(registers, length), contexts, (arbitrary, context) => {
            const program = withMatchingCalls(arbitrary);
            const instructions = generate(program, { hasJump32 });
            const result = interpretBpf(instructions, context.slice(), mixingHelper);
            expect(result).toBe(interpretIr(program, context.slice(), mixingHelper));
          }),
          { numRuns: runs },
        );
      });
    }
  }
});
