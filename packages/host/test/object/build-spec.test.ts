import { describe, expect, test } from "@jest/globals";
import { openBtf } from "../../src/btf/btf.js";
import { type BtfType, type BtfTypeId } from "../../src/btf/types.js";
import { relocationKinds } from "../../src/core-relocation/relocation-kinds.js";
import { buildObjectSpec, type BuiltObject, fitObject } from "../../src/object/build-spec.js";
import { type KernelSettings } from "../../src/object/kernel-settings.js";
import { parseObject } from "../../src/object/parse-object.js";
import { type KernelKnowledge } from "../../src/object/resolve-externs.js";
import { type ProgramChoice, selectPrograms } from "../../src/object/select-programs.js";
import { type FinishedCode } from "../../src/spec/program-spec.js";
import { type FeatureName } from "../../src/spec/target-description.js";
import { TypeList } from "../btf/type-list.js";
import {
  call,
  decodeSlots,
  exit,
  helper,
  loadWide,
  move,
  ObjectBuilder,
  type Slot,
} from "./object-builder.js";

const newest: readonly FeatureName[] = [
  "map_value_pointer",
  "map_mmapable",
  "probe_read_kernel",
  "program_btf",
  "btf_datasec",
  "btf_global_function",
  "btf_float",
  "btf_decl_tag",
  "btf_type_tag",
  "btf_enum64",
  "btf_optional_section",
];

const settings: KernelSettings = {
  configuration:
    'CONFIG_HZ=250\nCONFIG_BPF=y\nCONFIG_TUN=m\nCONFIG_LOCALVERSION="-board"\n# CONFIG_SLUB is not set\n',
  versionCode: 0x06_0c_05,
  hasAttachCookie: true,
  hasSyscallWrapper: false,
};

interface Circumstances {
  readonly choice?: ProgramChoice;
  readonly kernel?: Partial<KernelKnowledge>;
  readonly features?: readonly FeatureName[];
  readonly byteOrder?: "little" | "big";
}

async function build(
  builder: ObjectBuilder,
  circumstances: Circumstances = {},
): Promise<BuiltObject> {
  const { choice = {}, kernel = {}, features = newest, byteOrder = "little" } = circumstances;
  const file = await parseObject(builder.build(), "build/thing.bpf.o");
  const selection = selectPrograms(file, choice);
  const known = { types: undefined, addressOf: () => undefined, ...kernel };
  const fitted = fitObject(file, selection, known);
  const target = { features, pageSize: 4096, byteOrder };
  return buildObjectSpec(file, selection, fitted, { target, settings, attachments: [] });
}

function codeOf({ spec }: BuiltObject, name: string): FinishedCode {
  const found = spec.programs.find((one) => one.name === name)?.finished;
  if (found === undefined) throw new Error(`no program ${name}`);
  return found;
}

function slotsOf(built: BuiltObject, name: string): readonly Slot[] {
  return decodeSlots(codeOf(built, name).bytes);
}

/** struct { __uint(type, …); … } as tools/lib/bpf/bpf_helpers.h makes it. */
function defineMap(
  builder: ObjectBuilder,
  name: string,
  numbers: Readonly<Record<string, number>>,
  types: Readonly<Record<string, BtfTypeId>> = {},
  values?: BtfTypeId,
): BtfTypeId {
  const { types: list } = builder;
  const int = list.int("int", 4, true);
  const members: [string, BtfTypeId, number][] = [];
  for (const [key, value] of Object.entries(numbers)) {
    members.push([key, list.pointer(list.array(int, value)), members.length * 64]);
  }
  for (const [key, type] of Object.entries(types)) {
    members.push([key, list.pointer(type), members.length * 64]);
  }
  if (values !== undefined)
    members.push(["values", list.array(list.pointer(values), 0), members.length * 64]);
  const struct = list.struct("", members.length * 8, members);
  return name === "" ? struct : builder.variable(name, struct);
}

