import { type UnwindFile } from "../../src/spec/unwind-table.js";

/** A file of one function that moves the stack pointer by 24 bytes. */
export const unwindFile: UnwindFile = {
  inode: 12n,
  sizeBytes: 0x4000n,
  table: {
    starts: Float64Array.of(0x1000, 0x1004, 0x1020),
    ruleOf: Uint16Array.of(0, 1, 0xffff),
    rules: [
      { cfa: "stack", offset: 8, framePointer: undefined, returnAddress: -8 },
      { cfa: "stack", offset: 32, framePointer: -16, returnAddress: -8 },
    ],
  },
};
