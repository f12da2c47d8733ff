import { describe, expect, test } from "@jest/globals";
import { Target } from "../../../src/features/target.js";
import { Kernel } from "../../../src/kernel/kernel.js";
import { LoadedMap } from "../../../src/resources/loaded-map.js";
import { dumpAndClearMap, dumpMap, type MapDump } from "../../../src/resources/map-dump.js";
import { Pacer } from "../../../src/resources/pacer.js";
import { FakeKernel } from "../fake-kernel.js";

const attributes = {
  name: "table",
  type: 1,
  keySizeBytes: 4,
  valueSizeBytes: 8,
  maxEntries: 100,
  flags: 0,
};

interface Bench {
  readonly fake: FakeKernel;
  readonly target: Target;
  readonly map: LoadedMap;
  readonly pacer: Pacer;
}

function bench(more: Partial<typeof attributes> = {}): Bench {
  const fake = new FakeKernel();
  const target = new Target(new Kernel(fake));
  const map = LoadedMap.create(target, { ...attributes, ...more });
  return { fake, target, map, pacer: new Pacer(fake, () => map.isOpen) };
}

function fill({ map }: Bench, count: number): void {
  for (let index = 1; index <= count; index++) {
    map.update(Uint8Array.of(index, 0, 0, 0), new Uint8Array(8).fill(index));
  }
}

function keysOf({ keys, count }: MapDump): number[] {
  return Array.from({ length: count }, (_, index) => keys[index * 4] ?? 0);
}

const oneToFive = [1, 2, 3, 4, 5];

describe("a dump", () => {
  const lacks = [
    { lacking: "nothing", calls: [] },
    { lacking: "batches", calls: ["bpf(MAP_LOOKUP_BATCH)", "bpf(MAP_LOOKUP_AND_DELETE_BATCH)"] },
    {
      lacking: "batches and lookup-and-delete",
      calls: [
        "bpf(MAP_LOOKUP_BATCH)",
        "bpf(MAP_LOOKUP_AND_DELETE_BATCH)",
        "bpf(MAP_LOOKUP_AND_DELETE_ELEM)",
      ],
    },
  ];
  for (const { lacking, calls } of lacks) {
    for (const errno of ["EINVAL", "ENOTSUPP"] as const) {
      test(`reads and empties a table with ${errno} for ${lacking}`, async () => {
        const b = bench();
        for (const call of calls) b.fake.refuse(call, errno);
        fill(b, 5);
        const dump = await dumpMap(b.target, b.map, b.pacer);
        expect(keysOf(dump)).toEqual(oneToFive);
        expect([...dump.values.subarray(8, 16)]).toEqual([2, 2, 2, 2, 2, 2, 2, 2]);
        const taken = await dumpAndClearMap(b.target, b.map, b.pacer);
        expect(keysOf(taken)).toEqual(oneToFive);
        expect(b.fake.maps.get(b.map.fd)?.entries.size).toBe(0);
      });
    }
  }

  test("gives each key once when the walk begins anew", async () => {
    const b = bench();
    b.fake.refuse("bpf(MAP_LOOKUP_BATCH)", "EINVAL");
    fill(b, 5);
    const entries = b.fake.maps.get(b.map.fd);
    const original = entries?.after.bind(entries);
    if (entries === undefined || original === undefined) throw new Error("no map");
    let steps = 0;
    // A program deletes the third key while we stand on it, and makes it anew.
    entries.after = (key) => original(++steps === 4 ? Uint8Array.of(99, 0, 0, 0) : key);
    const dump = await dumpMap(b.target, b.map, b.pacer);
    expect(keysOf(dump)).toEqual(oneToFive);
  });

  test("ends when programs keep it from coming to an end", async () => {
    const b = bench({ maxEntries: 8 });
    b.fake.refuse("bpf(MAP_LOOKUP_BATCH)", "EINVAL");
    fill(b, 1);
    const entries = b.fake.maps.get(b.map.fd);
    if (entries === undefined) throw new Error("no map");
    entries.after = () => Uint8Array.of(1, 0, 0, 0);
    expect((await dumpMap(b.target, b.map, b.pacer)).count).toBe(1);
  });

  test("of an array gives every index, and clearing leaves zeros", async () => {
    const b = bench({ type: 2, maxEntries: 3 });
    for (let index = 0; index < 3; index++) {
      b.fake.maps.get(b.map.fd)?.set(Uint8Array.of(index, 0, 0, 0), new Uint8Array(8).fill(index));
    }
    b.fake.refuse("bpf(MAP_LOOKUP_BATCH)", "ENOTSUPP");
    expect(keysOf(await dumpMap(b.target, b.map, b.pacer))).toEqual([0, 1, 2]);
    const taken = await dumpAndClearMap(b.target, b.map, b.pacer);
    expect([...taken.values.subarray(16)]).toEqual([2, 2, 2, 2, 2, 2, 2, 2]);
    const after = await dumpMap(b.target, b.map, b.pacer);
    expect(after.values.every((byte) => byte === 0)).toBe(true);
  });

  test("takes a queue's values, and refuses to read it without taking", async () => {
    const b = bench({ type: 22, keySizeBytes: 0 });
    b.fake.maps.get(b.map.fd)?.set(new Uint8Array(0), new Uint8Array(8).fill(9));
    const taken = await dumpAndClearMap(b.target, b.map, b.pacer);
    expect(taken).toEqual({ count: 1, keys: new Uint8Array(0), values: new Uint8Array(8).fill(9) });
    await expect(dumpMap(b.target, b.map, b.pacer)).rejects.toThrow("a queue is read by taking");
  });

  test("ends when its map is closed meanwhile", async () => {
    const b = bench();
    b.fake.refuse("bpf(MAP_LOOKUP_BATCH)", "EINVAL");
    fill(b, 5);
    const dump = dumpMap(b.target, b.map, b.pacer);
    b.map.release();
    await expect(dump).rejects.toThrow('map "table" is closed');
  });

  test("ends with the kernel's own error when there is one", async () => {
    const b = bench();
    b.fake.refuse("bpf(MAP_LOOKUP_BATCH)", "ENOMEM");
    await expect(dumpMap(b.target, b.map, b.pacer)).rejects.toThrow(
      'dump map "table": bpf(BPF_MAP_LOOKUP_BATCH): ENOMEM',
    );
  });
});

