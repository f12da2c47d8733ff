import { describe, expect, test } from "@jest/globals";
import { errnoNumbers, formatErrno } from "../../../src/kernel/errno.js";
import { SyscallError } from "../../../src/kernel/errors.js";
import {
  appendLine,
  listDirectory,
  openFile,
  readAt,
  readTextFile,
  statFd,
} from "../../../src/kernel/files.js";
import { Kernel } from "../../../src/kernel/kernel.js";
import { enablePerfEvent, openPerfEvent, setPerfEventProgram } from "../../../src/kernel/perf.js";
import { type Machine } from "../../../src/system/system.js";
import { FakeKernel, systemOver } from "../fake-kernel.js";

const big32: Machine = { architecture: "mips", isLittleEndian: false, pointerSize: 4 };
const little32: Machine = { architecture: "arm", isLittleEndian: true, pointerSize: 4 };

describe("a refused call", () => {
  test("says what was done, which call it was and what the kernel said", () => {
    const fake = new FakeKernel();
    fake.refuse("openat /proc/kallsyms", "EACCES");
    let error: unknown;
    try {
      openFile(new Kernel(fake), "/proc/kallsyms");
    } catch (reason) {
      error = reason;
    }
    expect(error).toBeInstanceOf(SyscallError);
    expect((error as SyscallError).message).toBe("open /proc/kallsyms: openat: EACCES");
    expect((error as SyscallError).errno).toBe(13);
  });

  test("has the architecture's own number", () => {
    expect(errnoNumbers("arm64").ENOSYS).toBe(38);
    expect(errnoNumbers("mips").ENOSYS).toBe(89);
    expect(formatErrno(errnoNumbers("mipsel"), 122)).toBe("EOPNOTSUPP");
    expect(formatErrno(errnoNumbers("x64"), 524)).toBe("ENOTSUPP");
    expect(formatErrno(errnoNumbers("x64"), 999)).toBe("errno 999");
  });
});

describe("a file", () => {
  test("is read to its end, whatever its size", () => {
    const fake = new FakeKernel();
    const text = "0123456789abcdef".repeat(4000);
    fake.files.set("/proc/kallsyms", text);
    expect(readTextFile(new Kernel(fake), "/proc/kallsyms")).toBe(text);
    expect(fake.openFds.size).toBe(0);
  });

  test("lists its folder's names, sorted, and reads a status", () => {
    const fake = new FakeKernel();
    fake.files.set("/sys/kernel/btf/vmlinux", "12345");
    fake.files.set("/sys/kernel/btf/i2c_core", "1");
    const kernel = new Kernel(fake);
    expect(listDirectory(kernel, "/sys/kernel/btf")).toEqual(["i2c_core", "vmlinux"]);
    using file = openFile(kernel, "/sys/kernel/btf/vmlinux");
    expect(statFd(kernel, "vmlinux", file.fd)).toEqual({
      type: 0o100_000,
      sizeBytes: 5n,
      modified: 5_000_000_006n,
      device: 0x8_0000_0001n,
      inode: 9n,
    });
  });

  test("takes a line in one write", () => {
    const fake = new FakeKernel();
    fake.files.set("/sys/kernel/tracing/kprobe_events", "");
    appendLine(new Kernel(fake), "/sys/kernel/tracing/kprobe_events", "-:a/b");
    expect(fake.calls).toEqual(['write /sys/kernel/tracing/kprobe_events "-:a/b" -> 6']);
  });

  const offsets: readonly { machine: Machine; expected: readonly (number | bigint)[] }[] = [
    {
      machine: { architecture: "x64", isLittleEndian: true, pointerSize: 8 },
      expected: [0x1_8000_0000n],
    },
    {
      machine: { architecture: "ia32", isLittleEndian: true, pointerSize: 4 },
      expected: [-0x8000_0000, 1],
    },
    { machine: little32, expected: [0, -0x8000_0000, 1] },
    { machine: big32, expected: [0, 1, -0x8000_0000] },
  ];
  for (const { machine, expected } of offsets) {
    test(`is read at an offset as ${machine.architecture} passes it`, () => {
      const fake = new FakeKernel(machine);
      fake.files.set("/bin/sh", "");
      const kernel = new Kernel(fake);
      using file = openFile(kernel, "/bin/sh");
      readAt(kernel, "/bin/sh", file.fd, 0x1_8000_0000n, new Uint8Array(4));
      expect(fake.lastOffsetArguments).toEqual(expected);
    });
  }
});

describe("a perf event", () => {
  const target = { pid: -1, cpu: 2 };
  const sampling = { type: 1, config: 0n, sampling: { frequency: 99n }, wakeupWatermarkBytes: 8 };

  test("is opened disabled, with its flags as the byte order counts them", () => {
    // disabled is bit 0, freq bit 10, watermark bit 14 of a C bit-field
    const little = new FakeKernel();
    openPerfEvent(new Kernel(little), sampling, target);
    expect(little.calls).toEqual([
      "perf_event_open type=1 config=0 period=99 flags=4401 pid=-1 cpu=2 -> 3",
    ]);
    const big = new FakeKernel(big32);
    openPerfEvent(new Kernel(big), sampling, target);
    expect(big.calls).toEqual([
      "perf_event_open type=1 config=0 period=99 flags=8022000000000000 pid=-1 cpu=2 -> 3",
    ]);
  });

  test("is told by ioctl numbers of the architecture", () => {
    const requests: number[] = [];
    const record = (machine: Machine): void => {
      const fake = new FakeKernel(machine);
      const syscall = (_number: number, _fd?: unknown, request?: unknown): number =>
        requests.push(Number(request));
      const kernel = new Kernel(systemOver(fake, syscall));
      enablePerfEvent(kernel, 5);
      setPerfEventProgram(kernel, 5, 6);
    };
    record({ architecture: "arm64", isLittleEndian: true, pointerSize: 8 });
    record(big32);
    expect(requests.map((request) => request >>> 0)).toEqual([
      0x2400, 0x4004_2408, 0x2000_2400, 0x8004_2408,
    ]);
  });
});
