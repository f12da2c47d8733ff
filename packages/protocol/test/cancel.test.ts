import { describe, expect, test } from "@jest/globals";
import { CancelSource } from "../src/index.js";

describe("CancelSource", () => {
  test("tells each listener once, and not those that were removed", () => {
    const source = new CancelSource();
    const calls: string[] = [];
    const removed = (): void => {
      calls.push("removed");
    };
    source.signal.addEventListener("abort", () => {
      calls.push("kept");
    });
    source.signal.addEventListener("abort", removed);
    source.signal.removeEventListener("abort", removed);
    expect(source.signal.aborted).toBe(false);
    source.cancel();
    source.cancel();
    expect(source.signal.aborted).toBe(true);
    expect(calls).toEqual(["kept"]);
  });
});
