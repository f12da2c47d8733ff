import { describe, expect, test } from "@jest/globals";
import { findBuildId } from "../../../src/features/build-id.js";
import { parseCpuList } from "../../../src/features/cpu-list.js";
import { kernelArchitecture, kernelVersionCode } from "../../../src/features/kernel-identity.js";
import { Target } from "../../../src/features/target.js";
import { findTracefs, readTracepointId } from "../../../src/features/tracefs.js";
import { MissingError } from "../../../src/kernel/errors.js";
import { Kernel } from "../../../src/kernel/kernel.js";
import { type Machine } from "../../../src/system/system.js";
import { FakeKernel } from "../fake-kernel.js";

describe("CPU lists", () => {
  const lists: readonly { text: string; expected: readonly number[] }[] = [
    { text: "0-3\n", expected: [0, 1, 2, 3] },
    { text: "0\n", expected: [0] },
    { text: "0,2-3,8", expected: [0, 2, 3, 8] },
    { text: "\n", expected: [] },
  ];
  for (const { text, expected } of lists) {
    test(`${JSON.stringify(text)} is ${expected.length} CPUs`, () => {
      expect(parseCpuList(text)).toEqual(expected);
    });
  }
});

describe("the kernel's architecture", () => {
  const arm: Machine = { architecture: "arm", isLittleEndian: true, pointerSize: 4 };
  const names: readonly {
    machine: string;
    agent: Machine;
    architecture: string;
    pointerSize: number;
  }[] = [
    { machine: "aarch64", agent: arm, architecture: "arm64", pointerSize: 8 },
    { machine: "armv8l", agent: arm, architecture: "arm64", pointerSize: 8 },
    { machine: "armv7l", agent: arm, architecture: "arm", pointerSize: 4 },
    { machine: "x86_64", agent: arm, architecture: "x64", pointerSize: 8 },
    { machine: "ppc64le", agent: arm, architecture: "ppc64", pointerSize: 8 },
    { machine: "mips64", agent: arm, architecture: "mipsel", pointerSize: 8 },
    {
      machine: "mips",
      agent: { ...arm, isLittleEndian: false },
      architecture: "mips",
      pointerSize: 4,
    },
    { machine: "sh4", agent: arm, architecture: "arm", pointerSize: 4 },
  ];
  for (const { machine, agent, architecture, pointerSize } of names) {
    test(`of ${machine} is ${architecture} with pointers of ${pointerSize} bytes`, () => {
      expect(kernelArchitecture(machine, agent)).toEqual({ architecture, pointerSize });
    });
  }

  test("has a version code, Debian's from uname -v", () => {
    const identity = { hostname: "", machine: "", version: "#1 SMP" };
    expect(kernelVersionCode({ ...identity, release: "5.4.300-rc1" })).toBe(0x0504ff);
    const debian = "#1 SMP Debian 4.19.235-1 (2022-03-17)";
    expect(kernelVersionCode({ ...identity, release: "4.19.0-20-amd64", version: debian })).toBe(
      0x0413eb,
    );
  });
});

describe("the kernel's build id", () => {
  const note = (name: string, type: number, description: readonly number[]): number[] => {
    const padded = [...name].map((character) => character.charCodeAt(0));
    while (padded.length % 4 !== 0) padded.push(0);
    const body = [...description];
    while (body.length % 4 !== 0) body.push(0);
    return [name.length, 0, 0, 0, description.length, 0, 0, 0, type, 0, 0, 0, ...padded, ...body];
  };
  const view = (bytes: readonly number[]): DataView => new DataView(Uint8Array.from(bytes).buffer);

  test("is found behind other notes", () => {
    const notes = [
      ...note("Xen\0", 3, [9, 9]),
      ...note("GNU\0", 1, [1]),
      ...note("GNU\0", 3, [0x0a, 0xbc]),
    ];
    expect(findBuildId(view(notes), true)).toBe("0abc");
  });

  test("is empty where notes are cut short or have none", () => {
    expect(findBuildId(view(note("GNU\0", 3, [1, 2, 3, 4]).slice(0, 18)), true)).toBe("");
    expect(findBuildId(view(note("Linux\0", 3, [1])), true)).toBe("");
    expect(findBuildId(view([]), true)).toBe("");
    expect(findBuildId(view([255, 255, 255, 255, 255, 255, 255, 255, 3, 0, 0, 0]), true)).toBe("");
  });
});

describe("tracefs", () => {
  function kernelWith(mounts: string): FakeKernel {
    const fake = new FakeKernel();
    fake.files.set("/proc/self/mounts", mounts);
    return fake;
  }

  test("is where it is mounted, blanks and all", () => {
    const fake = kernelWith("proc /proc proc rw 0 0\ntracefs /mnt/a\\040b tracefs rw 0 0\n");
    expect(findTracefs(new Kernel(fake))).toBe("/mnt/a b");
  });

  test("is looked for under debugfs when it cannot be mounted", () => {
    const fake = kernelWith("debugfs /sys/kernel/debug debugfs rw 0 0\n");
    fake.files.set("/sys/kernel/debug/tracing/trace_clock", "[local]");
    expect(findTracefs(new Kernel(fake))).toBe("/sys/kernel/debug/tracing");
  });

  test("is nowhere, and is looked for again, when nothing has it", () => {
    const fake = kernelWith("proc /proc proc rw 0 0\n");
    const target = new Target(new Kernel(fake));
    expect(target.tracefs).toBe("");
    fake.files.set("/proc/self/mounts", "tracefs /sys/kernel/tracing tracefs rw 0 0\n");
    expect(target.tracefs).toBe("/sys/kernel/tracing");
  });

  test("says of a tracepoint that is not there that it is missing", () => {
    const fake = new FakeKernel();
    fake.files.set("/sys/kernel/tracing/events/sched/sched_switch/id", "314\n");
    const kernel = new Kernel(fake);
    const read = (name: string): bigint =>
      readTracepointId(kernel, "/sys/kernel/tracing", "sched", name);
    expect(read("sched_switch")).toBe(314n);
    expect(() => read("sched_twist")).toThrow(MissingError);
    expect(() => read("sched_twist")).toThrow(
      "look tracepoint sched:sched_twist up: this kernel has none of that name",
    );
  });
});
