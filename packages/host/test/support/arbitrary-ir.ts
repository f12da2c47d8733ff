import fc from "fast-check";
import { type JumpCondition } from "../../src/asm/instruction.js";
import {
  type BinaryOperation,
  type HelperArgument,
  type IrOperation,
  type IrProgram,
  type IrValue,
  type VirtualRegister,
} from "../../src/language/ir.js";

const binaryOperations: readonly BinaryOperation[] = [
  "add",
  "sub",
  "mul",
  "div",
  "mod",
  "or",
  "and",
  "xor",
  "lsh",
  "rsh",
  "arsh",
  "sdiv",
  "smod",
];
const conditions: readonly JumpCondition[] = [
  "eq",
  "ne",
  "gt",
  "ge",
  "lt",
  "le",
  "sgt",
  "sge",
  "slt",
  "sle",
  "set",
];

export const contextSizeBytes = 64;
const slotCount = 3;
const slotSizeBytes = 24;

const constant = fc.oneof(
  fc.bigInt({ min: -20n, max: 20n }),
  fc.constantFrom(0n, 1n, -1n, 1n << 63n, 0xffff_ffffn, 0x8000_0000n, -0x8000_0000n),
  fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
);
const size = fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const);
const width = fc.constantFrom(32 as const, 64 as const);

/** A choice of what an operation is; labels become jumps and places to jump to. */
function arbitraryOperation(registerCount: number): fc.Arbitrary<IrOperation> {
  const register: fc.Arbitrary<VirtualRegister> = fc
    .nat(registerCount - 1)
    .map((id) => ({ kind: "virtual", id }));
  const value: fc.Arbitrary<IrValue> = fc.oneof(
    { weight: 3, arbitrary: register },
    { weight: 1, arbitrary: constant.map((value) => ({ kind: "constant" as const, value })) },
  );
  const slotPlace = (bytes: number): fc.Arbitrary<{ kind: "slot"; slot: number; offset: number }> =>
    fc.record({
      kind: fc.constant("slot" as const),
      slot: fc.nat(slotCount - 1),
      offset: fc.nat(slotSizeBytes / bytes - 1).map((index) => index * bytes),
    });
  const contextPlace = (bytes: number): fc.Arbitrary<{ kind: "context"; offset: number }> =>
    fc.record({
      kind: fc.constant("context" as const),
      offset: fc.nat(contextSizeBytes / bytes - 1).map((index) => index * bytes),
    });
  const argument: fc.Arbitrary<HelperArgument> = fc.oneof(
    { weight: 3, arbitrary: value },
    {
      weight: 1,
      arbitrary: fc
        .oneof(slotPlace(8), contextPlace(8))
        .map((address) => ({ kind: "address" as const, address })),
    },
  );
  return fc.oneof(
    fc.record({ kind: fc.constant("move" as const), to: register, from: value }),
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("binary" as const),
        operation: fc.constantFrom(...binaryOperations),
        width,
        to: register,
        left: value,
        right: value,
      }),
    },
    fc.record({ kind: fc.constant("negate" as const), to: register, from: value }),
    fc.record({
      kind: fc.constant("extend" as const),
      to: register,
      from: value,
      size,
      isSigned: fc.boolean(),
    }),
    size.chain((bytes) =>
      fc.record({
        kind: fc.constant("load" as const),
        to: register,
        address: fc.oneof(slotPlace(bytes), contextPlace(bytes)),
        size: fc.constant(bytes),
        isSigned: fc.boolean(),
      }),
    ),
    size.chain((bytes) =>
      fc.record({
        kind: fc.constant("store" as const),
        address: slotPlace(bytes),
        size: fc.constant(bytes),
        value,
      }),
    ),
    fc.record({
      kind: fc.constant("zero" as const),
      address: slotPlace(4),
      sizeBytes: fc.constantFrom(1, 2, 3, 4),
    }),
    fc.record({
      kind: fc.constant("atomicAdd" as const),
      address: slotPlace(8),
      size: fc.constant(8 as const),
      value: register,
    }),
    fc.record({
      kind: fc.constant("exchange" as const),
      to: register,
      address: slotPlace(8),
      size: fc.constantFrom(4 as const, 8 as const),
      value,
    }),
    fc.record({
      kind: fc.constant("call" as const),
      helper: fc.integer({ min: 1, max: 30 }),
      to: fc.option(register, { nil: undefined }),
      args: fc.array(argument, { maxLength: 5 }),
    }),
    fc.record({
      kind: fc.constant("jumpIf" as const),
      condition: fc.constantFrom(...conditions),
      width,
      left: value,
      right: value,
      // Replaced by a label further down.
      target: fc.nat(12).map(String),
    }),
    fc.record({ kind: fc.constant("jump" as const), target: fc.nat(5).map(String) }),
  );
}