function mapsOf(
  builder: ObjectBuilder,
  maps: Readonly<Record<string, BtfTypeId>>,
  sizeBytes = 64,
): void {
  const variables = Object.entries(maps).map(([name, type], at) => {
    builder.symbol(".maps", { name, address: at * sizeBytes, sizeBytes, type: 1 }, 1);
    return { type, sizeBytes };
  });
  builder.section(".maps", new Uint8Array(variables.length * sizeBytes), { flags: 3 });
  builder.dataSection(".maps", variables);
}

const program = (builder: ObjectBuilder, ...slots: readonly Slot[]): ObjectBuilder =>
  builder.code("tracepoint/syscalls/sys_enter_openat", { entry: [...slots, exit] });

describe("programs", () => {
  test("take with them the functions that they call, each once, in the order of the first calls", async () => {
    const builder = new ObjectBuilder();
    builder.code("kprobe/a", { first: [call(-1), call(-1), exit] });
    builder.code("kprobe/b", { second: [call(-1), exit] });
    // leaf, caller (calls leaf, which is in its own section: no relocation), other
    builder.code(".text", {
      leaf: [move(0, 1), exit],
      caller: [call(-3), exit],
      other: [move(0, 2), exit],
    });
    builder
      .relocate("kprobe/a", 0, "caller")
      .relocate("kprobe/a", 1, "other")
      .relocate("kprobe/b", 0, "other");
    const built = await build(builder);
    expect(slotsOf(built, "first")).toEqual([
      call(2),
      call(5),
      exit,
      call(1),
      exit,
      move(0, 1),
      exit,
      move(0, 2),
      exit,
    ]);
    expect(slotsOf(built, "second")).toEqual([call(1), exit, move(0, 2), exit]);
  });

  test("may call functions that call each other, and themselves", async () => {
    const builder = new ObjectBuilder();
    builder.code("kprobe/a", { first: [call(-1), exit] });
    builder.code(".text", { ping: [call(1), exit], pong: [call(-3), exit] });
    builder.relocate("kprobe/a", 0, "ping");
    expect(slotsOf(await build(builder), "first")).toEqual([
      call(1),
      exit,
      call(1),
      exit,
      call(-3),
      exit,
    ]);
  });

  test("may call functions of other sections", async () => {
    const builder = new ObjectBuilder();
    builder.code("kprobe/a", { first: [call(-1), exit] });
    builder.code("kprobe/b", { second: [move(0, 7), exit] });
    builder.relocate("kprobe/a", 0, "second");
    expect(slotsOf(await build(builder), "first")).toEqual([call(1), exit, move(0, 7), exit]);
  });

  test("give addresses of functions to helpers", async () => {
    const builder = new ObjectBuilder();
    builder.code("kprobe/a", { first: [...loadWide(2), helper(181), exit] });
    builder.code(".text", { other: [exit], callback: [move(0, 0), exit] });
    builder.relocate("kprobe/a", 0, "callback");
    const slots = slotsOf(await build(builder), "first");
    // BPF_PSEUDO_FUNC; the distance to slot 4.
    expect(slots[0]).toEqual([0x18, 2, 4, 0, 3]);
    expect(slots.slice(4)).toEqual([move(0, 0), exit]);
  });

  test("that call into the middle of a function are refused", async () => {
    const builder = new ObjectBuilder();
    builder.code("kprobe/a", { first: [call(0), exit] });
    builder.code(".text", { other: [move(0, 0), exit] });
    builder.relocate("kprobe/a", 0, "other");
    await expect(build(builder)).rejects.toThrow(
      "program first: instruction 0 of first calls what is no function",
    );
  });

  test("of sections with a question mark are left out unless they are asked for", async () => {
    const builder = new ObjectBuilder();
    builder.code("?kprobe/a", { first: [exit] }).code("kprobe/b", { second: [exit] });
    const names = async (choice: ProgramChoice): Promise<readonly string[]> =>
      (await build(builder, { choice })).spec.programs.map(({ name }) => name);
    expect(await names({})).toEqual(["second"]);
    expect(await names({ only: ["first"] })).toEqual(["first"]);
    expect(await names({ without: ["second"], only: ["first", "second"] })).toEqual(["first"]);
    await expect(names({ only: ["third"] })).rejects.toThrow("there is no program third");
    await expect(names({ only: [] })).rejects.toThrow("nothing is to be loaded");
  });

  test("that do not trace are refused by name", async () => {
    const builder = new ObjectBuilder()
      .code("xdp", { filter: [exit] })
      .code("kprobe/b", { second: [exit] });
    await expect(build(builder)).rejects.toThrow(
      'program filter: programs of section "xdp" do not trace',
    );
    expect((await build(builder, { choice: { without: ["filter"] } })).spec.programs).toHaveLength(
      1,
    );
  });

  test("have older helpers where the kernel has none of the newer ones", async () => {
    const built = await build(program(new ObjectBuilder(), helper(113), helper(115), helper(14)), {
      features: [],
    });
    expect(slotsOf(built, "entry")).toEqual([helper(4), helper(45), helper(14), exit]);
  });

  test("are of the byte order that the file has", async () => {
    const builder = program(new ObjectBuilder("big"), move(1, 0x0102_0304));
    const built = await build(builder, { byteOrder: "big" });
    expect([...codeOf(built, "entry").bytes.subarray(0, 8)]).toEqual([
      0xb7, 0x10, 0, 0, 1, 2, 3, 4,
    ]);
  });
});

