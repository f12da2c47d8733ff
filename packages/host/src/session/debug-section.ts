import { inflateSync } from "node:zlib";
import { type ElfReader } from "../elf/elf-reader.js";
import { TargetError } from "./errors.js";

/** SHF_COMPRESSED, ELFCOMPRESS_ZLIB and the sizes of Elf64_Chdr and Elf32_Chdr (elf.h). */
const compressedFlag = 0x800n;
const zlib = 1;
const headerSizes = { 64: 24, 32: 12 } as const;
/** No compiler makes more. */
const largestSizeBytes = 1 << 30;

/** A section of an ELF file as it was before it was compressed; empty when there is none. Throws ElfError, TargetError. */
export async function readDebugSection(
  path: string,
  elf: ElfReader,
  name: string,
): Promise<Uint8Array> {
  const section = elf.sections.find((one) => one.name === name);
  if (section === undefined) return new Uint8Array(0);
  const bytes = await elf.readSection(section);
  if ((section.flags & compressedFlag) === 0n || bytes.length === 0) return bytes;
  const { byteOrder, wordBits } = elf.header;
  const type = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, byteOrder === "little");
  if (type !== zlib) {
    throw new TargetError(`${path}: ${name} is compressed in a way that is not known here`, {
      hint: "objcopy --decompress-debug-sections FILE makes it readable",
    });
  }
  try {
    const { buffer, byteOffset, length } = inflateSync(bytes.subarray(headerSizes[wordBits]), {
      maxOutputLength: largestSizeBytes,
    });
    return new Uint8Array(buffer, byteOffset, length);
  } catch (cause) {
    throw new TargetError(`${path}: ${name} cannot be decompressed`, { cause });
  }
}
