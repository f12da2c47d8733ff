import { encodeUtf8 } from "@sonde/protocol";
import { describe, expect, test } from "@jest/globals";
import { decodeUtf8 } from "../../../src/kernel/text.js";
import { LineFilter } from "../../../src/questions/line-filter.js";

function pick(pattern: string, text: string, pieceBytes = 1000): string {
  const filter = new LineFilter(encodeUtf8(pattern));
  const bytes = encodeUtf8(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.slice(at, at + pieceBytes);
    filter.add(piece);
    // Whoever reads a file reads the next piece into the same buffer.
    piece.fill(0x23);
  }
  return decodeUtf8(filter.finish());
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
  ])("are picked by the pattern %j, however the text is cut", (pattern, picked) => {
    const text =
      "sched:sched_switch\nsched:sched_wakeup\nsyscalls:sys_enter_open\nsyscalls:sys_enter_openat\n";
    for (const pieceBytes of [1, 7, 19, 1000]) expect(pick(pattern, text, pieceBytes)).toBe(picked);
  });

  test("count when the last has no end", () => {
    expect(pick("b*", "a\nb1\nb2", 2)).toBe("b1\nb2\n");
  });

  test("that are empty match an empty pattern and a star", () => {
    expect(pick("", "a\n\nb\n")).toBe("\n");
    expect(pick("*", "\n")).toBe("\n");
  });

  test("are decided soon, whatever the pattern", () => {
    expect(pick(`${"*a".repeat(200)}b`, `${"a".repeat(20_000)}\n`)).toBe("");
  });
});
