import { decodeUtf8, encodeUtf8 } from "@sonde/protocol";
import { describe, expect, test } from "@jest/globals";
import { CancelledError, LimitError } from "../../../src/kernel/errors.js";
import { openFile } from "../../../src/kernel/files.js";
import { Kernel } from "../../../src/kernel/kernel.js";
import { LineFilter } from "../../../src/questions/line-filter.js";
import { readLines } from "../../../src/questions/line-reader.js";
import { FakeKernel } from "../fake-kernel.js";

const path = "/proc/list";

async function pick(
  pattern: string,
  text: string,
  pieceBytes = 1000,
  pause = (): Promise<void> => Promise.resolve(),
): Promise<string> {
  const fake = new FakeKernel();
  const kernel = new Kernel(fake);
  fake.files.set(path, text);
  using fd = openFile(kernel, path);
  const filter = new LineFilter(encodeUtf8(pattern), 1_000_000);
  await readLines(kernel, { path, fd }, filter, pause, pieceBytes);
  return decodeUtf8(filter.takeLines());
}

describe("lines", () => {
  test.each([
    ["sched:sched_switch", "sched:sched_switch\n"],
    ["sched:*", "sched:sched_switch\nsched:sched_wakeup\n"],
    ["*:sched_*p", "sched:sched_wakeup\n"],
    ["*open*", "syscalls:sys_enter_open\nsyscalls:sys_enter_openat\n"],
    ["syscalls:sys_enter_open??", "syscalls:sys_enter_openat\n"],
    [
      "**",
      "sched:sched_switch\nsched:sched_wakeup\nsyscalls:sys_enter_open\nsyscalls:sys_enter_openat\n",
    ],
    ["sched", ""],
    ["sched:sched_switch?", ""],
    ["", ""],
    ["sched.sched_switch", ""],
  ])("are picked by the pattern %j, however the text is cut", async (pattern, picked) => {
    const text =
      "sched:sched_switch\nsched:sched_wakeup\nsyscalls:sys_enter_open\nsyscalls:sys_enter_openat\n";
    for (const pieceBytes of [26, 27, 61, 1000]) {
      expect(await pick(pattern, text, pieceBytes)).toBe(picked);
    }
  });

  test("count when the last has no end", async () => {
    for (const pieceBytes of [3, 4, 8, 1000]) {
      expect(await pick("b*", "a\nb1\nb2", pieceBytes)).toBe("b1\nb2\n");
    }
  });

  test("that are empty match an empty pattern and a star", async () => {
    expect(await pick("", "a\n\nb\n")).toBe("\n");
    expect(await pick("*", "\n")).toBe("\n");
    expect(await pick("*", "")).toBe("");
  });

  test("are decided soon, whatever the pattern", async () => {
    expect(await pick(`${"*a".repeat(200)}b`, `${"a".repeat(20_000)}\n`, 65_536)).toBe("");
  });

  test("are refused when they are longer than what is read at a time, or too many", async () => {
    await expect(pick("x", "a".repeat(101), 100)).rejects.toThrow(LimitError);
    await expect(pick("*", "ab\n".repeat(400_000))).rejects.toThrow(LimitError);
  });

  test("are read piece by piece, and others have a turn between", async () => {
    let turns = 0;
    const enough = (): Promise<void> =>
      ++turns === 3 ? Promise.reject(new CancelledError("enough")) : Promise.resolve();
    await expect(pick("*", "ab\n".repeat(1000), 300, enough)).rejects.toThrow(CancelledError);
    expect(turns).toBe(3);
  });
});
