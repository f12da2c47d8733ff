import { describe, expect, test } from "@jest/globals";
import { terminalOf } from "../../../src/kernel/terminal.js";

/** _IOW(type, number, a structure of this size), where the direction has three bits and "write" is 4. */
function write3(type: string, number: number, sizeBytes: number): number {
  return (4 << 29) | (sizeBytes << 16) | (type.charCodeAt(0) << 8) | number;
}

/** The same where it has two, and "write" is 1. */
function write2(type: string, number: number, sizeBytes: number): number {
  return (1 << 30) | (sizeBytes << 16) | (type.charCodeAt(0) << 8) | number;
}

describe("a terminal is set by a request that holds the size of its structure", () => {
  test.each([
    ["x64", write2("T", 0x2b, 4 * 4 + 1 + 19 + 2 * 4)],
    ["s390x", write2("T", 0x2b, 4 * 4 + 1 + 19 + 2 * 4)],
    ["mipsel", write3("T", 0x2b, 4 * 4 + 1 + 23 + 2 * 4)],
    ["ppc64", write3("t", 20, 4 * 4 + 19 + 1 + 2 * 4)],
  ] as const)("%s", (architecture, request) => {
    const { setRequest, sizeBytes, inputSpeedOffset, outputSpeedOffset } = terminalOf(architecture);
    expect(setRequest).toBe(request);
    expect([inputSpeedOffset, outputSpeedOffset]).toEqual([sizeBytes - 8, sizeBytes - 4]);
  });
});
