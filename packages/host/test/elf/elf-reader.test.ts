import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ElfError } from "../../src/elf/elf-error.js";
import { ElfReader } from "../../src/elf/elf-reader.js";
import { type RandomReader } from "../../src/elf/random-reader.js";
import { buildElf, type SectionPlan, type SymbolPlan, symbolTable } from "./elf-builder.js";

function readerOf(bytes: Uint8Array, onRead?: (length: number) => void): RandomReader {
  return (offset, length) => {
    const part = bytes.slice(offset, offset + length);
    onRead?.(part.length);
    return Promise.resolve(part);
  };
}

const code = { type: 1, flags: 5, fileOffset: 0x1000, address: 0x40_1000, fileSizeBytes: 0x2000 };
const data = { type: 1, flags: 6, fileOffset: 0x3000, address: 0x60_3000, fileSizeBytes: 0x1000 };

interface Tables {
  readonly dynamic?: readonly SymbolPlan[];
  readonly full?: readonly SymbolPlan[];
  readonly versions?: Uint8Array;
}

function sectionsOf(
  tables: Tables,
  wordBits: 32 | 64 = 64,
  byteOrder: "little" | "big" = "little",
): SectionPlan[] {
  const sections: SectionPlan[] = [];
  if (tables.dynamic !== undefined) {
    const { symbols, names } = symbolTable(tables.dynamic, wordBits, byteOrder);
    sections.push({ name: ".dynstr", type: 3, bytes: names });
    sections.push({ name: ".dynsym", type: 11, bytes: symbols, link: ".dynstr" });
  }
  if (tables.versions !== undefined) {
    sections.push({
      name: ".gnu.version",
      type: 0x6fff_ffff,
      bytes: tables.versions,
      link: ".dynsym",
    });
  }
  if (tables.full !== undefined) {
    const { symbols, names } = symbolTable(tables.full, wordBits, byteOrder);
    sections.push({ name: ".strtab", type: 3, bytes: names });
    sections.push({ name: ".symtab", type: 2, bytes: symbols, link: ".strtab" });
  }
  return sections;
}

async function functionsOf(tables: Tables): Promise<unknown> {
  const elf = await ElfReader.open(
    readerOf(buildElf({ segments: [code, data], sections: sectionsOf(tables) })),
  );
  return (await elf.functions()).map(({ name, fileOffset }) => [name, fileOffset]);
}

describe.each([
  [32, "little"],
  [32, "big"],
  [64, "little"],
  [64, "big"],
] as const)("a file of %d bits, %s-endian", (wordBits, byteOrder) => {
  test("gives its functions with their places in the file", async () => {
    const dynamic: SymbolPlan[] = [
      { name: "" },
      { name: "malloc", address: 0x40_1010, sizeBytes: 99 },
      { name: "imported", section: 0 },
      { name: "environ", address: 0x60_3000, type: 1 },
      { name: "strlen", address: 0x40_1100, type: 10 },
    ];
    const bytes = buildElf({
      wordBits,
      byteOrder,
      machine: 183,
      segments: [code, data],
      sections: sectionsOf({ dynamic }, wordBits, byteOrder),
    });
    const elf = await ElfReader.open(readerOf(bytes));
    expect(elf.header).toEqual({ wordBits, byteOrder, type: 3, machine: 183, entry: 0n });
    expect(elf.sections.map(({ name }) => name)).toEqual(["", ".dynstr", ".dynsym", ".shstrtab"]);
    expect(elf.segments).toMatchObject([{ type: 1, flags: 5, address: 0x40_1000n }, { flags: 6 }]);
    expect(await elf.functions()).toEqual([
      {
        name: "malloc",
        address: 0x40_1010n,
        fileOffset: 0x1010n,
        sizeBytes: 99n,
        isIndirect: false,
        isThumb: false,
      },
      {
        name: "strlen",
        address: 0x40_1100n,
        fileOffset: 0x1100n,
        sizeBytes: 0n,
        isIndirect: true,
        isThumb: false,
      },
    ]);
  });
});

