import { describe, expect, test } from "@jest/globals";
import { type ElfFunction } from "../../src/elf/elf-types.js";
import { BuiltSymbols } from "../../src/symbols/built-symbols.js";
import { type KernelSymbolSource } from "../../src/symbols/kernel-symbol-source.js";
import { functionsAsLinked, parseSystemMap } from "../../src/symbols/linked-symbols.js";

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

/** A target that knows where some functions are, and calls every address by a name of its own. */
function askTarget(
  places: Readonly<Record<string, bigint>> = { schedule: linkedAt + slide + 0x100n },
): { source: KernelSymbolSource; asked: bigint[] } {
  const asked: bigint[] = [];
  const source: KernelSymbolSource = {
    prepare: (addresses) => {
      asked.push(...addresses);
      return Promise.resolve();
    },
    resolve: () => ({ name: "asked", offset: 0n, module: "nf_tables" }),
    addressesOf: (names) => Promise.resolve(names.map((name) => places[name])),
  };
  return { source, asked };
}

async function open(
  source: KernelSymbolSource,
  linked = functionsAsLinked(functions),
): Promise<BuiltSymbols> {
  const symbols = await BuiltSymbols.open(linked, source);
  if (typeof symbols === "string") throw new Error(symbols);
  return symbols;
}

describe("the symbols of a kernel as it was built", () => {
  test("are moved to where it runs, and nothing is asked for them", async () => {
    const { source, asked } = askTarget();
    const symbols = await open(source);
    const [first, last] = [linkedAt + slide + 0x300n, linkedAt + slide + 0x33fn];
    await symbols.prepare([first, last]);
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
      const symbols = await open(source);
      await symbols.prepare([address]);
      expect(asked).toEqual([address]);
      expect(symbols.resolve(address)?.name).toBe("asked");
    });
  }

  test("are not used when the target does not tell where it runs", async () => {
    const { source } = askTarget({});
    expect(await BuiltSymbols.open(functionsAsLinked(functions), source)).toBe("unplaced");
  });

  test("are not used when they lack all that would tell", async () => {
    const { source } = askTarget();
    const lacking = functionsAsLinked(functions.slice(2));
    expect(await BuiltSymbols.open(lacking, source)).toBe("unplaced");
  });
});

describe("a System.map", () => {
  const line = (offset: bigint, rest: string): string =>
    `${(linkedAt + offset).toString(16)} ${rest}\n`;
  const text =
    line(0n, "T _stext") +
    line(0x100n, "T schedule") +
    line(0x180n, "t first_of_two") +
    line(0x180n, "T second_of_two") +
    line(0x300n, "T vfs_read") +
    line(0x400n, "T _etext") +
    line(0x500n, "D jiffies") +
    line(0x600n, "T _sinittext");
  const linked = parseSystemMap(new TextEncoder().encode(text));
  const running = (name: string): bigint => slide + (linked?.addressOf(name) ?? 0n);
  const places = {
    schedule: running("schedule"),
    vfs_read: running("vfs_read"),
    _etext: running("_etext"),
  };

  test("has the names between the start and the end of the kernel's code", async () => {
    const { source, asked } = askTarget(places);
    const symbols = await open(source, linked);
    const resolve = (offset: bigint): string | undefined =>
      symbols.resolve(linkedAt + slide + offset)?.name;
    await symbols.prepare([0x110n, 0x3ffn, 0x400n, 0x610n].map((one) => linkedAt + slide + one));
    expect(asked).toEqual([0x400n, 0x610n].map((one) => linkedAt + slide + one));
    expect([resolve(0x110n), resolve(0x181n), resolve(0x3ffn), resolve(0x610n)]).toEqual([
      "schedule",
      "first_of_two",
      "vfs_read",
      "asked",
    ]);
  });

  test("of another kernel is known by the distances of its functions", async () => {
    const { source } = askTarget({ ...places, _etext: places._etext + 16n });
    if (linked === undefined) throw new Error("it was not read");
    expect(await BuiltSymbols.open(linked, source)).toBe("other kernel");
  });

  test("is not what does not tell where the kernel's code begins and ends", () => {
    expect(parseSystemMap(new TextEncoder().encode(line(0n, "T schedule")))).toBeUndefined();
    expect(parseSystemMap(new Uint8Array(0))).toBeUndefined();
  });
});
