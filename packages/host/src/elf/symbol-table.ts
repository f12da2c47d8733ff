import { ElfError } from "./elf-error.js";

// st_info, st_other and st_shndx (elf.h).
const types = ["none", "object", "function", "section", "file"] as const;
const bindings = ["local", "global", "weak"] as const;
const visibilities = ["default", "internal", "hidden", "protected"] as const;
const entrySizeBytes = 24;
/** No compiler makes names of more bytes: KSYM_NAME_LEN of the kernel is 512. */
const longestName = 4096;

/** An entry of an object's symbol table. */
export interface ElfSymbol {
  readonly name: string;
  readonly type: (typeof types)[number] | "other";
  readonly binding: (typeof bindings)[number] | "other";
  readonly visibility: (typeof visibilities)[number];
  /** Index of the section that it is in; 0: it is defined elsewhere; from 0xff00 on something special. */
  readonly section: number;
  /** From the start of its section, in bytes. */
  readonly value: number;
  readonly sizeBytes: number;
}

/** Decodes a table of Elf64_Sym: u32 name, u8 info, u8 other, u16 section, u64 value, u64 size. Throws ElfError. */
export function decodeSymbols(
  table: Uint8Array,
  names: Uint8Array,
  byteOrder: "little" | "big",
): readonly ElfSymbol[] {
  const isLittle = byteOrder === "little";
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  return Array.from({ length: Math.floor(table.length / entrySizeBytes) }, (_, index) => {
    const at = index * entrySizeBytes;
    const info = view.getUint8(at + 4);
    const value = view.getBigUint64(at + 8, isLittle);
    const sizeBytes = view.getBigUint64(at + 16, isLittle);
    if (value > Number.MAX_SAFE_INTEGER || sizeBytes > Number.MAX_SAFE_INTEGER) {
      throw new ElfError(`read object: symbol ${index} is beyond any file`);
    }
    return {
      name: nameAt(names, view.getUint32(at, isLittle)),
      type: types[info & 0xf] ?? "other",
      binding: bindings[info >> 4] ?? "other",
      visibility: visibilities[view.getUint8(at + 5) & 3] ?? "default",
      section: view.getUint16(at + 6, isLittle),
      value: Number(value),
      sizeBytes: Number(sizeBytes),
    };
  });
}

const decoder = new TextDecoder();

function nameAt(names: Uint8Array, offset: number): string {
  const rest = names.subarray(offset, offset + longestName + 1);
  const end = rest.indexOf(0);
  if (end === -1) throw new ElfError(`read object: the name at byte ${offset} has no end`);
  return decoder.decode(rest.subarray(0, end));
}
