/**
 * How to get from a frame of a user's stack to its caller's: where the caller's stack begins (the canonical frame address,
 * CFA, of DWARF 5, section 6.4), and where its registers are kept.
 */
export interface UnwindRule {
  /**
   * - "stack", "frame": the CFA is the stack or frame pointer and `offset`.
   * - "behindFrame": it stands in memory at the frame pointer and `offset`.
   * - "plt": x86's table of linked procedures: 8 bytes above the stack pointer, 16 from byte 11 of an entry on.
   * - "signal": the kernel has called a signal's handler from here, and kept all registers.
   */
  readonly cfa: "stack" | "frame" | "behindFrame" | "plt" | "signal";
  readonly offset: number;
  /** Where the caller's frame pointer is kept, from the CFA on; `undefined`: it is unchanged. */
  readonly framePointer: number | undefined;
  /** The same of the address to return to; `undefined`: it is in its register. */
  readonly returnAddress: number | undefined;
}

/** The rules of a file's code. */
export interface UnwindTable {
  /** Where each row begins, ascending: addresses in the file's own address space, or places in the file. */
  readonly starts: Float64Array;
  /** By row, its rule's place in `rules`; `noRule` where there is none: the outermost frame, and what cannot be unwound. */
  readonly ruleOf: Uint16Array;
  readonly rules: readonly UnwindRule[];
}

export const noRule = 0xffff;

/** The table of a file, and by what the kernel knows the file again: a program cannot see its path. */
export interface UnwindFile {
  readonly inode: bigint;
  readonly sizeBytes: bigint;
  /** By places in the file. */
  readonly table: UnwindTable;
}
