import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { readCodeSymbols } from "../../src/elf/code-symbols.js";
import { ElfError } from "../../src/elf/elf-error.js";
import { ElfReader } from "../../src/elf/elf-reader.js";
import { CodeSymbolTable } from "../../src/symbols/code-symbol-table.js";
import { ElfImage } from "../../src/symbols/elf-image.js";
import { buildElf, type ElfPlan, symbolTable, type SymbolPlan } from "../elf/elf-builder.js";

const sectionTypes = { program: 1, symtab: 2, strtab: 3, dynsym: 11 };
const executable = 4;
const local = 0;
const weak = 2;
const label = 0;

async function openElf(file: Uint8Array): Promise<ElfReader> {
  return await ElfReader.open((offset, length) =>
    Promise.resolve(file.subarray(offset, offset + length)),
  );
}

/** Its code is section 1, from 0x1000 to 0x1200. */
function fileWith(symbols: readonly SymbolPlan[], plan: ElfPlan = {}): Uint8Array {
  const table = symbolTable(symbols, plan.wordBits, plan.byteOrder);
  const code = { bytes: new Uint8Array(0x200), flags: executable, address: 0x1000 };
  return buildElf({
    ...plan,
    sections: [
      { name: ".text", type: sectionTypes.program, ...code },
      { name: ".symtab", type: sectionTypes.symtab, bytes: table.symbols, link: ".strtab" },
      { name: ".strtab", type: sectionTypes.strtab, bytes: table.names },
      ...(plan.sections ?? []),
    ],
  });
}

/** Names addresses; what is kept on disk must do it alike. */
async function namer(
  symbols: readonly SymbolPlan[],
  plan?: ElfPlan,
): Promise<(address: number) => string | undefined> {
  const elf = await openElf(fileWith(symbols, plan));
  const table = CodeSymbolTable.of(await readCodeSymbols(elf));
  // As a file is read: part of a larger buffer.
  const kept = CodeSymbolTable.decode(Buffer.from(table.encode()));
  return (address) => {
    const found = table.resolve(address);
    expect(kept?.resolve(address)).toEqual(found);
    return found === undefined ? undefined : `${found.name}+${found.offset}`;
  };
}

