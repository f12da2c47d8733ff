import { ElfError } from "./elf-error.js";

const decoder = new TextDecoder();

/** The string that begins at an offset, up to its NUL or the end; nothing from behind the end. */
export function cString(bytes: Uint8Array, offset: number): string {
  if (offset >= bytes.length) return "";
  const end = bytes.indexOf(0, offset);
  return decoder.decode(bytes.subarray(offset, end === -1 ? bytes.length : end));
}

/** The string that begins at an offset and ends with a NUL. `action`: "read the dynamic section". Throws ElfError. */
export function requireCString(bytes: Uint8Array, offset: number, action: string): string {
  if (offset >= bytes.length || !bytes.includes(0, offset)) {
    throw new ElfError(`${action}: it has no string at byte ${offset}`);
  }
  return cString(bytes, offset);
}
