import { describe, expect, test } from "@jest/globals";
import { type CompileOptions } from "../../src/language/compile.js";
import { type TargetDescription } from "../../src/spec/target-description.js";
import { type ObjectSpec } from "../../src/spec/object-spec.js";
import { linux419x64 } from "../targets/linux-4.19-x64.js";
import { linux510s390x } from "../targets/linux-5.10-s390x.js";
import { linux618x64 } from "../targets/linux-6.18-x64.js";
import { compileRecorded } from "./lower/compile-recorded.js";

function objectOf(
  source: string,
  target: TargetDescription = linux618x64,
  options: CompileOptions = {},
): ObjectSpec | undefined {
  return compileRecorded(source, target, options).spec?.object;
}

describe("a compiled object", () => {
  test("names programs by number and probe, within what the kernel takes", () => {
    const object = objectOf(`BEGIN { @ = count(); }
tracepoint:syscalls:sys_enter_openat, tracepoint:syscalls:sys_enter_execve { @ = count(); }
interval:s:1 { @ = count(); } uprobe:libc:__libc_start_main { @ = count(); }`);
    const names = object?.programs.map(({ name }) => name);
    expect(names).toEqual([
      "sonde_1_begin",
      "sonde_2_openat",
      "sonde_3_execve",
      "sonde_4_interva",
      "sonde_5___libc",
    ]);
  });

  test("runs what is not attached, the start of the clock first", () => {
    const object = objectOf("END { @ = elapsed; } BEGIN { @ = 1; } interval:s:1 { @++; }");
    expect(object?.runs).toEqual([
      { program: "sonde_start", when: "start" },
      { program: "sonde_1_end", when: "end" },
      { program: "sonde_2_begin", when: "start" },
    ]);
    expect(object?.attachments).toEqual([
      {
        kind: "perfEvent",
        program: "sonde_3_interva",
        probe: "interval:s:1",
        type: 1,
        config: 0n,
        sampling: { period: 1_000_000_000n },
        cpus: "one",
      },
    ]);
  });

  test("has only the maps that its programs use, and a stream when there are records", () => {
    const counting = objectOf("tracepoint:syscalls:sys_enter_openat { @ = count(); }");
    expect(counting?.maps.map(({ name }) => name)).toEqual(["AT_"]);
    expect(counting?.streams).toEqual([]);
    const printing = objectOf('tracepoint:syscalls:sys_enter_openat { printf("x"); }');
    expect(printing?.maps.map(({ name }) => name)).toEqual(["events", "loss"]);
    expect(printing?.streams).toEqual([{ map: "events", lossMap: "loss" }]);
  });

  const sizes: readonly {
    readonly name: string;
    readonly source: string;
    readonly options: CompileOptions;
    readonly target?: TargetDescription;
    readonly bytes: number;
  }[] = [
    { name: "is 4 MiB", source: "", options: {}, bytes: 4 << 20 },
    {
      name: "is what the caller says, as a power of two",
      source: "",
      options: { ringSizeBytes: 50_000 },
      bytes: 65_536,
    },
    {
      name: "is what the program says",
      source: "config = { perf_rb_pages = 4 }",
      options: { ringSizeBytes: 65_536 },
      bytes: 16_384,
    },
    {
      name: "is no smaller than a page",
      source: "",
      options: { ringSizeBytes: 1 },
      target: { ...linux618x64, pageSize: 65_536 },
      bytes: 65_536,
    },
  ];
  for (const { name, source, options, target, bytes } of sizes) {
    test(`its ring ${name}`, () => {
      const object = objectOf(`${source} BEGIN { printf("x"); }`, target, options);
      const ring = object?.maps.find(({ type }) => type === "ringbuf");
      expect(ring?.maxEntries).toBe(bytes);
    });
  }

  test("has a perf event array where there are no ring buffers", () => {
    const object = objectOf('BEGIN { printf("x"); }', linux419x64);
    expect(object?.maps).toMatchObject([
      { name: "events", type: "perf_event_array", maxEntries: 0 },
      { name: "loss", type: "array", flags: 0 },
    ]);
  });

  test("gives each program that needs scratch memory its own, those that can be preempted several", () => {
    const body = '{ printf("%s", str(arg0)); }';
    const source = `uprobe:libc:malloc ${body} uretprobe:libc:malloc { @ = count(); } kprobe:vfs_read ${body}`;
    const scratch = objectOf(source)?.maps.find(({ name }) => name === "scratch");
    expect(scratch).toMatchObject({ type: "percpu_array", maxEntries: 5 });
    // Where elements cannot be claimed, the uprobe builds its records in the ring.
    const older = objectOf(source, linux510s390x)?.maps.find(({ name }) => name === "scratch");
    expect(older).toMatchObject({ maxEntries: 1 });
  });
});

describe("a program beyond the kernel's limits", () => {
  const cases = [
    {
      name: "too much stack",
      // Keys of hashes are on the stack where the program can be preempted and claims no memory.
      source:
        "uprobe:libc:malloc { @[str(arg0, 250), str(arg1, 250)] = count(); $s = str(arg0, 200); @[$s, $s] = count(); }",
      target: linux510s390x,
      message: /^this probe needs \d+ bytes of stack, the kernel gives 512$/,
    },
    {
      name: "too many instructions for an old kernel",
      source: "BEGIN { unroll(100) { @ = hist(@n); @n++; } @n = 0; }",
      target: linux419x64,
      message: /^this probe compiles to \d+ instructions, the most is 4096$/,
    },
    {
      name: "a record that fits in no per-CPU map",
      source:
        "config = { max_strlen = 4096 } tracepoint:syscalls:sys_enter_execve { join(args.argv); }",
      target: linux618x64,
      message: /^a record of up to \d+ bytes, the most is 32768$/,
    },
  ];
  for (const { name, source, target, message } of cases) {
    test(`is a fault of the program: ${name}`, () => {
      const { spec, diagnostics } = compileRecorded(source, target);
      expect(spec).toBeUndefined();
      expect(diagnostics).toMatchObject([
        { severity: "error", code: "too-large", message: expect.stringMatching(message) },
      ]);
    });
  }
});
