import { describe, expect, test } from "@jest/globals";
import { createTimeFormatter, utc } from "../../src/output/strftime.js";
import { newYork } from "./support.js";

const second = 1_000_000_000n;
/** 2024-02-29 15:04:05.006789 UTC, a Thursday. */
const leapDay = 1_709_219_045n * second + 6_789_000n;

describe("createTimeFormatter", () => {
  test.each([
    ["%H:%M:%S\n", "15:04:05\n"],
    ["%Y-%m-%d %T.%f", "2024-02-29 15:04:05.006789"],
    ["%F|%D|%R|%r|%X|%x", "2024-02-29|02/29/24|15:04|03:04:05 PM|15:04:05|02/29/24"],
    ["%a %A %b %B %h", "Thu Thursday Feb February Feb"],
    ["%c", "Thu Feb 29 15:04:05 2024"],
    ["%e|%j|%y|%C|%u|%w", "29|060|24|20|4|4"],
    ["%I|%l|%k|%p|%P", "03| 3|15|PM|pm"],
    ["%s %z %Z", "1709219045 +0000 UTC"],
    ["%G-W%V %g %U %W", "2024-W09 24 08 09"],
    ["100%%%n%t|", "100%\n\t|"],
    ["%f%f", "006789006789"],
    ["%%f %q %", "%f %q %"],
    ["plain", "plain"],
  ])("formats %j as %j", (format, expected) => {
    expect(createTimeFormatter(format, utc)(leapDay)).toBe(expected);
  });

  test("follows the time zone, also over midnight", () => {
    const formatTime = createTimeFormatter("%F %T %z %Z", newYork);
    expect(formatTime(leapDay - 12n * 3600n * second)).toBe("2024-02-28 22:04:05 -0500 EST");
  });

  test.each([
    [0n, "1970-01-01 00:00:00.000000 Thu 001"],
    [-1n, "1969-12-31 23:59:59.999999 Wed 365"],
    [951_782_400n * second, "2000-02-29 00:00:00.000000 Tue 060"],
    [4_107_542_400n * second, "2100-03-01 00:00:00.000000 Mon 060"],
  ])("knows the calendar at %s ns", (instant, expected) => {
    expect(createTimeFormatter("%F %T.%f %a %j", utc)(instant)).toBe(expected);
  });

  test.each([
    [1_230_768_000n, "2009-W01"],
    [1_262_390_400n, "2009-W53"],
    [1_609_459_200n, "2020-W53"],
  ])("numbers weeks as ISO 8601 does, at %s s", (seconds, expected) => {
    expect(createTimeFormatter("%G-W%V", utc)(seconds * second)).toBe(expected);
  });

  test("agrees with the platform's calendar on days of 400 years", () => {
    const formatTime = createTimeFormatter("%Y-%m-%dT%H:%M:%S.000Z", utc);
    for (let day = -40_000; day < 106_000; day += 13) {
      const seconds = day * 86_400 + (day & 0xffff);
      expect(formatTime(BigInt(seconds) * second)).toBe(new Date(seconds * 1000).toISOString());
    }
  });

  test("gives each second its own text, and the same one again", () => {
    const formatTime = createTimeFormatter("%S.%f", utc);
    expect([1n, 1n, 2n, 1n].map((at) => formatTime(at * second + at * 1000n))).toEqual([
      "01.000001",
      "01.000001",
      "02.000002",
      "01.000001",
    ]);
  });
});