describe("functions", () => {
  test("of both tables are given once, the dynamic one's first", async () => {
    const dynamic = [{ name: "shared", address: 0x40_1000 }];
    const full = [
      { name: "local", address: 0x40_1200 },
      { name: "shared", address: 0x40_1300 },
    ];
    expect(await functionsOf({ dynamic, full })).toEqual([
      ["shared", 0x1000n],
      ["local", 0x1200n],
    ]);
  });

  test("lose the version that stands behind their names", async () => {
    const full = [
      { name: "fopen@@GLIBC_2.1", address: 0x40_1000 },
      { name: "fopen@GLIBC_2.0", address: 0x40_1100 },
    ];
    expect(await functionsOf({ full })).toEqual([["fopen", 0x1000n]]);
  });

  test("are of the version that a program linked today gets", async () => {
    const dynamic = [
      { name: "memcpy", address: 0x40_1000 },
      { name: "memcpy", address: 0x40_1100 },
      { name: "gone", address: 0x40_1200 },
    ];
    const versions = Uint8Array.of(2, 0x80, 3, 0, 2, 0x80);
    expect(await functionsOf({ dynamic, versions })).toEqual([
      ["memcpy", 0x1100n],
      ["gone", 0x1200n],
    ]);
  });

  test("outside what is executed are left out", async () => {
    const full = [
      { name: "data", address: 0x60_3000 },
      { name: "beyond", address: 0x40_3000 },
      { name: "before", address: 0x40_0fff },
      { name: "last", address: 0x40_2fff },
    ];
    expect(await functionsOf({ full })).toEqual([["last", 0x2fffn]]);
  });

  test("of ARM are Thumb code where bit 0 says so, which is no part of the address", async () => {
    const dynamic = [
      { name: "thumb", address: 0x40_1011 },
      { name: "arm", address: 0x40_1020 },
    ];
    const sections = sectionsOf({ dynamic }, 32);
    const bytes = buildElf({ wordBits: 32, machine: 40, segments: [code], sections });
    const elf = await ElfReader.open(readerOf(bytes));
    expect(await elf.functions()).toMatchObject([
      { name: "thumb", fileOffset: 0x1010n, isThumb: true },
      { name: "arm", fileOffset: 0x1020n, isThumb: false },
    ]);
  });

  test("of a stripped file are none", async () => {
    expect(await functionsOf({})).toEqual([]);
  });

  test("cost the tables alone, not the file", async () => {
    const padding: SectionPlan = { name: ".text", type: 1, bytes: new Uint8Array(100_000) };
    const sections = [padding, ...sectionsOf({ dynamic: [{ name: "f", address: 0x40_1000 }] })];
    let sizeBytes = 0;
    const bytes = buildElf({ segments: [code], sections });
    const elf = await ElfReader.open(readerOf(bytes, (length) => (sizeBytes += length)));
    expect(await elf.functions()).toHaveLength(1);
    expect(sizeBytes).toBeLessThan(2000);
  });
});

test("sections that are not in the file are empty", async () => {
  const sections = [{ name: ".bss", type: 8, bytes: Uint8Array.of(1, 2) }];
  const elf = await ElfReader.open(readerOf(buildElf({ sections })));
  const bss = elf.sections[1];
  expect(bss === undefined ? undefined : await elf.readSection(bss)).toHaveLength(0);
});

describe("malformed files", () => {
  const good = buildElf({
    segments: [code],
    sections: sectionsOf({
      dynamic: [{ name: "f", address: 0x40_1000 }],
      versions: Uint8Array.of(1, 0),
      full: [{ name: "g", address: 0x40_1000 }],
    }),
  });

  async function use(bytes: Uint8Array): Promise<void> {
    const elf = await ElfReader.open(readerOf(bytes));
    await elf.functions();
    for (const section of elf.sections) await elf.readSection(section);
  }

  test.each<[string, Uint8Array]>([
    ["an empty file", new Uint8Array(0)],
    [
      "a script",
      new TextEncoder().encode("#!/bin/sh\necho this is not an ELF file at all, but long enough\n"),
    ],
    ["a header that is cut", good.subarray(0, 40)],
    ["section headers that are cut", good.subarray(0, good.length - 10)],
    ["an unknown word size", Uint8Array.of(...good.subarray(0, 4), 3, ...good.subarray(5))],
    ["an unknown byte order", Uint8Array.of(...good.subarray(0, 5), 0, ...good.subarray(6))],
  ])("%s is refused", async (_, bytes) => {
    await expect(use(bytes)).rejects.toThrow(ElfError);
  });

  test("a table of an impossible size is refused before it is read", async () => {
    const bytes = good.slice();
    const view = new DataView(bytes.buffer);
    const table = Number(view.getBigUint64(40, true));
    view.setBigUint64(table + 64 * 2 + 32, 1n << 40n, true);
    let largest = 0;
    const elf = await ElfReader.open(readerOf(bytes));
    const section = elf.sections[2];
    if (section === undefined) throw new TypeError("no section");
    await expect(elf.readSection(section)).rejects.toThrow("too many");
    await expect(
      ElfReader.open(readerOf(good, (length) => (largest = Math.max(largest, length)))),
    ).resolves.toBeDefined();
    expect(largest).toBeLessThan(2000);
  });

  test("raise ElfError and nothing else, whatever their bytes", async () => {
    const mutation = fc.record({
      at: fc.nat({ max: good.length - 1 }),
      byte: fc.nat({ max: 255 }),
    });
    const arbitrary = fc.oneof(
      fc.array(mutation, { minLength: 1, maxLength: 8 }).map((mutations) => {
        const bytes = good.slice();
        for (const { at, byte } of mutations) bytes[at] = byte;
        return bytes;
      }),
      fc.nat({ max: good.length }).map((length) => good.subarray(0, length)),
      fc
        .uint8Array({ maxLength: 100 })
        .map((tail) => Uint8Array.of(...good.subarray(0, 6), ...tail)),
    );
    await fc.assert(
      fc.asyncProperty(arbitrary, async (bytes) => {
        try {
          await use(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ElfError);
        }
      }),
      { numRuns: 1500 },
    );
  });
});
