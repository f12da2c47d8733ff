import { SyscallError } from "../kernel/errors.js";
import { readFile } from "../kernel/files.js";
import { type Kernel } from "../kernel/kernel.js";

/** NT_GNU_BUILD_ID (include/uapi/linux/elf.h leaves it to the GNU ABI: note type 3 of owner "GNU"). */
const buildIdType = 3;

/** The running kernel's GNU build id in hexadecimal; "" when it has none that can be read. */
export function readKernelBuildId(kernel: Kernel): string {
  try {
    const notes = readFile(kernel, "/sys/kernel/notes");
    return findBuildId(kernel.view(notes), kernel.isLittleEndian);
  } catch (error) {
    // A kernel without notes, or one that shows them to root only: a cache then has no key, which is all it costs.
    if (error instanceof SyscallError) return "";
    throw error;
  }
}

/** Elf_Nhdr (include/uapi/linux/elf.h): three words, then name and description, each padded to 4 bytes. */
export function findBuildId(notes: DataView, isLittleEndian: boolean): string {
  const padded = (size: number): number => (size + 3) & ~3;
  for (let offset = 0; offset + 12 <= notes.byteLength;) {
    const nameSize = notes.getUint32(offset, isLittleEndian);
    const descriptionSize = notes.getUint32(offset + 4, isLittleEndian);
    const type = notes.getUint32(offset + 8, isLittleEndian);
    const description = offset + 12 + padded(nameSize);
    const next = description + padded(descriptionSize);
    if (nameSize > notes.byteLength || next > notes.byteLength) return "";
    // "GNU\0" as it lies in memory.
    const isGnu = nameSize === 4 && notes.getUint32(offset + 12, false) === 0x474e_5500;
    if (isGnu && type === buildIdType) return hexadecimal(notes, description, descriptionSize);
    offset = next;
  }
  return "";
}

function hexadecimal(view: DataView, offset: number, length: number): string {
  let text = "";
  for (let index = 0; index < length; index++) {
    text += view
      .getUint8(offset + index)
      .toString(16)
      .padStart(2, "0");
  }
  return text;
}