describe("a map", () => {
  test("of per-CPU values has one for each possible CPU, padded to 8 bytes", () => {
    const { fake, map } = bench({ type: 5, valueSizeBytes: 4 });
    expect(map.transferSizeBytes).toBe(32);
    map.update(Uint8Array.of(1, 0, 0, 0), Uint8Array.of(1, 2, 3, 4));
    const written = fake.maps.get(map.fd)?.get(Uint8Array.of(1, 0, 0, 0));
    expect([...(written ?? [])]).toEqual([0, 1, 2, 3].flatMap(() => [1, 2, 3, 4, 0, 0, 0, 0]));
  });

  test("refuses keys and values of another length: the kernel would read past their end", () => {
    const { map } = bench();
    expect(() => map.lookup(new Uint8Array(3))).toThrow("a key of 3 bytes, where it has 4");
    expect(() => {
      map.update(new Uint8Array(4), new Uint8Array(9));
    }).toThrow("a value of 9 bytes, where it has 8");
  });

  test("of descriptors is not the host's to write", () => {
    const { map } = bench({ type: 3, valueSizeBytes: 4 });
    expect(() => {
      map.update(new Uint8Array(4), new Uint8Array(4));
    }).toThrow("entries of a map of type 3 are not data");
  });

  test("of perf events has room for each CPU's number", () => {
    const fake = new FakeKernel();
    fake.files.set("/sys/devices/system/cpu/possible", "0,4-5\n");
    const target = new Target(new Kernel(fake));
    const map = LoadedMap.create(target, { ...attributes, type: 4, maxEntries: 0 });
    expect(map.attributes.maxEntries).toBe(6);
  });

  test("is made again after the limit on locked memory was lifted", () => {
    const fake = new FakeKernel();
    const target = new Target(new Kernel(fake));
    fake.refuse("bpf(MAP_CREATE)", "EPERM");
    fake.onLimitLifted = () => {
      fake.allow("bpf(MAP_CREATE)");
    };
    expect(LoadedMap.create(target, attributes).isOpen).toBe(true);
  });

  test("is described to the kernel, or not where the kernel sees its types in another way", () => {
    const fake = new FakeKernel();
    const types = { btf: 3, key: 1, value: 2 };
    fake.refusesMapTypes = true;
    const map = LoadedMap.create(new Target(new Kernel(fake)), { ...attributes, types });
    expect(map.isOpen).toBe(true);
  });

  test("says EPERM when lifting the limit did not help", () => {
    const fake = new FakeKernel();
    const target = new Target(new Kernel(fake));
    fake.refuse("bpf(MAP_CREATE)", "EPERM");
    expect(() => LoadedMap.create(target, attributes)).toThrow(
      'create map "table": bpf(BPF_MAP_CREATE): EPERM',
    );
  });
});
