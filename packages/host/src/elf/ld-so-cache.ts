import { requireCString } from "./c-string.js";
import { ElfError } from "./elf-error.js";

// sysdeps/generic/dl-cache.h of glibc. struct cache_file_new: char magic[20], u32 count of libraries, u32 size of the
// strings, u8 flags (byte order in bits 0 and 1), 3 bytes, u32 offset of extensions, 12 bytes; then the libraries, of
// which each is: i32 flags, u32 key, u32 value, u32 OS version, u64 hardware capabilities. Offsets of strings are from
// the start of this struct.
const newMagic = "glibc-ld.so.cache1.1";
const headerSizeBytes = 48;
const entrySizeBytes = 24;
// The format before it may stand first: char magic[12], u32 count, then 12 bytes for each library.
const oldMagic = "ld.so-1.7.0";
const oldHeaderSizeBytes = 16;
const oldEntrySizeBytes = 12;

/** A library that the dynamic linker knows. */
export interface CachedLibrary {
  /** "libc.so.6". */
  readonly name: string;
  readonly path: string;
}

/** Parses /etc/ld.so.cache of either byte order. Throws ElfError. */
export function parseLdSoCache(bytes: Uint8Array): readonly CachedLibrary[] {
  const start = findNewFormat(bytes);
  const cache = bytes.subarray(start);
  if (cache.length < headerSizeBytes) throw new ElfError("read ld.so.cache: it ends in its header");
  const view = new DataView(cache.buffer, cache.byteOffset, cache.byteLength);
  const isLittle = isLittleEndian(view);
  const count = view.getUint32(20, isLittle);
  if (headerSizeBytes + count * entrySizeBytes > cache.length) {
    throw new ElfError(`read ld.so.cache: it is too short for ${count} libraries`);
  }
  const stringAt = (offset: number): string => requireCString(cache, offset, "read ld.so.cache");
  return Array.from({ length: count }, (_, library) => {
    const at = headerSizeBytes + library * entrySizeBytes;
    return {
      name: stringAt(view.getUint32(at + 4, isLittle)),
      path: stringAt(view.getUint32(at + 8, isLittle)),
    };
  });
}

/** The path of a library by its full name, or by its name without ".so" and what follows ("libc"). */
export function resolveLibrary(
  libraries: readonly CachedLibrary[],
  name: string,
): string | undefined {
  const exact = libraries.find((one) => one.name === name || one.name === `${name}.so`);
  return (exact ?? libraries.find((one) => one.name.startsWith(`${name}.so.`)))?.path;
}

function findNewFormat(bytes: Uint8Array): number {
  if (hasText(bytes, 0, newMagic)) return 0;
  if (hasText(bytes, 0, oldMagic) && bytes.length >= oldHeaderSizeBytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const isLittle of [true, false]) {
      const end = oldHeaderSizeBytes + view.getUint32(12, isLittle) * oldEntrySizeBytes;
      const aligned = Math.ceil(end / 8) * 8;
      if (hasText(bytes, aligned, newMagic)) return aligned;
    }
  }
  throw new ElfError("read ld.so.cache: it is not of a known format");
}

function isLittleEndian(view: DataView): boolean {
  const flag = view.getUint8(28) & 3;
  if (flag === 2 || flag === 3) return flag === 2;
  // Caches before glibc 2.33 do not say: a count of libraries is a small number.
  return view.getUint32(20, true) <= view.getUint32(20, false);
}

function hasText(bytes: Uint8Array, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}