/** Programs that jump only forward, over all their registers; the exit value depends on every one of them. */
export function arbitraryProgram(registerCount: number, length: number): fc.Arbitrary<IrProgram> {
  return fc
    .array(arbitraryOperation(registerCount), { minLength: 1, maxLength: length, size: "max" })
    .map((operations) => ({
      name: "arbitrary",
      slots: Array.from({ length: slotCount }, () => ({
        sizeBytes: slotSizeBytes,
        purpose: "test",
      })),
      operations: [
        ...initialisation(registerCount),
        ...withLabels(operations),
        ...summary(registerCount),
      ],
    }));
}

function initialisation(registerCount: number): readonly IrOperation[] {
  const slots = Array.from({ length: slotCount }, (_, slot): IrOperation => {
    return { kind: "zero", address: { kind: "slot", slot, offset: 0 }, sizeBytes: slotSizeBytes };
  });
  const registers = Array.from({ length: registerCount }, (_, id): IrOperation => {
    const to = { kind: "virtual", id } as const;
    return id % 2 === 0
      ? { kind: "move", to, from: { kind: "constant", value: BigInt(id) } }
      : {
          kind: "load",
          to,
          address: { kind: "context", offset: (id * 8) % contextSizeBytes },
          size: 8,
          isSigned: false,
        };
  });
  return [...slots, ...registers];
}

/** Every operation gets a label before it; jumps go as many operations ahead as their number says. */
function withLabels(operations: readonly IrOperation[]): readonly IrOperation[] {
  const labelled = operations.flatMap((operation, index): readonly IrOperation[] => {
    const label: IrOperation = { kind: "label", name: `at${index}` };
    if (operation.kind !== "jump" && operation.kind !== "jumpIf") return [label, operation];
    const ahead = Math.min(index + 1 + Number(operation.target), operations.length);
    return [label, { ...operation, target: `at${ahead}` }];
  });
  return [...labelled, { kind: "label", name: `at${operations.length}` }];
}

function summary(registerCount: number): readonly IrOperation[] {
  const total: VirtualRegister = { kind: "virtual", id: registerCount };
  const operations: IrOperation[] = [
    { kind: "move", to: total, from: { kind: "constant", value: 7n } },
  ];
  const mix = (right: VirtualRegister): void => {
    operations.push(
      {
        kind: "binary",
        operation: "mul",
        width: 64,
        to: total,
        left: total,
        right: { kind: "constant", value: 31n },
      },
      { kind: "binary", operation: "xor", width: 64, to: total, left: total, right },
    );
  };
  for (let id = 0; id < registerCount; id++) mix({ kind: "virtual", id });
  const loaded: VirtualRegister = { kind: "virtual", id: registerCount + 1 };
  for (let slot = 0; slot < slotCount; slot++) {
    for (let offset = 0; offset < slotSizeBytes; offset += 8) {
      const address = { kind: "slot", slot, offset } as const;
      operations.push({ kind: "load", to: loaded, address, size: 8, isSigned: false });
      mix(loaded);
    }
  }
  return [...operations, { kind: "exit", value: total }];
}
