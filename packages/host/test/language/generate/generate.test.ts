import { describe, expect, test } from "@jest/globals";
import { formatListing } from "../../../src/asm/disassemble/format-listing.js";
import { generate } from "../../../src/language/generate/generate.js";
import { StackLimitError } from "../../../src/language/generate/place-stack.js";
import { type IrOperation, type IrValue, type VirtualRegister } from "../../../src/language/ir.js";

const v = (id: number): VirtualRegister => ({ kind: "virtual", id });
const c = (value: bigint | number): IrValue => ({ kind: "constant", value: BigInt(value) });

function listing(
  operations: readonly IrOperation[],
  options: { readonly hasJump32?: boolean; readonly slots?: readonly number[] } = {},
): string {
  const slots = (options.slots ?? []).map((sizeBytes) => ({ sizeBytes, purpose: "test" }));
  const program = { name: "test", operations, slots };
  return formatListing(generate(program, { hasJump32: options.hasJump32 ?? true }));
}

describe("registers", () => {
  test("a result goes straight from a call to where the next one wants it", () => {
    expect(
      listing([
        { kind: "call", helper: 14, to: v(0), args: [] },
        { kind: "call", helper: 5, to: undefined, args: [v(0), c(1)] },
        { kind: "exit", value: c(0) },
      ]),
    ).toBe(`\
  call get_current_pid_tgid#14
  r1 = r0
  r2 = 1
  call ktime_get_ns#5
  r0 = 0
  exit
`);
  });

  test("a value that lives across a call is in a register that the call leaves alone", () => {
    expect(
      listing([
        { kind: "call", helper: 14, to: v(0), args: [] },
        { kind: "call", helper: 5, to: v(1), args: [] },
        { kind: "binary", operation: "add", width: 64, to: v(2), left: v(0), right: v(1) },
        { kind: "exit", value: v(2) },
      ]),
    ).toBe(`\
  call get_current_pid_tgid#14
  r6 = r0
  call ktime_get_ns#5
  r6 += r0
  r0 = r6
  exit
`);
  });

  test("the context is kept only when it is used after a call", () => {
    const load = (id: number): IrOperation => ({
      kind: "load",
      to: v(id),
      address: { kind: "context", offset: 8 * id },
      size: 8,
      isSigned: false,
    });
    expect(listing([load(1), { kind: "exit", value: v(1) }])).toBe(`\
  r0 = *(u64 *)(r1 +8)
  exit
`);
    expect(
      listing([
        { kind: "call", helper: 5, to: undefined, args: [] },
        load(1),
        { kind: "exit", value: v(1) },
      ]),
    ).toBe(`\
  r6 = r1
  call ktime_get_ns#5
  r0 = *(u64 *)(r6 +8)
  exit
`);
  });

  test("arguments that stand in each other's places are moved without loss", () => {
    const swapped = listing([
      { kind: "load", to: v(0), address: { kind: "context", offset: 0 }, size: 8, isSigned: false },
      { kind: "load", to: v(1), address: { kind: "context", offset: 8 }, size: 8, isSigned: false },
      { kind: "call", helper: 5, to: undefined, args: [v(0), v(1)] },
      { kind: "call", helper: 5, to: undefined, args: [v(1), v(0)] },
      { kind: "exit", value: c(0) },
    ]);
    expect(swapped).toContain("r1 = r6\n  r2 = r7\n");
    expect(swapped).toContain("r1 = r7\n  r2 = r6\n");
  });

  test("what finds no register lives on the stack, below the program's own slots", () => {
    const calls = [0, 1, 2, 3, 4, 5].map((id): IrOperation => ({
      kind: "call",
      helper: 7,
      to: v(id),
      args: [],
    }));
    const sums = [1, 2, 3, 4, 5].map((id): IrOperation => ({
      kind: "binary",
      operation: "add",
      width: 64,
      to: v(0),
      left: v(0),
      right: v(id),
    }));
    const text = listing([...calls, ...sums, { kind: "exit", value: v(0) }], { slots: [12] });
    expect(text).toContain("*(u64 *)(r10 -24) = r0");
    expect(text.match(/r10/g)).toHaveLength(2);
  });
});

