import { beforeEach, describe, expect, test } from "@jest/globals";
import { decodeUtf8 } from "@sonde/protocol";
import { Target } from "../../../src/features/target.js";
import { ForbiddenError, LimitError, MissingError } from "../../../src/kernel/errors.js";
import { Kernel } from "../../../src/kernel/kernel.js";
import { Pacer } from "../../../src/resources/pacer.js";
import { FileAccess } from "../../../src/server/file-access.js";
import { FakeKernel } from "../fake-kernel.js";

const elf = Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, ...new Array<number>(100).fill(1)]);

let fake: FakeKernel;
let files: FileAccess;
beforeEach(() => {
  fake = new FakeKernel();
  files = new FileAccess(new Target(new Kernel(fake)), { everything: false });
});

async function read(path: string, offset = 0n, limitBytes = 1_000_000): Promise<string> {
  const pacer = new Pacer(fake, () => true);
  const { data } = await files.read(path, offset, limitBytes, pacer);
  return String.fromCharCode(...data.subarray(0, 100));
}

describe("lines of a file", () => {
  const path = "/sys/kernel/tracing/available_events";
  const pacer = (): Pacer => new Pacer(fake, () => true);

  test("are those that match", async () => {
    fake.files.set(path, "sched:sched_switch\nsched:sched_wakeup\n");
    expect(decodeUtf8(await files.lines(path, "*:*_wakeup", pacer()))).toBe("sched:sched_wakeup\n");
    expect(fake.openFds.size).toBe(0);
  });

  test("are found however long the file is", async () => {
    fake.files.set(path, `${"filler:filler_event\n".repeat(10_000)}sched:sched_switch\n`);
    expect(decodeUtf8(await files.lines(path, "sched:*", pacer()))).toBe("sched:sched_switch\n");
  });

  test("are refused where the file is, and when they are too many or never end", async () => {
    fake.files.set("/etc/shadow", "root:x\n");
    await expect(files.lines("/etc/shadow", "*", pacer())).rejects.toThrow(ForbiddenError);
    await expect(files.lines("/proc/modules", "*", pacer())).rejects.toThrow(MissingError);
    fake.files.set(path, "sched:sched_switch\n".repeat(250_000));
    await expect(files.lines(path, "*", pacer())).rejects.toThrow(LimitError);
    fake.files.set(path, "x".repeat(5_000_000));
    await expect(files.lines(path, "sched", pacer())).rejects.toThrow(LimitError);
    expect(fake.openFds.size).toBe(0);
  });
});

describe("a file that may be read", () => {
  const readable = [
    "/sys/kernel/btf/vmlinux",
    "/sys/kernel/btf/i2c_core",
    "/sys/kernel/notes",
    "/proc/kallsyms",
    "/proc/modules",
    "/proc/config.gz",
    "/proc/sys/kernel/random/boot_id",
    "/proc/12/maps",
    "/proc/12/comm",
    "/proc/12/stat",
    "/proc/12/task/13/comm",
    "/boot/config-6.1.0",
    "/etc/ld.so.cache",
    "/etc/passwd",
    "/sys/devices/system/cpu/online",
    "/sys/kernel/tracing/available_events",
    "/sys/kernel/tracing/events/sched/sched_switch/format",
    "/sys/kernel/debug/tracing/events/sched/sched_switch/id",
  ];
  for (const path of readable) {
    test(`is ${path}`, async () => {
      fake.files.set(path, "contents");
      expect(await read(path)).toBe("contents");
      expect(files.stat(path)).toMatchObject({ path, sizeBytes: 8n });
      expect(fake.openFds.size).toBe(0);
    });
  }

  test("is any ELF file", async () => {
    fake.files.set("/opt/app/bin/server", elf);
    expect(await read("/opt/app/bin/server", 1n, 3)).toBe("ELF");
    expect(files.stat("/opt/app/bin/server")).toMatchObject({ path: "/opt/app/bin/server" });
  });

  test("is one that a link leads to, under its own path", async () => {
    fake.files.set("/usr/bin/node", elf);
    fake.files.set("/proc/12/exe", { link: "/usr/bin/node" });
    expect(await read("/proc/12/exe", 1n, 3)).toBe("ELF");
    expect(files.stat("/proc/12/exe")?.path).toBe("/usr/bin/node");
  });

  test("is given in parts, and says where it ends", async () => {
    fake.files.set("/proc/kallsyms", "0123456789");
    const pacer = new Pacer(fake, () => true);
    const part = await files.read("/proc/kallsyms", 4n, 3, pacer);
    expect(String.fromCharCode(...part.data)).toBe("456");
    expect(part.isEnd).toBe(false);
    const rest = await files.read("/proc/kallsyms", 7n, 100, pacer);
    expect(String.fromCharCode(...rest.data)).toBe("789");
    expect(rest.isEnd).toBe(true);
    const beyond = await files.read("/proc/kallsyms", 99n, 100, pacer);
    expect(beyond).toEqual({ data: new Uint8Array(0), isEnd: true });
  });
});

