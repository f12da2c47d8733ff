import { describe, expect, test } from "@jest/globals";
import { type MapDump } from "../../src/output/map-dump.js";
import { type MapSpec } from "../../src/spec/map-spec.js";
import { stackRecordBytes } from "../../src/spec/stack-map.js";
import { KeptStacks } from "../../src/trace/kept-stacks.js";

/** A stack as it stands in a hash: three frames at most, then the process. */
function entryOf(frames: readonly bigint[], pid: bigint): Uint8Array {
  const words = new BigUint64Array(stackRecordBytes(3) / 8);
  words.set(frames);
  words[3] = pid;
  return new Uint8Array(words.buffer);
}

function specOf(type: "hash" | "stack_trace", maxEntries = 1000): MapSpec {
  const sizes = { keySizeBytes: 8, valueSizeBytes: stackRecordBytes(3) };
  return { name: "stacks_3", type, ...sizes, maxEntries, flags: 0 };
}

/** The maps of a target, and what was asked of them. */
class FakeMaps {
  readonly asked: string[] = [];
  readonly entries = new Map<bigint, Uint8Array>();

  lookup(map: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    const view = new DataView(key.buffer);
    const number = key.length === 4 ? BigInt(view.getUint32(0, true)) : view.getBigUint64(0, true);
    this.asked.push(`${map} ${number}`);
    return Promise.resolve(this.entries.get(number));
  }

  dump(map: string, { clear }: { readonly clear: boolean }): Promise<MapDump> {
    this.asked.push(`${clear ? "take" : "dump"} ${map}`);
    const keys = new Uint8Array(BigUint64Array.from(this.entries.keys()).buffer);
    const values = Uint8Array.from([...this.entries.values()].flatMap((value) => [...value]));
    const { size: count } = this.entries;
    if (clear) this.entries.clear();
    return Promise.resolve({ count, keys, values });
  }
}

function harness(
  spec: MapSpec,
  clears = true,
): { readonly maps: FakeMaps; readonly stacks: KeptStacks } {
  const maps = new FakeMaps();
  const stacks = new KeptStacks(maps, [spec], [3], { byteOrder: "little", clears });
  return { maps, stacks };
}

const references = (...numbers: readonly bigint[]): { stack: bigint; limit: number }[] =>
  numbers.map((stack) => ({ stack, limit: 3 }));

describe("kept stacks", () => {
  test("are looked up once, each with its process", async () => {
    const { maps, stacks } = harness(specOf("hash"));
    maps.entries.set(9n, entryOf([1n, 2n], 77n));
    maps.entries.set(10n, entryOf([1n, 2n, 3n], 0n));
    await stacks.prepare(references(9n, 9n, 10n));
    expect(stacks.prepare(references(10n, 9n))).toBeUndefined();
    expect(maps.asked).toEqual(["stacks_3 9", "stacks_3 10"]);
    expect(stacks.resolve(9n, 3)).toEqual({ frames: [1n, 2n], pid: 77 });
    expect(stacks.resolve(10n, 3)).toEqual({ frames: [1n, 2n, 3n], pid: 0 });
  });

  test("that are not there, and the empty one, are not asked for again", async () => {
    const { maps, stacks } = harness(specOf("hash"));
    expect(stacks.prepare(references(0n))).toBeUndefined();
    await stacks.prepare(references(11n));
    expect(stacks.prepare(references(11n, 0n))).toBeUndefined();
    expect(stacks.resolve(11n, 3)).toBeUndefined();
    expect(maps.asked).toEqual(["stacks_3 11"]);
  });

  test("that are many are read all at once", async () => {
    const { maps, stacks } = harness(specOf("hash"), false);
    const numbers = Array.from({ length: 50 }, (_, at) => BigInt(at + 1));
    for (const number of numbers) maps.entries.set(number, entryOf([number], 0n));
    await stacks.prepare(references(...numbers));
    expect(maps.asked).toEqual(["dump stacks_3"]);
    expect(stacks.resolve(50n, 3)).toEqual({ frames: [50n], pid: 0 });
  });

  test("make room for others when they have been read, and stay known", async () => {
    const { maps, stacks } = harness(specOf("hash", 4));
    for (const number of [1n, 2n, 3n, 4n]) maps.entries.set(number, entryOf([number], 0n));
    await stacks.prepare(references(1n, 2n));
    expect(maps.entries.size).toBe(4);
    await stacks.prepare(references(3n));
    expect(maps.entries.size).toBe(0);
    expect(maps.asked.at(-1)).toBe("take stacks_3");
    expect(stacks.prepare(references(1n, 2n, 3n, 4n))).toBeUndefined();
    expect(stacks.resolve(4n, 3)).toEqual({ frames: [4n], pid: 0 });
  });

  test("stay where they are when someone else will read them", async () => {
    const { maps, stacks } = harness(specOf("hash", 2), false);
    for (const number of [1n, 2n]) maps.entries.set(number, entryOf([number], 0n));
    await stacks.prepare(references(1n, 2n));
    expect(maps.asked).toEqual(["stacks_3 1", "stacks_3 2"]);
    expect(maps.entries.size).toBe(2);
  });

  test("that the kernel numbers are looked up by its number, and their process is in ours", async () => {
    const { maps, stacks } = harness(specOf("stack_trace"));
    maps.entries.set(0n, new Uint8Array(BigUint64Array.of(5n, 6n, 0n).buffer));
    await stacks.prepare(references((77n << 32n) | 1n));
    expect(maps.asked).toEqual(["stacks_3 0"]);
    expect(stacks.resolve((77n << 32n) | 1n, 3)).toEqual({ frames: [5n, 6n], pid: 77 });
  });
});
