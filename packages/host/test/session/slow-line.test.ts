import { describe, expect, test } from "@jest/globals";
import { eventBufferBytes } from "../../src/session/slow-line.js";

describe("the kernel's buffer of events", () => {
  test("holds what a slow line carries in five seconds, and a few large records at least", () => {
    expect(eventBufferBytes({ bytesPerSecond: 11_520 })).toBe(57_600);
    expect(eventBufferBytes({ bytesPerSecond: 960 })).toBe(16_384);
  });

  test("is as large as usual for lines that are fast, or do not say", () => {
    expect(eventBufferBytes({ bytesPerSecond: 10_000_000 })).toBeUndefined();
    expect(eventBufferBytes({})).toBeUndefined();
  });
});