describe("a file that may not be read", () => {
  const forbidden: readonly { name: string; path: string; set?: () => void }[] = [
    { name: "one that is nobody's business", path: "/etc/shadow" },
    { name: "a private key", path: "/etc/ssh/ssh_host_rsa_key" },
    { name: "a process's memory", path: "/proc/12/mem" },
    { name: "a process's environment", path: "/proc/12/environ" },
    { name: "the kernel's log", path: "/proc/kmsg" },
    { name: "a trace that reading empties", path: "/sys/kernel/tracing/trace_pipe" },
    { name: "a setting", path: "/proc/sys/kernel/core_pattern" },
    { name: "a file below an allowed one's folder", path: "/sys/devices/system/cpu/cpu0/online" },
  ];
  for (const { name, path } of forbidden) {
    test(`is ${name}`, async () => {
      fake.files.set(path, "secret");
      await expect(read(path)).rejects.toThrow(`read ${path}: not among the files`);
      expect(() => files.stat(path)).toThrow(`stat ${path}: not among the files`);
      expect(fake.openFds.size).toBe(0);
    });
  }

  const ways: readonly { name: string; path: string; links: Readonly<Record<string, string>> }[] = [
    {
      name: "by a link in an allowed place",
      path: "/boot/config-evil",
      links: { "/boot/config-evil": "/etc/shadow" },
    },
    {
      name: "by a chain of links",
      path: "/etc/ld.so.cache",
      links: { "/etc/ld.so.cache": "../tmp/one", "/tmp/one": "two", "/tmp/two": "/etc/shadow" },
    },
    {
      name: "by a folder that is a link",
      path: "/sys/kernel/btf/shadow",
      links: { "/sys/kernel/btf": "/etc" },
    },
    { name: "by climbing", path: "/sys/kernel/btf/../../../etc/shadow", links: {} },
    {
      name: "through another process's root",
      path: "/proc/12/root/etc/shadow",
      links: { "/proc/12/root": "/" },
    },
    {
      name: "through a working directory",
      path: "/proc/12/cwd/shadow",
      links: { "/proc/12/cwd": "/etc" },
    },
  ];
  for (const { name, path, links } of ways) {
    test(`cannot be reached ${name}`, async () => {
      fake.files.set("/etc/shadow", "secret");
      for (const [link, target] of Object.entries(links)) fake.files.set(link, { link: target });
      await expect(read(path)).rejects.toThrow("not among the files");
      expect(() => files.stat(path)).toThrow("not among the files");
      expect(fake.openFds.size).toBe(0);
    });
  }

  test("is not opened for its first bytes in procfs and sysfs, where reading has effects", async () => {
    fake.files.set("/sys/kernel/tracing/trace_pipe", elf);
    fake.files.set("/proc/kcore", elf);
    await expect(read("/sys/kernel/tracing/trace_pipe")).rejects.toThrow("not among the files");
    await expect(read("/proc/kcore")).rejects.toThrow("not among the files");
  });

  test("is a folder", async () => {
    fake.files.set("/sys/kernel/btf/vmlinux", "");
    await expect(read("/sys/kernel/btf")).rejects.toThrow("not among the files");
  });
});

describe("a file that is not there", () => {
  test("is missing to a reader, and nothing to stat", async () => {
    await expect(read("/proc/99/maps")).rejects.toThrow("/proc/99/maps is not there");
    expect(files.stat("/proc/99/maps")).toBeNull();
    expect(() => files.list("/proc/99/task")).toThrow("/proc/99/task is not there");
  });

  test("is missing also when its process ends between opening and reading", async () => {
    fake.files.set("/proc/99/stat", "99 (cat) S 1");
    fake.refuse("pread64", "ESRCH");
    await expect(read("/proc/99/stat")).rejects.toThrow("/proc/99/stat is not there");
    expect(fake.openFds.size).toBe(0);
  });
});

describe("a folder", () => {
  test("of events, types, units and processes may be listed", () => {
    fake.files.set("/sys/kernel/tracing/events/sched/sched_switch/id", "1");
    fake.files.set("/sys/kernel/tracing/events/i2c/i2c_read/id", "2");
    expect(files.list("/sys/kernel/tracing/events")).toEqual(["i2c", "sched"]);
    expect(files.list("/sys/kernel/tracing/events/sched")).toEqual(["sched_switch"]);
    expect(files.list("/proc")).toContain("self");
  });

  test("elsewhere may not", () => {
    fake.files.set("/srv/kept/secret", "");
    fake.files.set("/sys/kernel/btf", { link: "/srv/kept" });
    expect(() => files.list("/srv/kept")).toThrow("list /srv/kept: not among the files");
    expect(() => files.list("/sys/kernel/btf")).toThrow("not among the files");
  });

  test("where a process is may be known, but neither listed nor read", async () => {
    fake.files.set("/srv/user/notes", "");
    fake.files.set("/proc/12/cwd", { link: "/srv/user" });
    fake.files.set("/proc/12/fd/3", { link: "/srv/user" });
    expect(files.stat("/proc/12/cwd")?.path).toBe("/srv/user");
    expect(files.stat("/proc/12/fd/3")?.path).toBe("/srv/user");
    expect(() => files.list("/proc/12/cwd")).toThrow("not among the files");
    expect(() => files.stat("/srv/user")).toThrow("not among the files");
    fake.files.set("/proc/12/fd/4", { link: "/srv/user/notes" });
    expect(() => files.stat("/proc/12/fd/4")).toThrow("not among the files");
    await expect(read("/proc/12/cwd")).rejects.toThrow("not among the files");
  });
});