describe("maps", () => {
  test("are what their types say", async () => {
    const builder = program(new ObjectBuilder(), ...loadWide(1));
    const key = builder.types.int("unsigned int", 4);
    const value = builder.types.struct("value", 24, [["a", key, 0]]);
    mapsOf(builder, {
      hash: defineMap(
        builder,
        "hash",
        { type: 1, max_entries: 1024, map_flags: 1 },
        { key, value },
      ),
      ring: defineMap(builder, "ring", { type: 27, max_entries: 5000 }),
      events: defineMap(builder, "events", { type: 4, key_size: 4, value_size: 4 }),
      bloom: defineMap(builder, "bloom", {
        type: 30,
        max_entries: 10,
        value_size: 8,
        map_extra: 3,
        numa_node: 1,
      }),
      kept: defineMap(builder, "kept", {
        type: 2,
        max_entries: 1,
        key_size: 4,
        value_size: 8,
        pinning: 1,
      }),
    });
    builder.relocate("tracepoint/syscalls/sys_enter_openat", 0, "ring");
    const built = await build(builder);
    expect(built.spec.maps).toEqual([
      {
        name: "hash",
        type: "hash",
        keySizeBytes: 4,
        valueSizeBytes: 24,
        maxEntries: 1024,
        flags: 1,
        types: { key, value },
      },
      {
        name: "ring",
        type: "ringbuf",
        keySizeBytes: 0,
        valueSizeBytes: 0,
        maxEntries: 8192,
        flags: 0,
      },
      {
        name: "events",
        type: "perf_event_array",
        keySizeBytes: 4,
        valueSizeBytes: 4,
        maxEntries: 0,
        flags: 0,
      },
      {
        name: "bloom",
        type: "bloom_filter",
        keySizeBytes: 0,
        valueSizeBytes: 8,
        maxEntries: 10,
        flags: 0,
        extra: 3n,
        numaNode: 1,
      },
      {
        name: "kept",
        type: "array",
        keySizeBytes: 4,
        valueSizeBytes: 8,
        maxEntries: 1,
        flags: 0,
        pinPath: "/sys/fs/bpf/kept",
      },
    ]);
    expect(built.spec.streams).toEqual([{ map: "ring" }, { map: "events" }]);
    expect(codeOf(built, "entry").mapReferences).toEqual([
      { instruction: 0, map: "ring", valueOffset: undefined },
    ]);
  });

  test("hold maps and programs from the start", async () => {
    const builder = new ObjectBuilder()
      .code("kprobe/a", { first: [exit] })
      .code("?kprobe/b", { second: [exit] });
    const inner = defineMap(builder, "", { type: 2, max_entries: 4, key_size: 4, value_size: 8 });
    const prototype = builder.types.add({
      kind: "func_proto",
      returns: 1,
      parameters: [],
      isVariadic: false,
    });
    mapsOf(builder, {
      one: builder.variable("one", inner),
      outer: defineMap(builder, "outer", { type: 12, max_entries: 2, key_size: 4 }, {}, inner),
      jumps: defineMap(builder, "jumps", { type: 3, max_entries: 8, key_size: 4 }, {}, prototype),
    });
    // The list of values begins after three pointers.
    builder.relocateByte(".maps", 64 + 24 + 8, "one");
    builder.relocateByte(".maps", 128 + 24 + 24, "first").relocateByte(".maps", 128 + 24, "second");
    const { spec } = await build(builder);
    expect(spec.maps.slice(1)).toEqual([
      {
        name: "outer",
        type: "array_of_maps",
        keySizeBytes: 4,
        valueSizeBytes: 4,
        maxEntries: 2,
        flags: 0,
        slots: [{ index: 1, name: "one" }],
        inner: {
          name: "outer.inner",
          type: "array",
          keySizeBytes: 4,
          valueSizeBytes: 8,
          maxEntries: 4,
          flags: 0,
        },
      },
      // second is not loaded.
      {
        name: "jumps",
        type: "prog_array",
        keySizeBytes: 4,
        valueSizeBytes: 4,
        maxEntries: 8,
        flags: 0,
        slots: [{ index: 3, name: "first" }],
      },
    ]);
  });

  const faults: readonly {
    readonly name: string;
    readonly define: (builder: ObjectBuilder) => BtfTypeId;
    readonly message: string;
  }[] = [
    {
      name: "of an unknown type",
      define: (builder) => defineMap(builder, "m", { type: 999 }),
      message: "map m: its type 999 is not known",
    },
    {
      name: "that are memory to share",
      define: (builder) => defineMap(builder, "m", { type: 33, max_entries: 1 }),
      message: "map m: an arena is memory",
    },
    {
      name: "without a type",
      define: (builder) => defineMap(builder, "m", { max_entries: 1 }),
      message: "map m: its type is not said",
    },
    {
      name: "with a member that is not known",
      define: (builder) => defineMap(builder, "m", { type: 1, colour: 3 }),
      message: "has a member colour",
    },
    {
      name: "with two sizes",
      define: (builder) =>
        defineMap(builder, "m", { type: 1, key_size: 8 }, { key: builder.types.int("int", 4) }),
      message: "its key has 4 bytes, and 8 as its size says",
    },
    {
      name: "of maps of maps",
      define: (builder) => {
        const innermost = defineMap(builder, "", { type: 2, max_entries: 1 });
        return defineMap(
          builder,
          "m",
          { type: 12 },
          {},
          defineMap(builder, "", { type: 12 }, {}, innermost),
        );
      },
      message: "map m.inner: maps in maps in maps",
    },
    {
      name: "with values that it cannot hold",
      define: (builder) =>
        defineMap(builder, "m", { type: 1 }, {}, defineMap(builder, "", { type: 2 })),
      message: "which a map of type hash cannot have",
    },
  ];
  for (const { name, define, message } of faults) {
    test(`are refused: ${name}`, async () => {
      const builder = program(new ObjectBuilder());
      mapsOf(builder, { m: define(builder) });
      await expect(build(builder)).rejects.toThrow(message);
    });
  }

  test("of the old kind, or without types, are refused with what to do", async () => {
    const old = program(new ObjectBuilder()).section("maps", new Uint8Array(20));
    await expect(build(old)).rejects.toMatchObject({
      hint: expect.stringContaining('SEC(".maps")'),
    });
    const untyped = program(new ObjectBuilder())
      .section(".maps", new Uint8Array(20))
      .withoutTypes();
    await expect(build(untyped)).rejects.toMatchObject({
      hint: expect.stringContaining("clang -g"),
    });
  });
});

