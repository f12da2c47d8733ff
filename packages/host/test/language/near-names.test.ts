import { describe, expect, test } from "@jest/globals";
import { meantHints, nearNames } from "../../src/language/near-names.js";

describe("near names", () => {
  const candidates = [
    "printf",
    "print",
    "pid",
    "tid",
    "comm",
    "count",
    "sys_enter_openat",
    "sys_enter_openat2",
  ];
  test.each([
    ["pirntf", ["printf", "print"]],
    ["cout", ["count"]],
    ["com", ["comm"]],
    ["PID", ["pid", "tid"]],
    ["openat", ["sys_enter_openat", "sys_enter_openat2"]],
    ["sys_enter_opentat", ["sys_enter_openat", "sys_enter_openat2"]],
    ["zzz", []],
    ["", []],
  ])("%s", (name, expected) => {
    expect(nearNames(name, candidates)).toEqual(expected);
  });

  test("are as many as were asked for", () => {
    expect(nearNames("aa", ["ab", "ac", "ad", "ae"], 2)).toEqual(["ab", "ac"]);
  });

  test("are put in a sentence", () => {
    expect(meantHints([])).toEqual([]);
    expect(meantHints(["a"])).toEqual(["Did you mean a?"]);
    expect(meantHints(["a", "b", "c"])).toEqual(["Did you mean a, b or c?"]);
  });
});
