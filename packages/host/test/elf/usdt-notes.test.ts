import { describe, expect, test } from "@jest/globals";
import { ElfError } from "../../src/elf/elf-error.js";
import { ElfReader } from "../../src/elf/elf-reader.js";
import { readUsdtProbes, type UsdtProbe } from "../../src/elf/usdt-notes.js";
import { buildElf } from "./elf-builder.js";

/** A note as sys/sdt.h makes it, in a 64-bit file. */
function note(
  { address, base, semaphore }: Record<"address" | "base" | "semaphore", bigint>,
  ...texts: readonly string[]
): Uint8Array {
  const strings = new TextEncoder().encode(texts.map((text) => `${text}\0`).join(""));
  const size = 24 + strings.length;
  const bytes = new Uint8Array(12 + 8 + Math.ceil(size / 4) * 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 8, true);
  view.setUint32(4, size, true);
  view.setUint32(8, 3, true);
  bytes.set(new TextEncoder().encode("stapsdt\0"), 12);
  view.setBigUint64(20, address, true);
  view.setBigUint64(28, base, true);
  view.setBigUint64(36, semaphore, true);
  bytes.set(strings, 44);
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const segments = [
  { type: 1, flags: 5, fileOffset: 0x1000, address: 0x401000, fileSizeBytes: 0x1000 },
  { type: 1, flags: 6, fileOffset: 0x3000, address: 0x404000, fileSizeBytes: 0x1000 },
];

async function read(notes: Uint8Array): Promise<readonly UsdtProbe[]> {
  const file = buildElf({
    segments,
    sections: [{ name: ".note.stapsdt", type: 7, bytes: notes }],
  });
  return readUsdtProbes(
    await ElfReader.open((offset, length) =>
      Promise.resolve(file.subarray(offset, offset + length)),
    ),
  );
}

describe("USDT notes", () => {
  test("say where each place and its semaphore is, and what it passes", async () => {
    const notes = joined(
      note({ address: 0x401010n, base: 0n, semaphore: 0n }, "app", "start", ""),
      note({ address: 0x401020n, base: 0n, semaphore: 0x404008n }, "app", "end", "-4@%edi 8@%rsi"),
    );
    expect(await read(notes)).toEqual([
      { provider: "app", name: "start", fileOffset: 0x1010n, semaphoreOffset: undefined, args: "" },
      {
        provider: "app",
        name: "end",
        fileOffset: 0x1020n,
        semaphoreOffset: 0x3008n,
        args: "-4@%edi 8@%rsi",
      },
    ]);
  });

  test("of others, and of places without code, are passed over", async () => {
    const other = note({ address: 0x401010n, base: 0n, semaphore: 0n }, "app", "start", "");
    other.set(new TextEncoder().encode("another\0"), 12);
    const nowhere = note({ address: 0x999999n, base: 0n, semaphore: 0n }, "app", "gone", "");
    expect(await read(joined(other, nowhere))).toEqual([]);
  });

  test("that are cut off are an error", async () => {
    const whole = note({ address: 0x401010n, base: 0n, semaphore: 0n }, "app", "start", "");
    await expect(read(whole.subarray(0, 40))).rejects.toThrow(ElfError);
  });

  test("are none in a file without them", async () => {
    const file = buildElf({ segments });
    const elf = await ElfReader.open((offset, length) =>
      Promise.resolve(file.subarray(offset, offset + length)),
    );
    expect(await readUsdtProbes(elf)).toEqual([]);
  });
});
