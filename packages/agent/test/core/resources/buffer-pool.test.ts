import { describe, expect, test } from "@jest/globals";
import { BufferPool } from "../../../src/resources/buffer-pool.js";

describe("buffers for messages", () => {
  test("are as large as the smallest size that will do, and used again", () => {
    const pool = new BufferPool(100_000);
    const sizes = [1, 4096, 4097, 32_768, 32_769, 100_000, 100_001];
    const taken = sizes.map((size) => pool.take(size));
    expect(taken.map(({ length }) => length)).toEqual([
      ...[4096, 4096, 32_768, 32_768, 100_000, 100_000, 100_001],
    ]);
    for (const buffer of taken) pool.give(buffer);
    expect(taken.slice(4, 6)).toContain(pool.take(50_000));
    expect(pool.take(100_001)).not.toBe(taken[6]);
  });

  test("are let go of, and no more of a size are kept than eight", () => {
    const pool = new BufferPool(10);
    const taken = Array.from({ length: 9 }, () => pool.take(10));
    for (const buffer of taken) pool.give(buffer);
    const again = new Set(Array.from({ length: 9 }, () => pool.take(10)));
    expect(taken.filter((buffer) => again.has(buffer))).toHaveLength(8);
    for (const buffer of taken) pool.give(buffer);
    pool.clear();
    expect(taken).not.toContain(pool.take(10));
  });
});
