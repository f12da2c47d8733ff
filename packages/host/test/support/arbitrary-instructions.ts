import fc from "fast-check";
import {
  type AluOperation,
  type Instruction,
  type JumpCondition,
  type Operand,
  type Register,
} from "../../src/asm/instruction.js";
import { aluOpcodes, jumpOpcodes } from "../../src/asm/encoding.js";

// The keys of these records are exactly the names of their types.
const operations = Object.keys(aluOpcodes) as AluOperation[];
const conditions = Object.keys(jumpOpcodes) as JumpCondition[];

const register = fc.constantFrom<Register>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
const immediate = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const offset = fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 });
const width = fc.constantFrom(32 as const, 64 as const);
const size = fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const);
const operand: fc.Arbitrary<Operand> = fc.oneof(
  register.map((register): Operand => ({ kind: "register", register })),
  immediate.map((value): Operand => ({ kind: "immediate", value })),
);
/** Replaced by the name of a label that is there. */
const target = fc.nat(40).map(String);

/** Any instruction but labels. */
const instruction: fc.Arbitrary<Instruction> = fc.oneof(
  fc.record({
    kind: fc.constant("alu" as const),
    operation: fc.constantFrom(...operations),
    width,
    destination: register,
    source: operand,
  }),
  fc.record({ kind: fc.constant("negate" as const), width, destination: register }),
  fc.record({
    kind: fc.constant("swap" as const),
    to: fc.constantFrom("little" as const, "big" as const),
    bits: fc.constantFrom(16 as const, 32 as const, 64 as const),
    destination: register,
  }),
  fc.record({
    kind: fc.constant("load64" as const),
    destination: register,
    value: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  }),
  fc.record({
    kind: fc.constant("loadMap" as const),
    destination: register,
    map: fc.constantFrom("events", "AT_x"),
  }),
  fc.record({
    kind: fc.constant("loadMap" as const),
    destination: register,
    map: fc.constantFrom("loss", "start"),
    valueOffset: fc.nat(1 << 20),
  }),
  fc.record({ kind: fc.constant("loadFunction" as const), destination: register, target }),
  fc.record({
    kind: fc.constant("load" as const),
    size,
    destination: register,
    base: register,
    offset,
  }),
  fc.record({
    kind: fc.constant("store" as const),
    size,
    base: register,
    offset,
    source: operand,
  }),
  fc.record({
    kind: fc.constant("atomicAdd" as const),
    size: fc.constantFrom(4 as const, 8 as const),
    base: register,
    offset,
    source: register,
  }),
  fc.record({
    kind: fc.constant("atomicExchange" as const),
    size: fc.constantFrom(4 as const, 8 as const),
    base: register,
    offset,
    register,
  }),
  fc.record({
    kind: fc.constant("jumpIf" as const),
    condition: fc.constantFrom(...conditions),
    width,
    left: register,
    right: operand,
    target,
  }),
  fc.record({ kind: fc.constant("jump" as const), target }),
  fc.record({ kind: fc.constant("call" as const), helper: fc.nat(300) }),
  fc.constant({ kind: "exit" as const }),
);

/** Programs whose labels are named as `decode` names them: those that are jumped to, "L0", "L1", … in their order. */
export const arbitraryInstructions: fc.Arbitrary<readonly Instruction[]> = fc
  .array(instruction, { minLength: 1, maxLength: 40 })
  .map((instructions) => {
    const placeOf = (target: string): number => Number(target) % instructions.length;
    const targets = instructions.flatMap((one) => ("target" in one ? [placeOf(one.target)] : []));
    const places = [...new Set(targets)].sort((a, b) => a - b);
    const nameOf = (place: number): string => `L${places.indexOf(place)}`;
    return instructions.flatMap((one, place): readonly Instruction[] => {
      const named = "target" in one ? { ...one, target: nameOf(placeOf(one.target)) } : one;
      return places.includes(place) ? [{ kind: "label", name: nameOf(place) }, named] : [named];
    });
  });