describe("instructions", () => {
  const binary = (
    operation: Extract<IrOperation, { kind: "binary" }>["operation"],
    right: bigint | number,
  ): string =>
    listing([
      { kind: "load", to: v(0), address: { kind: "context", offset: 0 }, size: 8, isSigned: false },
      { kind: "binary", operation, width: 64, to: v(1), left: v(0), right: c(right) },
      { kind: "exit", value: v(1) },
    ]);

  const cases = [
    { name: "a power of two is shifted by", text: binary("mul", 8), expected: "r0 <<= 3" },
    { name: "so is it when dividing", text: binary("div", 16), expected: "r0 >>= 4" },
    { name: "its remainder is masked", text: binary("mod", 16), expected: "r0 &= 15" },
    { name: "small constants are immediates", text: binary("add", -5), expected: "r0 += -5" },
    {
      name: "large constants are loaded first",
      text: binary("and", 0xffff_ffff_0000n),
      expected: "r5 = 0xffffffff0000 ll",
    },
    {
      name: "constants of 32 bits take one slot",
      text: binary("or", 0xffff_0000n),
      expected: "w5 = -65536",
    },
    { name: "division by zero is zero", text: binary("sdiv", 0), expected: "  r0 = 0\n" },
  ];
  for (const { name, text, expected } of cases) {
    test(name, () => {
      expect(text).toContain(expected);
    });
  }

  test("signed division is done on sizes, with the sign put back", () => {
    expect(binary("sdiv", 10)).toBe(`\
  r0 = *(u64 *)(r1 +0)
  r5 = r0
  r5 s>>= 63
  r0 ^= r5
  r0 -= r5
  r0 /= 10
  r0 ^= r5
  r0 -= r5
  exit
`);
  });

  test("nothing is extended of which only the low bytes are stored", () => {
    const operations: readonly IrOperation[] = [
      { kind: "load", to: v(0), address: { kind: "context", offset: 0 }, size: 4, isSigned: true },
      { kind: "store", address: { kind: "slot", slot: 0, offset: 0 }, size: 4, value: v(0) },
      { kind: "exit", value: c(0) },
    ];
    expect(listing(operations, { slots: [8] })).not.toContain("<<=");
    const whole = operations.map((one) => (one.kind === "store" ? { ...one, size: 8 } : one));
    // The store's size is one of those that there are.
    expect(listing(whole as readonly IrOperation[], { slots: [8] })).toContain("s>>= 32");
  });

  test("memory is zeroed with as few stores as its alignment allows", () => {
    expect(
      listing(
        [
          { kind: "zero", address: { kind: "slot", slot: 0, offset: 3 }, sizeBytes: 14 },
          { kind: "exit", value: c(0) },
        ],
        { slots: [24] },
      ),
    ).toBe(`\
  *(u8 *)(r10 -21) = 0
  *(u32 *)(r10 -20) = 0
  *(u64 *)(r10 -16) = 0
  *(u8 *)(r10 -8) = 0
  r0 = 0
  exit
`);
  });

  test("without 32-bit jumps both sides are extended", () => {
    const operations: readonly IrOperation[] = [
      { kind: "load", to: v(0), address: { kind: "context", offset: 0 }, size: 8, isSigned: false },
      {
        kind: "jumpIf",
        condition: "lt",
        width: 32,
        left: v(0),
        right: c(-1),
        target: "end",
      },
      { kind: "exit", value: c(1) },
      { kind: "label", name: "end" },
      { kind: "exit", value: c(0) },
    ];
    expect(listing(operations)).toContain("if w5 < -1 goto end");
    const old = listing(operations, { hasJump32: false });
    expect(old).not.toContain("if w");
    expect(old).toContain("if r4 < r5 goto end");
  });
});

describe("control flow", () => {
  test("what cannot be reached is left out, and jumps go where they end", () => {
    expect(
      listing([
        { kind: "call", helper: 7, to: v(0), args: [] },
        { kind: "jumpIf", condition: "eq", width: 64, left: v(0), right: c(0), target: "a" },
        { kind: "jump", target: "b" },
        { kind: "exit", value: c(9) },
        { kind: "label", name: "a" },
        { kind: "exit", value: c(1) },
        { kind: "label", name: "b" },
        { kind: "jump", target: "c" },
        { kind: "label", name: "c" },
        { kind: "exit", value: c(2) },
      ]),
    ).toBe(`\
  call get_prandom_u32#7
  if r0 != 0 goto c
  r0 = 1
  exit
c:
  r0 = 2
  exit
`);
  });

  test("values that nobody reads are not computed", () => {
    expect(
      listing([
        {
          kind: "load",
          to: v(0),
          address: { kind: "context", offset: 0 },
          size: 8,
          isSigned: false,
        },
        { kind: "binary", operation: "mul", width: 64, to: v(1), left: v(0), right: c(3) },
        { kind: "exit", value: c(0) },
      ]),
    ).toBe("  r0 = 0\n  exit\n");
  });

  test("more stack than there is, is said with what it takes", () => {
    const operations: readonly IrOperation[] = [{ kind: "exit", value: c(0) }];
    expect(() => listing(operations, { slots: [512] })).not.toThrow();
    expect(() => listing(operations, { slots: [512, 1] })).toThrow(StackLimitError);
    expect(() => listing(operations, { slots: [512, 1] })).toThrow(/needs 520 bytes/);
  });
});