describe("global variables", () => {
  function withData(): ObjectBuilder {
    const builder = program(new ObjectBuilder(), ...loadWide(1), ...loadWide(2, 4), ...loadWide(3));
    const int = builder.types.int("int", 4, true);
    const zeros = builder.variable("zeros", int, "static");
    const wanted = builder.variable("wanted", int);
    builder.section(".rodata", Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0), { flags: 2 });
    builder.symbol(".rodata", { name: "wanted", address: 4, sizeBytes: 4, type: 1 });
    builder.section(".bss", new Uint8Array(0), { type: 8, flags: 3, sizeBytes: 12 });
    builder.symbol(".bss", { name: "", address: 0, type: 3, binding: 0 });
    builder.symbol(".bss", { name: "bss", address: 0, type: 3, binding: 0 });
    builder.dataSection(".rodata", [{ type: wanted, sizeBytes: 4 }]);
    builder.dataSection(".bss", [{ type: zeros, offset: 8, sizeBytes: 4 }]);
    const section = "tracepoint/syscalls/sys_enter_openat";
    return builder.relocate(section, 0, "wanted").relocate(section, 2, "bss");
  }

  test("are the values of arrays; what is constant is frozen", async () => {
    const built = await build(withData());
    const [constant, zeros] = built.spec.maps;
    expect(constant).toMatchObject({
      name: ".rodata",
      kernelName: "thing.rodata",
      type: "array",
      valueSizeBytes: 8,
      maxEntries: 1,
      flags: (1 << 7) | (1 << 10),
      isFrozen: true,
    });
    expect([...(constant?.contents?.[0]?.value ?? [])]).toEqual([1, 0, 0, 0, 2, 0, 0, 0]);
    // Its only variable is static: nobody outside has to see it.
    expect(zeros).toMatchObject({ name: ".bss", valueSizeBytes: 12, flags: 0 });
    expect(zeros?.contents).toBeUndefined();
    expect(codeOf(built, "entry").mapReferences).toEqual([
      { instruction: 0, map: ".rodata", valueOffset: 4 },
      { instruction: 2, map: ".bss", valueOffset: 4 },
    ]);
  });

  test("stand in the kernel's types where the file has them", async () => {
    const { spec } = await build(withData());
    const types = openBtf(spec.types ?? new Uint8Array());
    const section = types.type(types.find(".rodata", "datasec") ?? 0);
    expect(section).toMatchObject({ sizeBytes: 8, variables: [{ offset: 4, sizeBytes: 4 }] });
    expect(types.type(types.find(".bss", "datasec") ?? 0)).toMatchObject({
      sizeBytes: 12,
      variables: [{ offset: 8 }],
    });
  });

  test("are refused where the kernel has none", async () => {
    await expect(build(withData(), { features: ["program_btf"] })).rejects.toThrow(
      "section .rodata: the target's kernel has no global variables (Linux 5.2 has)",
    );
  });
});

