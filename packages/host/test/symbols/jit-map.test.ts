import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { JitMap } from "../../src/symbols/jit-map.js";

const scale = Number(process.env["SONDE_FUZZ_SCALE"] ?? 1);

describe("functions that a process has compiled itself", () => {
  const map = new JitMap(
    [
      "7f0000001000 40 LazyCompile:*add /a b.js:1:2",
      "nonsense",
      "0x7f0000002000 0x10 second",
      "",
    ].join("\n"),
  );

  test("have the names that it lists", () => {
    expect(map.resolve(0x7f00_0000_1004n)).toEqual({
      name: "LazyCompile:*add /a b.js:1:2",
      offset: 4,
    });
    expect(map.resolve(0x7f00_0000_200fn)).toEqual({ name: "second", offset: 15 });
    expect(map.resolve(0x7f00_0000_1040n)).toBeUndefined();
    expect(map.resolve(0x7f00_0000_0fffn)).toBeUndefined();
  });

  test("have the last name that was listed for a place", () => {
    expect(new JitMap("1000 10 old\n1000 20 new").resolve(0x1018n)).toEqual({
      name: "new",
      offset: 24,
    });
  });

  test("are those of any text: never an error", () => {
    fc.assert(
      fc.property(fc.string(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (text, address) => {
        const found = new JitMap(`${text}\n1000 10 f`).resolve(address);
        expect(["object", "undefined"]).toContain(typeof found);
      }),
      { numRuns: 500 * scale },
    );
  });
});