describe("an address in code", () => {
  for (const wordBits of [32, 64] as const) {
    for (const byteOrder of ["little", "big"] as const) {
      test(`lies in the function around it (${wordBits} bits, ${byteOrder}-endian)`, async () => {
        const symbols = [
          { name: "second", address: 0x1040, sizeBytes: 0x20 },
          { name: "first", address: 0x1000, sizeBytes: 0x10 },
        ];
        const nameOf = await namer(symbols, { wordBits, byteOrder });
        expect([0xfff, 0x1000, 0x100f, 0x1010, 0x1040, 0x105f, 0x1060].map(nameOf)).toEqual([
          undefined,
          "first+0",
          "first+15",
          undefined,
          "second+0",
          "second+31",
          undefined,
        ]);
      });
    }
  }

  test("lies in the innermost of functions within each other", async () => {
    const nameOf = await namer([
      { name: "outer", address: 0x1000, sizeBytes: 0x100 },
      { name: "inner", address: 0x1010, sizeBytes: 0x40 },
      { name: "innermost", address: 0x1020, sizeBytes: 0x10 },
      { name: "apart", address: 0x1060, sizeBytes: 0x10 },
    ]);
    expect([0x1018, 0x1028, 0x1030, 0x1050, 0x1068, 0x1070].map(nameOf)).toEqual([
      "inner+8",
      "innermost+8",
      "inner+32",
      "outer+80",
      "apart+8",
      "outer+112",
    ]);
  });

  const aliases = [
    { better: { name: "read" }, worse: { name: "__read" } },
    { better: { name: "__umask", binding: local }, worse: { name: "umask", binding: weak } },
    { better: { name: "__umask" }, worse: { name: "umask", binding: local } },
    { better: { name: "puts_unlocked" }, worse: { name: "puts" } },
    { better: { name: "function", binding: local }, worse: { name: "label", type: label } },
  ];
  for (const { better, worse } of aliases) {
    test(`is called ${better.name} rather than ${worse.name}`, async () => {
      const place = { address: 0x1000, sizeBytes: 8 };
      const symbols = [
        { ...worse, ...place },
        { ...better, ...place },
      ];
      for (const order of [symbols, symbols.reverse()]) {
        expect((await namer(order))(0x1004)).toBe(`${better.name}+4`);
      }
    });
  }

  test("lies in a symbol without a size up to the next, to its section's end or to a function around it", async () => {
    const nameOf = await namer([
      { name: "assembly", address: 0x1000, type: label },
      { name: "function", address: 0x1010, sizeBytes: 0x20 },
      { name: "within", address: 0x1018, type: label },
      { name: "last", address: 0x11f0 },
    ]);
    expect([0x100f, 0x101c, 0x1030, 0x11ff, 0x1200].map(nameOf)).toEqual([
      "assembly+15",
      "function+12",
      undefined,
      "last+15",
      undefined,
    ]);
  });

  test("has no symbols of data, of other files, of the assembler and without a name", async () => {
    const object = 1;
    const nameOf = await namer([
      { name: "data", address: 0x1000, sizeBytes: 8, type: object },
      { name: "elsewhere", address: 0x1000, sizeBytes: 8, section: 0 },
      { name: "label_of_data", address: 0x1000, type: label, section: 3 },
      { name: "$x", address: 0x1000, type: label },
      { name: ".L4", address: 0x1000, type: label },
      { name: "", address: 0x1000, sizeBytes: 8 },
    ]);
    expect(nameOf(0x1000)).toBeUndefined();
  });

  test("has names without versions", async () => {
    const nameOf = await namer([{ name: "memcpy@@GLIBC_2.14", address: 0x1000, sizeBytes: 8 }]);
    expect(nameOf(0x1000)).toBe("memcpy+0");
  });

  test("in Thumb code lies in the function whose symbol is odd", async () => {
    const arm = { wordBits: 32, machine: 40 } as const;
    const nameOf = await namer([{ name: "thumb", address: 0x1001, sizeBytes: 8 }], arm);
    expect([0x1000, 0x1007, 0x1008].map(nameOf)).toEqual(["thumb+0", "thumb+7", undefined]);
  });

  test("is called the same as by looking at every function", async () => {
    const span = fc.record({ start: fc.nat(60), size: fc.integer({ min: 1, max: 30 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(span, { maxLength: 12, selector: ({ start }) => start }),
        async (spans) => {
          const nameOf = await namer(
            spans.map(({ start, size }) => ({
              name: `f${start}`,
              address: 0x1000 + start,
              sizeBytes: size,
            })),
          );
          for (let at = 0; at < 100; at++) {
            const around = spans.filter(({ start, size }) => at >= start && at < start + size);
            const innermost = around.sort((a, b) => b.start - a.start)[0];
            const name = innermost && `f${innermost.start}+${at - innermost.start}`;
            expect(nameOf(0x1000 + at)).toBe(name);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("a damaged file", () => {
  const file = fileWith([
    { name: "first", address: 0x1000, sizeBytes: 0x10 },
    { name: "second", address: 0x1008, sizeBytes: 0x40 },
    { name: "label", address: 0x1100, type: label },
  ]);

  test("is an ElfError or lacks names", async () => {
    const damage = fc.record({ at: fc.nat(file.length - 1), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 6 }), async (faults) => {
        const damaged = file.slice();
        for (const { at, byte } of faults) damaged[at] = byte;
        try {
          const image = await ElfImage.read(await openElf(damaged));
          image.resolve(0x1004n);
        } catch (error) {
          expect(error).toBeInstanceOf(ElfError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("in the cache is no image, or one that lacks names", async () => {
    const kept = (await ElfImage.read(await openElf(file))).encode();
    fc.assert(
      fc.property(fc.nat(kept.length), fc.nat(kept.length - 1), fc.nat(255), (end, at, byte) => {
        const damaged = kept.slice(0, end);
        damaged[at] = byte;
        ElfImage.decode(damaged)?.resolve(0x1004n);
      }),
      { numRuns: 500 },
    );
  });
});

describe("an image", () => {
  test("has the code that lies at an offset in the file, whatever its address", async () => {
    const segments = [
      { type: 1, flags: 4, fileOffset: 0, address: 0x40_0000, fileSizeBytes: 0x3000 },
      { type: 1, flags: 5, fileOffset: 0x1000, address: 0x1000, fileSizeBytes: 0x200 },
    ];
    const file = fileWith([{ name: "f", address: 0x1010, sizeBytes: 0x10 }], { segments });
    const image = await ElfImage.read(await openElf(file));
    for (const one of [image, ElfImage.decode(image.encode())]) {
      expect(one?.resolve(0x1018n)).toEqual({ name: "f", offset: 8 });
      expect(one?.resolve(0x10n)).toBeUndefined();
      expect(one?.resolve(0x1200n)).toBeUndefined();
    }
  });
});
