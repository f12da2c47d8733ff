import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseKernelSymbols, type KernelSymbols } from "../../src/symbols/kernel-symbols.js";

function parse(text: string): KernelSymbols {
  return parseKernelSymbols(new TextEncoder().encode(text));
}

const x64 = [
  "0000000000000000 A fixed_percpu_data",
  "ffffffff81000000 T _stext",
  "ffffffff81000000 T _text",
  "ffffffff81000100 t first",
  "ffffffff81000200 W second",
  "ffffffff82000000 D jiffies",
  "ffffffffc0201000 t nft_init\t[nf_tables]",
  "ffffffffc0100000 t early_module\t[ext4]",
  "",
].join("\n");

describe("parseKernelSymbols", () => {
  const symbols = parse(x64);

  test.each([
    [0xffffffff81000000n, { name: "_stext", offset: 0n, module: undefined }],
    [0xffffffff810000ffn, { name: "_stext", offset: 255n, module: undefined }],
    [0xffffffff81000100n, { name: "first", offset: 0n, module: undefined }],
    [0xffffffff81000204n, { name: "second", offset: 4n, module: undefined }],
    [0xffffffffc0201010n, { name: "nft_init", offset: 16n, module: "nf_tables" }],
    [0xffffffffc0100001n, { name: "early_module", offset: 1n, module: "ext4" }],
  ])("resolves %x", (address, expected) => {
    expect(symbols.resolve(address)).toEqual(expected);
  });

  test.each([
    0n,
    5n,
    0x7fff_0000_0000n,
    0xffffffff80ffffffn,
    0xffffffff90000000n,
    (1n << 64n) - 1n,
  ])("resolves %x to nothing", (address) => {
    expect(symbols.resolve(address)).toBeUndefined();
  });

  test("finds addresses by name, those of data too", () => {
    expect(symbols.addressOf("second")).toBe(0xffffffff81000200n);
    expect(symbols.addressOf("nft_init")).toBe(0xffffffffc0201000n);
    expect(symbols.addressOf("jiffies")).toBe(0xffffffff82000000n);
    expect(symbols.addressOf("secon")).toBeUndefined();
    expect(symbols.addressOf("")).toBeUndefined();
  });

  test("notices that the addresses were hidden", () => {
    const hidden = parse("0000000000000000 T _text\n0000000000000000 T first\n");
    expect(hidden.isHidden).toBe(true);
    expect(hidden.resolve(0n)).toBeUndefined();
    expect(hidden.addressOf("first")).toBeUndefined();
    expect(symbols.isHidden).toBe(false);
    expect(parse("").isHidden).toBe(false);
  });

  test("reads addresses of 32 bits", () => {
    const arm = parse("c0008000 T _text\nc0008100 T start\nbf000000 t module_init\t[m]\n");
    expect(arm.resolve(0xc0008104n)).toMatchObject({ name: "start", offset: 4n });
    expect(arm.resolve(0xbf000000n)).toMatchObject({ name: "module_init", module: "m" });
  });

  test("tells addresses apart in the middle of the address space", () => {
    const ppc = parse("c000000000010000 T a\nc000000000010001 T b\nc008000000000003 T c\n");
    expect(ppc.resolve(0xc000000000010000n)).toMatchObject({ name: "a", offset: 0n });
    expect(ppc.resolve(0xc000000000010001n)).toMatchObject({ name: "b", offset: 0n });
    expect(ppc.resolve(0xc008000000000004n)).toMatchObject({ name: "c", offset: 1n });
  });

  test("takes a file without a last newline, and passes over lines that are no symbols", () => {
    const odd = parse("nonsense\n\nzz T x\nffffffff81000000 T\nffffffff81000000 T good");
    expect(odd.count).toBe(1);
    expect(odd.resolve(0xffffffff81000001n)).toMatchObject({ name: "good" });
  });

  test("agrees with a search of the list", () => {
    const arbitrary = fc.array(fc.nat({ max: 0xffff }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(arbitrary, fc.nat({ max: 0x1_1000 }), (offsets, at) => {
        const base = 0xffffffff81000000n;
        const lines = offsets.map(
          (offset, index) => `${(base + BigInt(offset)).toString(16)} T s${index}`,
        );
        const below = offsets.filter((offset) => offset <= at);
        const nearest = Math.max(...below);
        const expected =
          below.length === 0
            ? undefined
            : {
                name: `s${offsets.indexOf(nearest)}`,
                offset: BigInt(at - nearest),
                module: undefined,
              };
        expect(parse(lines.join("\n")).resolve(base + BigInt(at))).toEqual(expected);
      }),
    );
  });

  test("throws on no bytes at all", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const symbols = parseKernelSymbols(bytes);
        symbols.resolve(0xffffffff81000000n);
        symbols.addressOf("a");
      }),
    );
  });
});
