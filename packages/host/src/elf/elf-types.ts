/** What e_ident and the header say (elf.h). */
export interface ElfHeader {
  readonly wordBits: 32 | 64;
  readonly byteOrder: "little" | "big";
  /** e_type: 1 relocatable, 2 executable, 3 shared or position-independent, 4 core. */
  readonly type: number;
  /** e_machine: 62 x86-64, 183 AArch64, 40 ARM, 247 BPF. */
  readonly machine: number;
  readonly entry: bigint;
}

export interface ElfSection {
  readonly name: string;
  /** sh_type: 1 PROGBITS, 2 SYMTAB, 3 STRTAB, 7 NOTE, 8 NOBITS, 11 DYNSYM. */
  readonly type: number;
  readonly flags: bigint;
  readonly address: bigint;
  readonly fileOffset: bigint;
  readonly sizeBytes: bigint;
  readonly link: number;
  readonly info: number;
  readonly entrySizeBytes: bigint;
}

export interface ElfSegment {
  /** p_type: 1 LOAD, 4 NOTE. */
  readonly type: number;
  /** p_flags: 1 execute, 2 write, 4 read. */
  readonly flags: number;
  readonly fileOffset: bigint;
  readonly address: bigint;
  readonly fileSizeBytes: bigint;
}

/** A function that an ELF file defines. */
export interface ElfFunction {
  /** Without a version ("@@GLIBC_2.34"). */
  readonly name: string;
  /** In the file's own address space. */
  readonly address: bigint;
  /** Of its first instruction, in the file. */
  readonly fileOffset: bigint;
  readonly sizeBytes: bigint;
  /** Its address is that of a resolver, which chooses the function when the file is loaded (STT_GNU_IFUNC). */
  readonly isIndirect: boolean;
  /** Of 32-bit ARM, in its instruction set Thumb: bit 0 of the symbol's value says so, and `address` is without it. */
  readonly isThumb: boolean;
}
