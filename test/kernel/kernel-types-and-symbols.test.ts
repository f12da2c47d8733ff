import { describe, expect } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { BtfError } from "../../packages/host/src/btf/btf-error.js";
import { openBtf } from "../../packages/host/src/btf/btf.js";
import { ElfReader } from "../../packages/host/src/elf/elf-reader.js";
import { parseLdSoCache, resolveLibrary } from "../../packages/host/src/elf/ld-so-cache.js";
import { parseKernelSymbols } from "../../packages/host/src/symbols/kernel-symbols.js";
import { AskedSymbols } from "../../packages/host/src/session/asked-symbols.js";
import { AskedTypes } from "../../packages/host/src/session/asked-types.js";
import { KeptAnswers } from "../../packages/host/src/session/kept-answers.js";
import { type TypeReader } from "../../packages/host/src/btf/type-reader.js";
import { startAgent } from "../support/tested-agent.js";
import { requiresCommand, requiresFeature } from "../support/requires.js";

const withBtf = requiresFeature("btf");

describe("the running kernel's BTF", () => {
  const read = () => openBtf(new Uint8Array(readFileSync("/sys/kernel/btf/vmlinux")));

  withBtf("has the task's structure and its bit-fields", () => {
    const btf = read();
    const task = btf.find("task_struct", "struct");
    if (task === undefined) throw new TypeError("no task_struct");
    const comm = btf.findMember(task, "comm");
    const pid = btf.findMember(task, "pid");
    expect(comm && btf.formatTypeName(comm.type)).toBe("char[16]");
    expect(pid && [btf.formatTypeName(pid.type), btf.sizeOf(pid.type)]).toEqual(["pid_t", 4]);
    expect(btf.findMember(task, "in_execve")).toMatchObject({ bitFieldSize: 1 });
    expect(btf.sizeOf(task)).toBeGreaterThan(1000);
  });

  withBtf("has the parameters of raw tracepoints", () => {
    expect(read().rawTracepointParameters("sys_enter")).toMatchObject([
      { typeName: "struct pt_regs *", isPointer: true },
      { typeName: "long int", isSigned: true },
    ]);
  });

  withBtf("has types that all can be decoded, named and measured or refused", () => {
    const btf = read();
    for (let id = 0; id < btf.typeCount; id += 61) {
      btf.formatTypeName(id);
      try {
        btf.sizeOf(id);
      } catch (error) {
        expect(error).toBeInstanceOf(BtfError);
      }
    }
  });
});