describe("externs", () => {
  function withExterns(
    names: Readonly<
      Record<string, (builder: ObjectBuilder) => { type: BtfTypeId; sizeBytes: number }>
    >,
    section: string,
    binding = 1,
  ): ObjectBuilder {
    const list = Object.keys(names);
    const builder = program(new ObjectBuilder(), ...list.flatMap((_, at) => loadWide(at)));
    const variables = Object.entries(names).map(([name, define], at) => {
      const { type, sizeBytes } = define(builder);
      builder.extern(name, binding).relocate("tracepoint/syscalls/sys_enter_openat", at * 2, name);
      return { type: builder.variable(name, type, "extern"), sizeBytes };
    });
    builder.dataSection(section, variables);
    return builder;
  }
  const int =
    (name: string, sizeBytes: number, isSigned = false) =>
    (builder: ObjectBuilder) => ({ type: builder.types.int(name, sizeBytes, isSigned), sizeBytes });

  test("of .kconfig are settings that the kernel was built with, one map of them all", async () => {
    const builder = withExterns(
      {
        CONFIG_BPF: int("_Bool", 1),
        CONFIG_HZ: int("int", 4, true),
        LINUX_KERNEL_VERSION: int("unsigned int", 4),
        CONFIG_TUN: ({ types }) => ({
          type: types.enumeration("libbpf_tristate", { TRI_NO: 0n, TRI_YES: 1n, TRI_MODULE: 2n }),
          sizeBytes: 4,
        }),
        CONFIG_LOCALVERSION: ({ types }) => ({
          type: types.array(types.int("char", 1, true), 8),
          sizeBytes: 8,
        }),
        LINUX_HAS_BPF_COOKIE: int("_Bool", 1),
      },
      ".kconfig",
    );
    const built = await build(builder);
    const map = built.spec.maps.find(({ name }) => name === ".kconfig");
    expect(map).toMatchObject({ isFrozen: true, flags: 1 << 7 });
    const value = map?.contents?.[0]?.value ?? new Uint8Array();
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    const places = codeOf(built, "entry").mapReferences.map(({ valueOffset = 0 }) => valueOffset);
    expect(view.getUint8(places[0] ?? 0)).toBe(1);
    expect(view.getInt32(places[1] ?? 0, true)).toBe(250);
    expect(view.getUint32(places[2] ?? 0, true)).toBe(0x06_0c_05);
    expect(view.getUint32(places[3] ?? 0, true)).toBe(2);
    expect(new TextDecoder().decode(value.subarray(places[4] ?? 0, (places[4] ?? 0) + 7))).toBe(
      "-board\0",
    );
    expect(view.getUint8(places[5] ?? 0)).toBe(1);
    const types = openBtf(built.spec.types ?? new Uint8Array());
    expect(types.type(types.find(".kconfig", "datasec") ?? 0)).toMatchObject({
      sizeBytes: value.length,
    });
  });

  test("of .kconfig that are lacking are zero when they are weak, and else refused", async () => {
    const slub = { CONFIG_SLUB: int("int", 4) };
    expect(
      (await build(withExterns(slub, ".kconfig", 2))).spec.maps.find(
        ({ name }) => name === ".kconfig",
      )?.contents?.[0]?.value,
    ).toEqual(new Uint8Array(4));
    await expect(build(withExterns(slub, ".kconfig"))).rejects.toThrow(
      "kernel setting CONFIG_SLUB: the target's configuration has no such setting",
    );
    await expect(build(withExterns({ CONFIG_HZ: int("_Bool", 1) }, ".kconfig"))).rejects.toThrow(
      "it is 250, and the object reads it as boolean",
    );
  });

  test("of .ksyms without a type are addresses", async () => {
    const builder = withExterns({ jiffies: () => ({ type: 0, sizeBytes: 0 }) }, ".ksyms");
    const built = await build(builder, {
      kernel: { addressOf: (name) => (name === "jiffies" ? 0xffff_ffff_8200_1000n : undefined) },
    });
    expect(slotsOf(built, "entry").slice(0, 2)).toEqual([
      [0x18, 0, 0, 0, 0x8200_1000 | 0],
      [0, 0, 0, 0, -1],
    ]);
    await expect(build(builder)).rejects.toThrow(
      "extern jiffies: the target's kernel has no such symbol",
    );
    const weak = withExterns({ jiffies: () => ({ type: 0, sizeBytes: 0 }) }, ".ksyms", 2);
    expect(slotsOf(await build(weak), "entry").slice(0, 2)).toEqual(loadWide(0));
  });

  const kernelWith = (type: (list: TypeList) => BtfType): TypeList => {
    const list = new TypeList();
    list.int("int", 4, true);
    list.add(type(list));
    return list;
  };

  test("of .ksyms with a type are variables of the kernel's or of a module's", async () => {
    const builder = withExterns({ counter: int("int", 4, true) }, ".ksyms");
    const variable = kernelWith(() => ({
      kind: "var",
      name: "counter",
      type: 1,
      linkage: "global",
    })).open();
    const nothing = new TypeList().open();
    const inKernel = await build(builder, { kernel: { types: { kernel: variable, modules: [] } } });
    // BPF_PSEUDO_BTF_ID
    expect(slotsOf(inKernel, "entry")[0]).toEqual([0x18, 0, 3, 0, 2]);
    const inModule = await build(builder, {
      kernel: { types: { kernel: nothing, modules: [{ name: "mod", types: variable }] } },
    });
    expect(codeOf(inModule, "entry").moduleReferences).toEqual([{ instruction: 0, module: "mod" }]);
    const other = kernelWith((list) => ({
      kind: "var",
      name: "counter",
      type: list.pointer(1),
      linkage: "global",
    })).open();
    await expect(
      build(builder, { kernel: { types: { kernel: other, modules: [] } } }),
    ).rejects.toThrow('the target\'s is another variable, "int *"');
  });

  function callingKernel(binding = 1): ObjectBuilder {
    const builder = program(new ObjectBuilder(), call(-1));
    const number = builder.types.int("int", 4, true);
    const prototype = builder.types.add({
      kind: "func_proto",
      returns: number,
      parameters: [{ name: "", type: number }],
      isVariadic: false,
    });
    const one = builder.types.add({
      kind: "func",
      name: "bpf_thing___v2",
      prototype,
      linkage: "extern",
    });
    builder.dataSection(".ksyms", [{ type: one, sizeBytes: 0 }]);
    return builder
      .extern("bpf_thing___v2", binding)
      .relocate("tracepoint/syscalls/sys_enter_openat", 0, "bpf_thing___v2");
  }

  test("of .ksyms may be functions of the kernel's or of a module's, whatever their flavour", async () => {
    const kernel = kernelWith((list) => ({
      kind: "func",
      name: "bpf_thing",
      linkage: "static",
      prototype: list.add({
        kind: "func_proto",
        returns: 1,
        parameters: [{ name: "x", type: 1 }],
        isVariadic: false,
      }),
    })).open();
    const built = await build(callingKernel(), { kernel: { types: { kernel, modules: [] } } });
    // BPF_PSEUDO_KFUNC_CALL
    expect(slotsOf(built, "entry")[0]).toEqual([0x85, 0, 2, 0, 3]);
    const nothing = new TypeList().open();
    const inModule = await build(callingKernel(), {
      kernel: { types: { kernel: nothing, modules: [{ name: "mod", types: kernel }] } },
    });
    expect(slotsOf(inModule, "entry")[0]).toEqual([0x85, 0, 2, 1, 3]);
    expect(codeOf(inModule, "entry").functionModules).toEqual(["mod"]);
    const types = openBtf(built.spec.types ?? new Uint8Array());
    // The kernel knows no externs.
    expect(types.type(types.find("bpf_thing___v2", "func") ?? 0)).toMatchObject({
      linkage: "global",
    });
  });

  test("that are weak functions and lacking must not be called", async () => {
    const kernel = { types: { kernel: new TypeList().open(), modules: [] } };
    const built = await build(callingKernel(2), { kernel });
    expect(slotsOf(built, "entry")[0]).toEqual(helper(2_002_000_000));
    expect([...(built.poisoned.get("entry") ?? [])]).toEqual([
      [0, "call of bpf_thing___v2: the target's kernel has no such function"],
    ]);
    await expect(build(callingKernel(), { kernel })).rejects.toThrow(
      "extern bpf_thing___v2: the target's kernel has no such function",
    );
  });
});

