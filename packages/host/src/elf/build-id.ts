import { type ElfReader } from "./elf-reader.js";

const sectionTypeNote = 7;
/** NT_GNU_BUILD_ID, of the owner "GNU\0". */
const buildIdType = 3;
const gnu = 0x474e_5500;

/** The file's GNU build id in hexadecimal; "" when it has none. Throws ElfError. */
export async function readBuildId(elf: ElfReader): Promise<string> {
  for (const section of elf.sections) {
    if (section.type !== sectionTypeNote) continue;
    const id = findBuildId(await elf.readSection(section), elf.header.byteOrder);
    if (id !== "") return id;
  }
  return "";
}

/** Elf_Nhdr: three words, then name and description, each padded to 4 bytes. */
function findBuildId(notes: Uint8Array, byteOrder: "little" | "big"): string {
  const view = new DataView(notes.buffer, notes.byteOffset, notes.length);
  const isLittle = byteOrder === "little";
  for (let at = 0; at + 12 <= notes.length;) {
    const nameSize = view.getUint32(at, isLittle);
    const size = view.getUint32(at + 4, isLittle);
    const start = at + 12 + padded(nameSize);
    if (start + size > notes.length) return "";
    const isGnu = nameSize === 4 && view.getUint32(at + 12, false) === gnu;
    if (isGnu && view.getUint32(at + 8, isLittle) === buildIdType) {
      return Array.from(notes.subarray(start, start + size), hexadecimal).join("");
    }
    at = start + padded(size);
  }
  return "";
}

function padded(size: number): number {
  return Math.ceil(size / 4) * 4;
}

function hexadecimal(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
