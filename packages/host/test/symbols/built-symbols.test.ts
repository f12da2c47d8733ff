import { describe, expect, test } from "@jest/globals";
import { type ElfFunction } from "../../src/elf/elf-types.js";
import { BuiltSymbols } from "../../src/symbols/built-symbols.js";
import { type KernelSymbolSource } from "../../src/symbols/kernel-symbol-source.js";

const linkedAt = 0xffff_ffff_8100_0000n;
const slide = 0x1a40_0000n;

function define(name: string, offset: bigint, sizeBytes: bigint): ElfFunction {
  const address = linkedAt + offset;
  return { name, address, sizeBytes, fileOffset: 0n, isIndirect: false, isThumb: false };
}

const functions = [
  define("vfs_read", 0x300n, 0x40n),
  define("schedule", 0x100n, 0x80n),
  define("memcpy", 0x400n, 0x20n),
  define("__memcpy", 0x400n, 0x20n),
];

/** A target that knows where schedule is, and calls every address by a name of its own. */
function askTarget(knowsAnchor = true): { source: KernelSymbolSource; asked: bigint[] } {
  const asked: bigint[] = [];
  const source: KernelSymbolSource = {
    prepare: (addresses) => {
      asked.push(...addresses);
      return Promise.resolve();
    },
    resolve: () => ({ name: "asked", offset: 0n, module: "nf_tables" }),
    addressesOf: (names) =>
      Promise.resolve(
        names.map((name) =>
          name === "schedule" && knowsAnchor ? linkedAt + slide + 0x100n : undefined,
        ),
      ),
  };
  return { source, asked };
}

describe("the symbols of a kernel as it was built", () => {
  test("are moved to where it runs, and nothing is asked for them", async () => {
    const { source, asked } = askTarget();
    const symbols = await BuiltSymbols.open(functions, source);
    const [first, last] = [linkedAt + slide + 0x300n, linkedAt + slide + 0x33fn];
    await symbols.prepare?.([first, last]);
    expect(asked).toEqual([]);
    expect(symbols.resolve(first)).toEqual({ name: "vfs_read", offset: 0n, module: undefined });
    expect(symbols.resolve(last)).toEqual({ name: "vfs_read", offset: 0x3fn, module: undefined });
  });

  const others = [
    { name: "below all functions", address: linkedAt + slide },
    { name: "behind a function's end", address: linkedAt + slide + 0x340n },
    { name: "in a module", address: 0xffff_ffff_c020_1000n },
    { name: "with two names", address: linkedAt + slide + 0x408n },
    { name: "where the kernel was linked to run", address: linkedAt + 0x300n },
  ];
  for (const { name, address } of others) {
    test(`are not those of an address ${name}: the target is asked`, async () => {
      const { source, asked } = askTarget();
      const symbols = await BuiltSymbols.open(functions, source);
      await symbols.prepare?.([address]);
      expect(asked).toEqual([address]);
      expect(symbols.resolve(address)?.name).toBe("asked");
    });
  }

  test("are not used when the target does not tell where it runs", async () => {
    const { source } = askTarget(false);
    expect(await BuiltSymbols.open(functions, source)).toBe(source);
  });

  test("are not used when they lack the function that would tell", async () => {
    const { source } = askTarget();
    expect(await BuiltSymbols.open(functions.slice(0, 1), source)).toBe(source);
  });
});
