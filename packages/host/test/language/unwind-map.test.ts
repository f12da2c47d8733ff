import { expect, test } from "@jest/globals";
import { unwindMapSpec } from "../../src/language/lower/unwind-map.js";
import { unwindFile } from "./unwind-file.js";

test("files, their rules and their rows are one value, in the target's byte order", () => {
  const other = { ...unwindFile, inode: 13n };
  for (const byteOrder of ["little", "big"] as const) {
    const { valueSizeBytes, contents = [] } = unwindMapSpec([unwindFile, other], { byteOrder });
    const value = contents[0]?.value ?? new Uint8Array();
    expect(value.length).toBe(valueSizeBytes);
    const view = new DataView(value.buffer);
    const isLittle = byteOrder === "little";
    const word = (at: number): number => view.getInt32(at, isLittle);
    expect([view.getBigUint64(24, isLittle), view.getBigUint64(32, isLittle)]).toEqual([
      13n,
      0x4000n,
    ]);
    // The second file's rows begin behind the first's three.
    expect([word(40), word(44)]).toEqual([3, 3]);
    // Four rules from byte 48 on: the second of them.
    expect([word(64), word(68), word(72), word(76)]).toEqual([0, 32, -16, -8]);
    // Rows of the second file: places, and numbers of its own rules.
    const rows = 48 + 4 * 16 + 3 * 8;
    expect([0, 8, 16].map((at) => [word(rows + at), word(rows + at + 4)])).toEqual([
      [0x1000, 2],
      [0x1004, 3],
      [0x1020, -1],
    ]);
  }
});
