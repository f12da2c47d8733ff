import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { parseProcessMaps } from "../../src/symbols/process-maps.js";

const text = `55d79fb90000-55d79fb91000 r--p 00000000 08:01 1311 /usr/bin/chain
55d79fb91000-55d79fb92000 r-xp 00001000 08:01 1311 /usr/bin/chain
55d7a0b6e000-55d7a0b8f000 rw-p 00000000 00:00 0 [heap]
7ff1c7b13000-7ff1c7c69000 r-xp 00026000 fe:10 4242 /opt/my lib/a\\012b.so (deleted)
7ff1c7d00000-7ff1c7d01000 rwxp 00000000 00:00 0 
7ffd5f5e6000-7ffd5f5e8000 r-xp 00000000 00:00 0                          [vdso]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
`;

describe("/proc/PID/maps", () => {
  test("gives the stretches that code may be run in", () => {
    expect(parseProcessMaps(text)).toEqual([
      {
        start: 0x55d79fb91000n,
        end: 0x55d79fb92000n,
        fileOffset: 0x1000n,
        device: "08:01",
        inode: 1311n,
        path: "/usr/bin/chain",
        isDeleted: false,
      },
      {
        start: 0x7ff1c7b13000n,
        end: 0x7ff1c7c69000n,
        fileOffset: 0x26000n,
        device: "fe:10",
        inode: 4242n,
        path: "/opt/my lib/a\nb.so",
        isDeleted: true,
      },
      expect.objectContaining({ start: 0x7ff1c7d00000n, inode: 0n, path: "" }),
      expect.objectContaining({ path: "[vdso]" }),
      expect.objectContaining({ start: 0xffff_ffff_ff60_0000n, path: "[vsyscall]" }),
    ]);
  });

  test("that are damaged give the lines that are not", () => {
    fc.assert(
      fc.property(fc.nat(text.length), fc.string({ maxLength: 20 }), (at, inserted) => {
        const maps = parseProcessMaps(text.slice(0, at) + inserted + text.slice(at));
        expect(maps.length).toBeLessThanOrEqual(7);
      }),
    );
  });
});