requiresCommand("bpftool", "bpftool")(
  "our reading of the kernel's types agrees with bpftool's",
  () => {
    const dump = execFileSync("bpftool", ["btf", "dump", "file", "/sys/kernel/btf/vmlinux"], {
      encoding: "utf8",
      maxBuffer: 1 << 28,
      env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` },
    });
    const btf = openBtf(new Uint8Array(readFileSync("/sys/kernel/btf/vmlinux")));
    let compared = 0;
    const different: string[] = [];
    for (const [line, id, kind, name, size] of dump.matchAll(
      /^\[(\d+)\] (STRUCT|UNION|INT|TYPEDEF|FUNC) '(.+?)'(?: size=(\d+))?/gm,
    )) {
      const type = btf.type(Number(id));
      const isSame =
        type.kind === kind?.toLowerCase() &&
        "name" in type &&
        type.name === (name === "(anon)" ? "" : name) &&
        (size === undefined || ("sizeBytes" in type && type.sizeBytes === Number(size)));
      if (!isSame) different.push(line);
      compared++;
    }
    expect(different).toEqual([]);
    expect(compared).toBeGreaterThan(10_000);
  },
);

withBtf("the running kernel's symbols resolve to themselves", () => {
  const symbols = parseKernelSymbols(new Uint8Array(readFileSync("/proc/kallsyms")));
  expect(symbols.isHidden).toBe(false);
  const address = symbols.addressOf("vfs_read");
  if (address === undefined) throw new TypeError("no vfs_read");
  expect(symbols.resolve(address + 3n)).toEqual({
    name: "vfs_read",
    offset: 3n,
    module: undefined,
  });
});

describe("questions that an agent answers about the running kernel", () => {
  withBtf("give the same types as all of its BTF", async () => {
    const agent = await startAgent();
    try {
      const whole = openBtf(new Uint8Array(readFileSync("/sys/kernel/btf/vmlinux")));
      const asked = new AskedTypes(agent.peer, 8, new KeptAnswers(""));
      const tracepoints = whole.names("typedef", "btf_trace_").map((name) => name.slice(10));
      const some = tracepoints.filter((_, at) => at % 40 === 0);
      expect(some.length).toBeGreaterThan(10);
      const ask = (types: TypeReader): unknown => {
        types.expect(
          ["task_struct", "file"].map((name) => ({ kind: "type", type: { kind: "struct", name } })),
        );
        return [
          ...some.map((name) => types.rawTracepointParameters(name)),
          ...["task_struct", "file"].map((name) => describeMembers(types, name)),
          types.functionParameters("vfs_read"),
        ];
      };
      expect(await asked.ask(ask)).toEqual(ask(whole));
    } finally {
      await agent.close();
    }
  });

  withBtf("give the same symbols as all of its table", async () => {
    const agent = await startAgent();
    try {
      const whole = parseKernelSymbols(new Uint8Array(readFileSync("/proc/kallsyms")));
      const asked = new AskedSymbols(agent.peer);
      const names = ["vfs_read", "do_nanosleep", "jiffies", "no_such_symbol", "_text"];
      const addresses = names.map((name) => whole.addressOf(name));
      expect(await asked.addressesOf(names)).toEqual(addresses);
      const text = addresses[0] ?? 0n;
      const places = Array.from({ length: 1500 }, (_, at) => text + BigInt((at - 750) * 4099));
      await asked.prepare([...places, 0n, 5n]);
      expect(places.map((place) => asked.resolve(place))).toEqual(
        places.map((place) => whole.resolve(place)),
      );
      expect([asked.resolve(0n), asked.resolve(5n)]).toEqual([undefined, undefined]);
      expect(asked.prepare(places)).toBeUndefined();
    } finally {
      await agent.close();
    }
  });
});

/** Every named member of a struct: its place, its type's name and size. */
function describeMembers(types: TypeReader, name: string): unknown {
  const id = types.find(name, "struct");
  const type = id === undefined ? undefined : types.type(id);
  if (id === undefined || type?.kind !== "struct") return undefined;
  return type.members
    .filter((member) => member.name !== "")
    .map((member) => [
      types.findMember(id, member.name),
      types.formatTypeName(member.type),
      types.sizeOf(member.type),
    ]);
}

requiresCommand("readelf", "binutils")(
  "the functions of the C library are where readelf sees them",
  async () => {
    const libraries = parseLdSoCache(new Uint8Array(readFileSync("/etc/ld.so.cache")));
    const path = resolveLibrary(libraries, "libc");
    if (path === undefined) throw new TypeError("no libc");
    const file = openSync(path, "r");
    try {
      const elf = await ElfReader.open((offset, length) => {
        const bytes = new Uint8Array(length);
        return Promise.resolve(bytes.subarray(0, readSync(file, bytes, 0, length, offset)));
      });
      const found = new Map((await elf.functions()).map((one) => [one.name, one]));
      const listed = execFileSync("readelf", ["-W", "--dyn-syms", path], { encoding: "utf8" });
      let compared = 0;
      for (const [, address, name] of listed.matchAll(
        /^ *\d+: ([0-9a-f]+) +\d+ FUNC +(?:GLOBAL|WEAK) +DEFAULT +\d+ ([^@\s]+)@@\S+$/gm,
      )) {
        expect(found.get(name ?? "")?.address).toBe(BigInt(`0x${address ?? ""}`));
        compared++;
      }
      expect(compared).toBeGreaterThan(500);
    } finally {
      closeSync(file);
    }
  },
);
