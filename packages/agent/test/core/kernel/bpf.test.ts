import { describe, expect, test } from "@jest/globals";
import { Bpf } from "../../../src/kernel/bpf.js";
import { Kernel } from "../../../src/kernel/kernel.js";
import { type Machine } from "../../../src/system/system.js";
import { FakeKernel, systemOver } from "../fake-kernel.js";

interface Seen {
  readonly command: number;
  readonly attr: Uint8Array;
  readonly size: number;
}

/** Copies what bpf(2) is given. */
function watchBpf(isLittleEndian: boolean): { bpf: Bpf; seen: Seen[] } {
  const architecture = isLittleEndian ? "x64" : "s390x";
  const machine: Machine = { architecture, isLittleEndian, pointerSize: 8 };
  const fake = new FakeKernel(machine);
  const seen: Seen[] = [];
  const system = systemOver(fake, (_number, command, attr, size) => {
    seen.push({
      command: Number(command),
      attr: Uint8Array.from(attr as Uint8Array),
      size: Number(size),
    });
    return 0;
  });
  return { bpf: new Bpf(new Kernel(system)), seen };
}

const hash = {
  name: "a_name_of_more_than_15",
  type: 1,
  keySizeBytes: 4,
  valueSizeBytes: 0x0102_0304,
  maxEntries: 16,
  flags: 1,
};

describe("the attributes of bpf(2)", () => {
  test("are written in the kernel's byte order, names cut at 15 characters", () => {
    const little = watchBpf(true);
    little.bpf.createMap(hash);
    const big = watchBpf(false);
    big.bpf.createMap(hash);
    const [first] = little.seen;
    const [second] = big.seen;
    expect(first?.command).toBe(0);
    expect([...(first?.attr.subarray(8, 12) ?? [])]).toEqual([4, 3, 2, 1]);
    expect([...(second?.attr.subarray(8, 12) ?? [])]).toEqual([1, 2, 3, 4]);
    expect(String.fromCharCode(...(first?.attr.subarray(28, 44) ?? []))).toBe("a_name_of_more_\0");
  });

  test("of one command leave nothing behind for the next", () => {
    const { bpf, seen } = watchBpf(true);
    bpf.createMap(hash);
    bpf.openRawTracepoint(5, undefined);
    const attr = seen[1]?.attr ?? new Uint8Array(0);
    expect(seen[1]?.size).toBe(144);
    expect(attr.reduce((sum, byte) => sum + byte, 0)).toBe(5);
    expect(attr[8]).toBe(5);
  });

  test("have no address for a key of no bytes", () => {
    const { bpf, seen } = watchBpf(true);
    bpf.lookupAndDelete(3, new Uint8Array(0), new Uint8Array(8));
    const attr = seen[0]?.attr ?? new Uint8Array(0);
    expect([...attr.subarray(8, 16)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(attr.subarray(16, 24).some((byte) => byte !== 0)).toBe(true);
  });
});
