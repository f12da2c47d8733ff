import { describe, expect, test } from "@jest/globals";
import { asymmetricMatchers as like, ExpectationError, Matchers } from "./expectation.js";

/** What holds, and beside it what does not: each by jest's rules. */
const comparisons: { name: string; holds: () => void; fails: () => void }[] = [
  {
    name: "toBe",
    holds: () => {
      new Matchers(5n).toBe(5n);
    },
    fails: () => {
      new Matchers(5n).toBe(5);
    },
  },
  {
    name: "not",
    holds: () => {
      new Matchers(1).not.toBe(2);
    },
    fails: () => {
      new Matchers(1).not.toBe(1);
    },
  },
  {
    name: "toEqual",
    holds: () => {
      new Matchers({ a: [1n, undefined], b: undefined }).toEqual({ a: [1n, undefined] });
    },
    fails: () => {
      new Matchers({ a: 1, b: 2 }).toEqual({ a: 1 });
    },
  },
  {
    name: "toEqual of bytes",
    holds: () => {
      new Matchers(Uint8Array.of(1, 2)).toEqual(Uint8Array.of(1, 2));
    },
    fails: () => {
      new Matchers(Uint8Array.of(1, 2)).toEqual([1, 2]);
    },
  },
  {
    name: "toEqual of maps",
    holds: () => {
      new Matchers(new Map([["a", { b: 1 }]])).toEqual(new Map([["a", { b: 1 }]]));
    },
    fails: () => {
      new Matchers(new Map([["a", { b: 1 }]])).toEqual(new Map([["a", { b: 2 }]]));
    },
  },
  {
    name: "toStrictEqual",
    holds: () => {
      new Matchers({ a: 1 }).toStrictEqual({ a: 1 });
    },
    fails: () => {
      new Matchers({ a: 1, b: undefined }).toStrictEqual({ a: 1 });
    },
  },
  {
    name: "toMatchObject",
    holds: () => {
      new Matchers(new TypeError("x")).toMatchObject({ name: "TypeError" });
    },
    fails: () => {
      new Matchers({ a: { b: 1 } }).toMatchObject({ a: { b: 2 } });
    },
  },
  {
    name: "toMatchObject of arrays",
    holds: () => {
      new Matchers([{ a: 1, b: 2 }]).toMatchObject([{ a: 1 }]);
    },
    fails: () => {
      new Matchers([{ a: 1 }, { a: 2 }]).toMatchObject([{ a: 1 }]);
    },
  },
  {
    name: "toThrow with a class",
    holds: () => {
      new Matchers(fail).toThrow(RangeError);
    },
    fails: () => {
      new Matchers(fail).toThrow(TypeError);
    },
  },
  {
    name: "toThrow with a part of the message",
    holds: () => {
      new Matchers(fail).toThrow("far");
    },
    fails: () => {
      new Matchers(fail).toThrow(/near/);
    },
  },
  {
    name: "toThrow",
    holds: () => {
      new Matchers(fail).toThrow();
    },
    fails: () => {
      new Matchers(() => undefined).toThrow();
    },
  },
  {
    name: "toContain",
    holds: () => {
      new Matchers([1, 2]).toContain(2);
    },
    fails: () => {
      new Matchers("text").toContain("y");
    },
  },
  {
    name: "objectContaining and any",
    holds: () => {
      new Matchers({ a: 1, b: "x" }).toEqual(like.objectContaining({ a: like.any(Number) }));
    },
    fails: () => {
      new Matchers({ a: "1" }).toEqual({ a: like.any(Number) });
    },
  },
  {
    name: "stringMatching",
    holds: () => {
      new Matchers(["abc"]).toEqual([like.stringMatching(/b/)]);
    },
    fails: () => {
      new Matchers(["abc"]).toEqual([like.stringContaining("d")]);
    },
  },
];

function fail(): never {
  throw new RangeError("too far");
}

describe("the stand-in for jest", () => {
  for (const { name, holds, fails } of comparisons) {
    test(`${name} tells what holds from what does not`, () => {
      expect(holds).not.toThrow();
      expect(fails).toThrow(ExpectationError);
    });
  }

  test("waits for what a promise comes to", async () => {
    const rejected = (): Promise<never> => Promise.reject(new RangeError("too far"));
    const call = async (
      promise: Promise<unknown>,
      name: string,
      ...args: unknown[]
    ): Promise<void> => await new Matchers(promise).rejects[name]?.(...args);
    await call(rejected(), "toThrow", RangeError);
    await expect(call(rejected(), "toThrow", TypeError)).rejects.toThrow(ExpectationError);
    await expect(call(Promise.resolve(1), "toThrow")).rejects.toThrow(ExpectationError);
    await expect(call(rejected(), "toBeWhatever")).rejects.toThrow("no matcher toBeWhatever");
  });
});
