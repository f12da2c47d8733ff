import { type ElfReader } from "./elf-reader.js";

/** What a stripped file says of the one that has its symbols. */
export interface DebugLink {
  /** "program.debug": of a file, without its folder. */
  readonly name: string;
  /** CRC-32 of all its bytes. */
  readonly checksum: number;
}

const decoder = new TextDecoder();
/** NAME_MAX of Linux. */
const longestName = 255;

/** The section .gnu_debuglink: a name, padded with NULs to a multiple of 4 bytes, then the checksum. Throws ElfError. */
export async function readDebugLink(elf: ElfReader): Promise<DebugLink | undefined> {
  const section = elf.sections.find(({ name }) => name === ".gnu_debuglink");
  if (section === undefined || section.sizeBytes > 4096n) return undefined;
  const bytes = await elf.readSection(section);
  const nameEnd = bytes.indexOf(0);
  const checksumAt = Math.ceil((nameEnd + 1) / 4) * 4;
  if (nameEnd < 1 || nameEnd > longestName || checksumAt + 4 > bytes.length) return undefined;
  const name = decoder.decode(bytes.subarray(0, nameEnd));
  if (name.includes("/")) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { name, checksum: view.getUint32(checksumAt, elf.header.byteOrder === "little") };
}
