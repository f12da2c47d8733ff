import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { layOutRecord } from "../../../src/language/check/record-table.js";
import { type Type } from "../../../src/language/check/type.js";
import { alignmentOfValue, sizeOfValue } from "../../../src/language/check/value-layout.js";
import { requireProgram, type SourceOptions } from "./check-source.js";

const layoutOf = (
  source: string,
  options?: SourceOptions,
): ReturnType<typeof requireProgram>["layout"] => requireProgram(source, options).layout;

describe("records", () => {
  const offsetsOf = (call: string): unknown => {
    const [record] = layoutOf(`uprobe:libc:malloc { ${call} }`).records;
    if (record === undefined || !("fields" in record)) return undefined;
    return [...record.fields.map(({ offset }) => offset), record.fixedSizeBytes];
  };
  test.each([
    ['printf("")', [4]],
    ['printf("%d", pid)', [4, 8]],
    ['printf("%d", nsecs)', [8, 16]],
    ['printf("%s", comm)', [4, 6]],
    // Narrow fields fill the gap before wide ones.
    ['printf("%d %s %d", nsecs, comm, pid)', [8, 16, 4, 18]],
    ['printf("%s %s %s %d", comm, comm, comm, nsecs)', [4, 6, 16, 8, 18]],
    ['printf("%d %d", (uint8)pid, (uint16)pid)', [6, 4, 7]],
    ['printf("%s %s", probe, ksym(arg0))', [4, 8, 16]],
    ["exit(1)", [4, 8]],
    ["print((pid, comm, nsecs))", [8, 40]],
    ['emit("e", "a", nsecs, "b", pid)', [8, 4, 16]],
  ])("%s", (call, expected) => {
    expect(offsetsOf(call)).toEqual(expected);
  });

  test("fields are aligned and never overlap", () => {
    const type = fc.constantFrom<Type>(
      { kind: "integer", sizeBytes: 1, isSigned: false },
      { kind: "integer", sizeBytes: 2, isSigned: true },
      { kind: "integer", sizeBytes: 4, isSigned: true },
      { kind: "integer", sizeBytes: 8, isSigned: false },
      { kind: "boolean" },
      { kind: "string", capacityBytes: 64 },
      { kind: "ksym" },
      { kind: "name" },
      { kind: "tuple", elements: [{ kind: "boolean" }, { kind: "ksym" }] },
    );
    fc.assert(
      fc.property(fc.array(type, { maxLength: 12 }), (types) => {
        const { fields, fixedSizeBytes } = layOutRecord(types);
        expect(fields).toHaveLength(types.length);
        const taken = new Set<number>([0, 1, 2, 3]);
        for (const field of fields) {
          const isString = field.type.kind === "string";
          const size = isString ? 2 : sizeOfValue(field.type);
          expect(field.offset % (isString ? 2 : alignmentOfValue(field.type))).toBe(0);
          for (let byte = field.offset; byte < field.offset + size; byte += 1) {
            expect(taken.has(byte)).toBe(false);
            taken.add(byte);
          }
          expect(field.offset + size).toBeLessThanOrEqual(fixedSizeBytes);
        }
      }),
    );
  });

  test("their kinds hold what a printer needs", () => {
    const source = `BEGIN { printf("n %5d\\n", pid); print(@m, 3, 1000); clear(@m); zero(@m); time(); @m[1] = 2;
      emit("open", "pid", pid, "comm", comm); exit(); print(1) }`;
    const { records } = layoutOf(source);
    expect(records.map(({ kind }) => kind)).toEqual([
      "printf",
      "printMap",
      "clearMap",
      "zeroMap",
      "time",
      "event",
      "exit",
      "printValue",
      // The print of @m clears it, too.
      "printMap",
    ]);
    expect(records.at(-1)).toMatchObject({ top: 3, divisor: 1000, clears: true });
    expect(records[0]).toMatchObject({
      format: [
        "n ",
        { flags: "", width: 5, precision: undefined, length: "", conversion: "d" },
        "\n",
      ],
    });
    expect(records[1]).toMatchObject({ map: 0, top: 3, divisor: 1000 });
    expect(records[4]).toMatchObject({ format: "%H:%M:%S\n" });
    expect(records[5]).toMatchObject({ name: "open", fieldNames: ["pid", "comm"] });
  });

  test("join has 16 strings", () => {
    const { records } = layoutOf('t:syscalls:sys_enter_execve { join(args.argv, ":") }');
    const [record] = records;
    expect(record).toMatchObject({ kind: "join", separator: ":", fixedSizeBytes: 36 });
    expect(record !== undefined && "fields" in record ? record.fields : []).toHaveLength(16);
  });
});

