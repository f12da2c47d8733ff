import { describe, expect, test } from "@jest/globals";
import { ElfReader } from "../../src/elf/elf-reader.js";
import { ElfImage } from "../../src/symbols/elf-image.js";
import { buildElf, symbolTable } from "./elf-builder.js";

/** A program for x86-64 that calls functions of libraries: an entry of 16 bytes for each. */
async function openProgram(
  names: readonly string[],
  table: ".plt" | ".plt.sec",
): Promise<ElfImage> {
  const imports = names.map((name) => ({ name, section: 0 }));
  const { symbols, names: strings } = symbolTable([{ name: "", section: 0 }, ...imports]);
  const relocations = new Uint8Array(24 * names.length);
  const view = new DataView(relocations.buffer);
  for (let at = 0; at < names.length; at++) {
    // R_X86_64_JUMP_SLOT of the symbol.
    view.setBigUint64(24 * at + 8, (BigInt(at + 1) << 32n) | 7n, true);
  }
  const file = buildElf({
    sections: [
      { name: table, type: 1, flags: 6, address: 0x1000, bytes: new Uint8Array(0x60) },
      { name: ".dynsym", type: 11, link: ".dynstr", bytes: symbols },
      { name: ".dynstr", type: 3, bytes: strings },
      { name: ".rela.plt", type: 4, link: ".dynsym", bytes: relocations },
    ],
    segments: [{ type: 1, flags: 5, fileOffset: 0, address: 0x1000, fileSizeBytes: 0x1000 }],
  });
  const elf = await ElfReader.open((offset, length) =>
    Promise.resolve(file.subarray(offset, offset + length)),
  );
  return await ElfImage.read(elf);
}

describe("entries of the procedure linkage table", () => {
  test("have the names of what they call, behind the table's head", async () => {
    const image = await openProgram(["malloc", "free"], ".plt");
    expect(image.resolve(0x8n)).toBeUndefined();
    expect(image.resolve(0x10n)).toEqual({ name: "malloc@plt", offset: 0 });
    expect(image.resolve(0x2fn)).toEqual({ name: "free@plt", offset: 15 });
    expect(image.resolve(0x30n)).toBeUndefined();
  });

  test("are those of the second table where there is one, which has no head", async () => {
    const image = await openProgram(["malloc", "free"], ".plt.sec");
    expect(image.resolve(0x0n)).toEqual({ name: "malloc@plt", offset: 0 });
    expect(image.resolve(0x1fn)).toEqual({ name: "free@plt", offset: 15 });
  });

  test("are no more than the table has room for", async () => {
    const names = Array.from({ length: 9 }, (_, at) => `f${at}`);
    const image = await openProgram(names, ".plt");
    expect(image.resolve(0x50n)).toEqual({ name: "f4@plt", offset: 0 });
    expect(image.resolve(0x60n)).toBeUndefined();
  });
});
