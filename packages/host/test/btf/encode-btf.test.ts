import { describe, expect, test } from "@jest/globals";
import { openBtf, openModuleBtf } from "../../src/btf/btf.js";
import { BtfError } from "../../src/btf/btf-error.js";
import { encodeBtf } from "../../src/btf/encode-btf.js";
import { essentialName } from "../../src/btf/essential-name.js";
import { type BtfType } from "../../src/btf/types.js";
import { TypeList } from "./type-list.js";

/** One of each kind, and what is particular of some. */
function everyKind(): readonly BtfType[] {
  const list = new TypeList();
  const int = list.int("int", 4, true);
  list.int("_Bool", 1);
  list.add({
    kind: "int",
    name: "old",
    sizeBytes: 4,
    isSigned: false,
    isCharacter: true,
    isBoolean: false,
    bits: 3,
    bitOffset: 5,
  });
  list.pointer(0);
  list.array(int, 1_000_000);
  list.struct("plain", 8, [
    ["a", int, 0],
    ["b", int, 32],
  ]);
  list.struct("fields", 4, [
    ["a", int, 0, 3],
    ["", int, 3, 29],
  ]);
  list.struct("either", 4, [["a", int, 0]], "union");
  list.enumeration("small", { NONE: 0n, ALL: 0xffff_ffffn });
  list.enumeration("negative", { LOW: -1n, ONE: 1n });
  list.enumeration("wide", { A: -(1n << 40n), B: 1n << 62n }, "enum64");
  list.add({ kind: "fwd", name: "later", of: "struct" });
  list.add({ kind: "fwd", name: "later", of: "union" });
  list.typedef("number", int);
  for (const kind of ["const", "volatile", "restrict"] as const) list.add({ kind, to: int });
  const parameters = [
    { name: "x", type: int },
    { name: "", type: 0 + int },
  ];
  const prototype = list.add({ kind: "func_proto", returns: int, parameters, isVariadic: true });
  for (const linkage of ["static", "global", "extern"] as const) {
    list.add({ kind: "func", name: `f_${linkage}`, prototype, linkage });
    list.add({ kind: "var", name: `v_${linkage}`, type: int, linkage });
  }
  list.add({
    kind: "datasec",
    name: ".data",
    sizeBytes: 12,
    variables: [{ type: 20, offset: 4, sizeBytes: 4 }],
  });
  list.add({ kind: "float", name: "double", sizeBytes: 8 });
  list.add({ kind: "decl_tag", name: "mark", type: 6, componentIndex: -1 });
  list.add({ kind: "decl_tag", name: "mark", type: 6, componentIndex: 1, isAttribute: true });
  list.add({ kind: "type_tag", name: "rcu", to: int });
  list.add({ kind: "type_tag", name: "address_space(1)", to: int, isAttribute: true });
  return list.types;
}

describe("types that are written", () => {
  for (const byteOrder of ["little", "big"] as const) {
    test(`are the same when they are read, in ${byteOrder} endian`, () => {
      const types = everyKind();
      const read = openBtf(encodeBtf(types, byteOrder));
      expect(read.byteOrder).toBe(byteOrder);
      expect(types.map((_, at) => read.type(at + 1))).toEqual(types);
    });
  }

  test("keep the offsets of strings that others refer to", () => {
    const kept = new TextEncoder().encode("\0thing.c\0int\0");
    const read = openBtf(encodeBtf(everyKind(), "little", kept));
    expect([read.index.string(1), read.index.string(9)]).toEqual(["thing.c", "int"]);
    expect(read.type(1)).toMatchObject({ name: "int" });
    // It stands there once.
    expect(new TextDecoder().decode(read.index.strings).split("\0int\0")).toHaveLength(2);
  });
});

describe("a module's types", () => {
  /** BTF that goes on from others: ids and offsets of strings are counted from where those end. */
  function moduleTypes(): { readonly kernel: Uint8Array; readonly module: Uint8Array } {
    const kernel = new TypeList();
    const int = kernel.int("int", 4, true);
    kernel.struct("task", 4, [["pid", int, 0]]);
    const blob = encodeBtf(kernel.types, "little");
    const strings = openBtf(blob).index.stringsEnd;
    // struct own { int pid; }; typedef struct task task, whose name stands among the kernel's strings.
    const words = [strings, (4 << 24) | 1, 4, 10, 1, 0, 5, 8 << 24, 2];
    const own = new TextEncoder().encode("own\0");
    const module = new Uint8Array(24 + words.length * 4 + own.length);
    const view = new DataView(module.buffer);
    for (const [at, word] of [
      0x1_eb9f,
      24,
      0,
      words.length * 4,
      words.length * 4,
      own.length,
      ...words,
    ].entries()) {
      view.setUint32(at * 4, word, true);
    }
    module.set(own, 24 + words.length * 4);
    return { kernel: blob, module };
  }

  test("go on where the kernel's end", () => {
    const { kernel, module } = moduleTypes();
    const base = openBtf(kernel);
    const types = openModuleBtf(module, base);
    expect(types.typeCount).toBe(5);
    expect(types.type(3)).toMatchObject({
      kind: "struct",
      name: "own",
      members: [{ name: "pid", type: 1 }],
    });
    expect(types.type(1)).toEqual(base.type(1));
    expect(types.find("task", "struct")).toBe(2);
    expect(types.find("own", "struct")).toBe(3);
    expect(types.find("task", "typedef")).toBe(4);
    expect(types.sizeOf(4)).toBe(4);
    expect(types.names("struct", "")).toEqual(["own"]);
  });

  test("are alone candidates for what a module is asked for", () => {
    const { kernel, module } = moduleTypes();
    const types = openModuleBtf(module, openBtf(kernel));
    expect(types.candidates("own", ["struct"])).toEqual([3]);
    expect(types.candidates("task", ["struct"])).toEqual([]);
    expect(types.candidates("task", ["typedef"])).toEqual([4]);
  });

  test("do not make sense without the kernel's", () => {
    expect(() => openBtf(moduleTypes().module)).toThrow(BtfError);
  });
});

describe("candidates", () => {
  test("are all of one name, whatever their flavour, in the order of their ids", () => {
    const list = new TypeList();
    const names = [
      "task___old",
      "task",
      "other",
      "task",
      "task_struct",
      "task___v2___x",
      "task____",
    ];
    for (const name of names) list.struct(name, 4, []);
    list.enumeration("task", { A: 0n });
    list.enumeration("task", { A: 0n }, "enum64");
    const types = list.open();
    expect(types.candidates("task", ["struct"])).toEqual([1, 2, 4]);
    expect(types.candidates("task", ["enum", "enum64"])).toEqual([8, 9]);
    expect(types.candidates("task___v2", ["struct"])).toEqual([6]);
    expect(types.candidates("nothing", ["struct"])).toEqual([]);
  });
});

describe("a name without its flavour", () => {
  for (const [name, essential] of [
    ["task_struct", "task_struct"],
    ["task_struct___v2", "task_struct"],
    ["a___b___c", "a___b"],
    ["a____b", "a____b"],
    ["___x", "___x"],
    ["x___", "x___"],
    ["", ""],
  ] as const) {
    test(`"${name}" is "${essential}"`, () => {
      expect(essentialName(name)).toBe(essential);
    });
  }
});
