import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { readBuildId } from "../../src/elf/build-id.js";
import { isStripped } from "../../src/elf/code-symbols.js";
import { readDebugLink } from "../../src/elf/debug-link.js";
import { ElfError } from "../../src/elf/elf-error.js";
import { ElfReader } from "../../src/elf/elf-reader.js";
import { readUsdtProbes } from "../../src/elf/usdt-notes.js";
import { CodeSymbolTable } from "../../src/symbols/code-symbol-table.js";
import { ElfImage } from "../../src/symbols/elf-image.js";
import { parseKernelSymbols } from "../../src/symbols/kernel-symbols.js";
import { parseProcessMaps } from "../../src/symbols/process-maps.js";
import { buildElf, symbolTable } from "../elf/elf-builder.js";

const scale = Number(process.env["SONDE_FUZZ_SCALE"] ?? 1);

/** The same numbers in each run (mulberry32). */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const interesting = [0, 1, 0x7f, 0x80, 0xff];

/** Some bytes changed, most often where the headers are, and perhaps the end cut off. */
function mutate(file: Uint8Array, random: (limit: number) => number): Uint8Array {
  const length = random(8) === 0 ? random(file.length + 1) : file.length;
  const mutated = file.slice(0, length);
  for (let changes = 1 + random(6); changes > 0 && length > 0; changes--) {
    const at = random(2) === 0 ? random(length) : random(Math.min(length, 512));
    mutated[at] = random(2) === 0 ? random(256) : (interesting[random(interesting.length)] ?? 0);
  }
  return mutated;
}

/** A library with functions, a build id, a link to its debug file and a marked place. */
function library(wordBits: 32 | 64, byteOrder: "little" | "big"): Uint8Array {
  const functions = Array.from({ length: 12 }, (_, at) => {
    return { name: `function_${at}`, address: 0x1000 + 0x40 * at, sizeBytes: 0x30 };
  });
  const table = symbolTable(functions, wordBits, byteOrder);
  const note = (owner: string, type: number, body: readonly number[]): readonly number[] => {
    const name = [...new TextEncoder().encode(`${owner}\0`)];
    const word = (value: number): readonly number[] =>
      byteOrder === "little" ? [value, 0, 0, 0] : [0, 0, 0, value];
    const padded = [...name, ...Array<number>(-name.length & 3).fill(0)];
    return [...word(name.length), ...word(body.length), ...word(type), ...padded, ...body];
  };
  const text = (name: string): readonly number[] => [...new TextEncoder().encode(`${name}\0`)];
  const marked = [
    ...Array<number>((3 * wordBits) / 8).fill(0),
    ...text("p"),
    ...text("n"),
    ...text(""),
  ];
  const bytes = (values: readonly number[]): Uint8Array => Uint8Array.from(values);
  return buildElf({
    wordBits,
    byteOrder,
    sections: [
      { name: ".text", type: 1, flags: 6, address: 0x1000, bytes: new Uint8Array(0x400) },
      { name: ".symtab", type: 2, link: ".strtab", bytes: table.symbols },
      { name: ".strtab", type: 3, bytes: table.names },
      { name: ".note.gnu.build-id", type: 7, bytes: bytes(note("GNU", 3, [1, 2, 3, 4])) },
      { name: ".note.stapsdt", type: 7, bytes: bytes(note("stapsdt", 3, marked)) },
      { name: ".gnu_debuglink", type: 1, bytes: bytes([...text("a.debug"), 1, 2, 3, 4]) },
    ],
    segments: [{ type: 1, flags: 5, fileOffset: 0, address: 0x1000, fileSizeBytes: 0x1000 }],
  });
}

/** Reads all that is read of a program, of bytes that must not be asked for beyond what a reader promises. */
async function readAll(file: Uint8Array): Promise<void> {
  const elf = await ElfReader.open((offset, length) => {
    if (!Number.isSafeInteger(offset) || offset < 0 || length < 0) throw new Error("a wild read");
    return Promise.resolve(file.subarray(offset, offset + length));
  });
  await readBuildId(elf);
  await readDebugLink(elf);
  isStripped(elf);
  const image = await ElfImage.read(elf);
  for (const offset of [0n, 0x40n, 0x1000n, 2n ** 63n]) image.resolve(offset);
  if (ElfImage.decode(image.encode()) === undefined) throw new Error("what was kept is lost");
  await readUsdtProbes(elf);
  await elf.functions();
}

describe("files that were damaged", () => {
  const files = [library(64, "little"), library(32, "big")];

  test("give symbols, or an ElfError: ELF files of both word sizes and byte orders", async () => {
    const random = randomNumbers(1);
    const outcomes = { read: 0, refused: 0 };
    for (let run = 0; run < 6000 * scale; run++) {
      const file = mutate(files[run % files.length] ?? new Uint8Array(0), random);
      try {
        await readAll(file);
        outcomes.read++;
      } catch (error) {
        if (!(error instanceof ElfError)) throw error;
        outcomes.refused++;
      }
    }
    // Else the mutations reach nothing, or everything.
    expect(outcomes.read).toBeGreaterThan(500);
    expect(outcomes.refused).toBeGreaterThan(500);
  });

  test("give symbols or none: what is kept of ELF files on this machine", async () => {
    const elf = await ElfReader.open((offset, length) =>
      Promise.resolve((files[0] ?? new Uint8Array(0)).subarray(offset, offset + length)),
    );
    const kept = (await ElfImage.read(elf)).encode();
    const random = randomNumbers(2);
    for (let run = 0; run < 4000 * scale; run++) {
      const image = ElfImage.decode(mutate(kept, random));
      for (const offset of [0n, 0x1000n, 0x1234n]) image?.resolve(offset);
      CodeSymbolTable.decode(mutate(kept, random))?.resolve(0x1000);
    }
  });

  test("give symbols or none: tables of the kernel's symbols", () => {
    const table = Array.from(
      { length: 40 },
      (_, at) =>
        `ffffffff81${(at * 0x100).toString(16).padStart(6, "0")} t function_${at}${at % 5 === 0 ? "\t[module]" : ""}`,
    ).join("\n");
    const bytes = new TextEncoder().encode(table);
    const random = randomNumbers(3);
    for (let run = 0; run < 6000 * scale; run++) {
      const symbols = parseKernelSymbols(mutate(bytes, random));
      for (const address of [0n, 0xffff_ffff_8100_0123n, 2n ** 64n - 1n]) symbols.resolve(address);
      symbols.addressOf("function_7");
    }
  });

  test("give mappings or none: maps of processes", () => {
    const maps = new TextEncoder().encode(readFileSync("/proc/self/maps", "utf8"));
    const random = randomNumbers(4);
    for (let run = 0; run < 4000 * scale; run++) {
      const text = new TextDecoder().decode(mutate(maps.subarray(0, 2000), random));
      for (const { start, end } of parseProcessMaps(text)) {
        if (start < 0n || end < 0n) throw new Error("a mapping that cannot be");
      }
    }
  });
});