describe("maps", () => {
  const mapOf = (body: string, options?: SourceOptions): string => {
    const [map] = requireProgram(`uprobe:libc:malloc { ${body} }`, options).maps;
    if (map === undefined) return "no map";
    const { layout, spec } = map;
    const fields = layout.keys.map(({ type, offset }) => {
      const size =
        type.kind === "integer" ? `${type.isSigned ? "s" : "u"}${type.sizeBytes * 8}` : type.kind;
      return `${size}@${offset}`;
    });
    return `${spec.name} ${spec.type} [${fields.join(" ")}] ${spec.keySizeBytes} -> ${spec.valueSizeBytes} x ${spec.maxEntries}`;
  };
  test.each([
    ["@ = 1", "AT_ hash [] 8 -> 8 x 1"],
    ["@x = count()", "AT_x percpu_array [] 4 -> 8 x 1"],
    ["@x = sum(1)", "AT_x percpu_array [] 4 -> 8 x 1"],
    ["@x = avg(1)", "AT_x percpu_array [] 4 -> 16 x 1"],
    ["@x = stats(1)", "AT_x percpu_array [] 4 -> 16 x 1"],
    ["@x = min(1)", "AT_x percpu_array [] 4 -> 16 x 1"],
    ["@x = hist(1)", "AT_x percpu_array [] 4 -> 520 x 1"],
    ["@x = hist(1, 5)", "AT_x percpu_array [] 4 -> 15112 x 1"],
    ["@x = lhist(1, 0, 100, 10)", "AT_x percpu_array [] 4 -> 96 x 1"],
    ["@x[pid] = count()", "AT_x percpu_hash [u32@0] 4 -> 8 x 4096"],
    ["@x[pid] = hist(1)", "AT_x percpu_hash [u32@0] 16 -> 8 x 4096"],
    ["@x[comm] = lhist(1, 0, 9, 3)", "AT_x percpu_hash [string@0] 24 -> 8 x 4096"],
    ["@x[pid, comm] = 1", "AT_x hash [u32@0 string@4] 24 -> 8 x 4096"],
    ["@x[comm, nsecs] = 1", "AT_x hash [string@0 u64@16] 24 -> 8 x 4096"],
    ["@x[pid] = comm", "AT_x hash [u32@0] 4 -> 16 x 4096"],
    ["@x[str(arg0)] = str(arg1, 100)", "AT_x hash [string@0] 1032 -> 104 x 4096"],
    ["@x[1] = true", "AT_x hash [s8@0] 4 -> 8 x 4096"],
    ["@x[probe] = count()", "AT_x percpu_hash [name@0] 4 -> 8 x 4096"],
    ["@x[ksym(arg0)] = count()", "AT_x percpu_hash [ksym@0] 8 -> 8 x 4096"],
    ["@x[kstack] = count()", "AT_x percpu_hash [stack@0] 8 -> 8 x 4096"],
    ["@x[pid, ustack] = kstack(3)", "AT_x hash [u32@0 stack@8] 16 -> 8 x 4096"],
    // Keys of several widths become 8 bytes, constants become what the others are.
    ["@x[pid] = 1; @x[2] = 3", "AT_x hash [u32@0] 4 -> 8 x 4096"],
    ["@x[2] = 3; @x[pid] = 1", "AT_x hash [u32@0] 4 -> 8 x 4096"],
    ["@x[pid] = 1; @x[4294967296] = 3", "AT_x hash [s64@0] 8 -> 8 x 4096"],
    ["@x[pid] = 1; @x[arg0] = 3", "AT_x hash [u64@0] 8 -> 8 x 4096"],
    ["@x[pid] = 1; @x[-1] = 3", "AT_x hash [s64@0] 8 -> 8 x 4096"],
    ["@x[(uint8)pid] = 1", "AT_x hash [u8@0] 4 -> 8 x 4096"],
    ['@x["a long key"] = 1; @x["b"] = 1', "AT_x hash [string@0] 16 -> 8 x 4096"],
  ])("%s", (body, expected) => {
    expect(mapOf(body)).toBe(expected);
  });

  test("max_map_keys bounds them", () => {
    const source = "config = { max_map_keys = 7 } BEGIN { @[1] = 2; }";
    expect(requireProgram(source).maps[0]?.spec.maxEntries).toBe(7);
  });

  test("keyed ones are not allocated ahead where the kernel can do without, but small ones of each CPU", () => {
    const features = ["hash_without_preallocation"] as const;
    const flags = requireProgram(
      "BEGIN { @a[1] = 1; @b = 1; @c = count(); @d[1] = count(); @e[1] = stats(1); }",
      {
        target: { features, possibleCpuCount: 64 },
      },
    ).maps.map(({ spec }) => spec.flags);
    expect(flags).toEqual([1, 0, 0, 0, 1]);
  });

  test("are numbered by their names", () => {
    const { maps } = layoutOf("BEGIN { @z = 1; @a = 1; @ = 1; @m = @z; }");
    expect(maps.map(({ name }) => name)).toEqual(["@", "@a", "@m", "@z"]);
  });

  test("hold a number as signed when any of what goes in is", () => {
    const signs = (body: string): unknown =>
      layoutOf(`BEGIN { ${body} }`).maps.map(({ value }) =>
        value.kind === "plain" && value.type.kind === "integer" ? value.type.isSigned : value,
      );
    expect(signs("@a = 1; @b = nsecs; @c = nsecs; @c = -1; @d = 0; @d = nsecs")).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(signs("@a = sum(nsecs); @b = sum(nsecs - 1); @c = max(1); @c = max(pid)")).toEqual([
      { kind: "sum", isSigned: false, isCounted: true },
      { kind: "sum", isSigned: true, isCounted: true },
      { kind: "max", isSigned: true },
    ]);
  });

  test("a pointer in a map still knows whose memory it points into", () => {
    const source = `t:syscalls:sys_enter_openat { @f[tid] = args.filename }
      t:syscalls:sys_exit_openat /@f[tid]/ { printf("%s", str(@f[tid])); @f[tid] = 0; }`;
    const { probes, maps } = requireProgram(source);
    expect(maps[0]?.valueType).toMatchObject({ kind: "pointer", space: "user" });
    expect(probes[1]?.body[0]).toMatchObject({ values: [{ kind: "readString", space: "user" }] });
  });

  test("histograms say how their buckets are stored", () => {
    const { maps } = layoutOf(
      "BEGIN { @a = hist(1, 2); @b[1] = hist(1); @c = lhist(1, -5, 5, 3); }",
    );
    expect(maps.map(({ value }) => value)).toEqual([
      { kind: "hist", bits: 2, storage: "array", bucketCount: 249 },
      { kind: "hist", bits: 0, storage: "key", bucketCount: 65 },
      { kind: "lhist", min: -5n, max: 5n, step: 3n, storage: "array", bucketCount: 5 },
    ]);
  });
});

test("probes, config and printing at the end are told to the reader", () => {
  expect(layoutOf("BEGIN, END {} i:1s {}")).toMatchObject({
    probeCount: 3,
    printsMapsAtExit: true,
  });
  expect(layoutOf("config = { print_maps_on_exit = 0 } BEGIN {}").printsMapsAtExit).toBe(false);
});
