import { open } from "node:fs/promises";
import { ElfReader } from "../elf/elf-reader.js";

/** Reads an ELF file of this machine. Throws ElfError, and what the file system throws. */
export async function readElfFile<T>(
  path: string,
  use: (elf: ElfReader) => Promise<T>,
): Promise<T> {
  const file = await open(path);
  try {
    const elf = await ElfReader.open(async (offset, length) => {
      const bytes = new Uint8Array(length);
      const { bytesRead } = await file.read(bytes, 0, length, offset);
      return bytes.subarray(0, bytesRead);
    });
    return await use(elf);
  } finally {
    await file.close();
  }
}
