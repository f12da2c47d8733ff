import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { decodeTaskRecords } from "../../src/symbols/task-records.js";
import { taskRecordBuilder } from "./task-record-builder.js";

const scale = Number(process.env["SONDE_FUZZ_SCALE"] ?? 1);
const buildId = "00112233445566778899aabbccddeeff00112233";

describe.each(["little", "big"] as const)("records of processes, %s-endian", (byteOrder) => {
  const build = taskRecordBuilder(byteOrder);

  test("tell of mappings, with build ids or inodes", () => {
    const span = build.join(
      build.mmap(
        { pid: 7, start: 0x1000n, sizeBytes: 0x2000n, offset: 0x10n, path: "/bin/a", buildId },
        5n,
      ),
      build.mmap(
        { pid: 8, start: 0xffff_8000_0000_0000n, sizeBytes: 1n, path: "//anon", inode: 12n },
        6n,
      ),
    );
    expect(decodeTaskRecords(span, byteOrder)).toEqual([
      {
        kind: "mapping",
        pid: 7,
        time: 5n,
        mapping: {
          start: 0x1000n,
          end: 0x3000n,
          fileOffset: 0x10n,
          device: "",
          inode: 0n,
          path: "/bin/a",
          isDeleted: false,
          buildId,
        },
      },
      {
        kind: "mapping",
        pid: 8,
        time: 6n,
        mapping: {
          start: 0xffff_8000_0000_0000n,
          end: 0xffff_8000_0000_0001n,
          fileOffset: 0n,
          device: "08:01",
          inode: 12n,
          path: "",
          isDeleted: false,
        },
      },
    ]);
  });

  test("tell of beginnings, other programs and ends of processes, not of threads or names", () => {
    const thread = build.fork(7, 7);
    const span = build.join(
      build.fork(9, 7, 3n),
      thread,
      build.exec(9, 4n),
      build.rename(9),
      build.exit(9, 10),
      build.exit(9, 9, 5n),
    );
    expect(decodeTaskRecords(span, byteOrder)).toEqual([
      { kind: "fork", pid: 9, parent: 7, time: 3n },
      { kind: "exec", pid: 9, time: 4n },
      { kind: "exit", pid: 9, time: 5n },
    ]);
  });

  test("of memory that no code is in are passed over", () => {
    const span = build.mmap({ pid: 7, start: 0n, sizeBytes: 1n, path: "/a", protection: 3 });
    expect(decodeTaskRecords(span, byteOrder)).toEqual([]);
  });

  test("that are damaged never raise an error", () => {
    const whole = build.join(
      build.mmap({ pid: 7, start: 0x1000n, sizeBytes: 0x2000n, path: "/bin/a", buildId }),
      build.fork(9, 7),
      build.exec(9),
      build.exit(9),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }),
        fc.nat(whole.length),
        (changes, length) => {
          const span = whole.slice(0, length);
          for (const [at, byte] of changes) if (at < length) span[at] = byte;
          expect(decodeTaskRecords(span, byteOrder).length).toBeLessThanOrEqual(4);
        },
      ),
      { numRuns: 2000 * scale },
    );
  });
});