describe("information about code", () => {
  function informed(): ObjectBuilder {
    const builder = new ObjectBuilder();
    builder.code("kprobe/a", { first: [move(1, 1), call(-1), exit] });
    builder.code(".text", { unused: [exit], callee: [move(0, 0), exit] });
    builder.relocate("kprobe/a", 1, "callee");
    const prototype = builder.types.add({
      kind: "func_proto",
      returns: 0,
      parameters: [],
      isVariadic: false,
    });
    const ids = ["first", "unused", "callee"].map((name) =>
      builder.types.add({ kind: "func", name, prototype, linkage: "global" }),
    );
    builder
      .info("functions", "kprobe/a", 0, ids[0] ?? 0)
      .info("functions", ".text", 0, ids[1] ?? 0)
      .info("functions", ".text", 1, ids[2] ?? 0);
    builder
      .info("lines", "kprobe/a", 0, "thing.c", "int first()", 1024)
      .info("lines", "kprobe/a", 1, "thing.c", "callee();", 2048);
    return builder.info("lines", ".text", 1, "thing.c", "int callee()", 4096);
  }
  const words = (records: { readonly bytes: Uint8Array } | undefined): readonly number[] =>
    records === undefined ? [] : [...new Uint32Array(records.bytes.slice().buffer)];

  test("goes along with the functions of a program, at their places in it", async () => {
    const code = codeOf(await build(informed()), "first");
    expect(words(code.functionInfo)).toEqual([0, 2, 3, 4]);
    expect(words(code.lineInfo).filter((_, at) => at % 4 === 0)).toEqual([0, 1, 3]);
  });

  test("is left out where it does not tell of all functions, and where the kernel takes none", async () => {
    const builder = informed();
    builder.code("kprobe/b", { second: [exit] });
    expect(codeOf(await build(builder), "second").functionInfo).toBeUndefined();
    const older = await build(informed(), { features: ["map_value_pointer"] });
    expect(older.spec.types).toBeUndefined();
    expect(codeOf(older, "first").functionInfo).toBeUndefined();
  });

  test("says what depends on the target's types", async () => {
    const builder = new ObjectBuilder().code("kprobe/a", { first: [move(1, 8), exit] });
    const number = builder.types.int("int", 4, true);
    const struct = builder.types.struct("task", 16, [["pid", number, 64]]);
    builder.info(
      "relocations",
      "kprobe/a",
      0,
      struct,
      "0:0",
      relocationKinds.indexOf("fieldOffset"),
    );
    const target = new TypeList();
    target.struct("task", 64, [["pid", target.int("int", 4, true), 256]]);
    const built = await build(builder, {
      kernel: { types: { kernel: target.open(), modules: [] } },
    });
    expect(slotsOf(built, "first")[0]).toEqual(move(1, 32));
    await expect(build(builder)).rejects.toThrow(
      "function first depends on the kernel's types, and the target has none",
    );
    const empty = { kernel: new TypeList().open(), modules: [] };
    const poisoned = await build(builder, { kernel: { types: empty } });
    expect([...(poisoned.poisoned.get("first") ?? [])]).toEqual([
      [0, "offset of struct task.pid: the target has no such thing"],
    ]);
  });
});

describe("types for older kernels", () => {
  test("have other types of the same size in place of kinds that are not known, under the same ids", async () => {
    const builder = program(new ObjectBuilder());
    const { types } = builder;
    const number = types.int("int", 4);
    const ids = {
      float: types.add({ kind: "float", name: "float", sizeBytes: 4 }),
      tag: types.add({ kind: "type_tag", name: "user", to: number }),
      wide: types.enumeration("wide", { A: 1n << 40n }, "enum64"),
      signed: types.enumeration("signed", { A: -1n }),
      declared: types.add({ kind: "decl_tag", name: "mark", type: number, componentIndex: -1 }),
      global: types.add({
        kind: "func",
        name: "f",
        linkage: "global",
        prototype: types.add({ kind: "func_proto", returns: 0, parameters: [], isVariadic: false }),
      }),
      variable: builder.variable("data", number),
    };
    builder.section(".data", new Uint8Array(4), { flags: 3 });
    builder.symbol(".data", { name: "data", sizeBytes: 4, type: 1 });
    const section = builder.dataSection(".data", [{ type: ids.variable, sizeBytes: 4 }]);
    const built = await build(builder, { features: ["program_btf", "map_value_pointer"] });
    const older = openBtf(built.spec.types ?? new Uint8Array());
    expect(older.type(ids.float)).toMatchObject({ kind: "struct", name: "", sizeBytes: 4 });
    expect(older.type(ids.tag)).toEqual({ kind: "const", to: number });
    expect(older.type(ids.wide)).toMatchObject({ kind: "union", name: "wide", sizeBytes: 8 });
    expect(older.type(ids.signed)).toMatchObject({ kind: "enum", isSigned: false });
    expect(older.type(ids.declared)).toMatchObject({ kind: "int", sizeBytes: 1 });
    expect(older.type(ids.global)).toMatchObject({ kind: "func", linkage: "static" });
    expect(older.type(ids.variable)).toMatchObject({ kind: "int", sizeBytes: 1 });
    expect(older.type(section)).toMatchObject({
      kind: "struct",
      name: "_data",
      sizeBytes: 4,
      members: [{ name: "data", bitOffset: 0 }],
    });
  });
});
