import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Btf, openBtf } from "../../src/btf/btf.js";
import { BtfError } from "../../src/btf/btf-error.js";
import { BtfBuilder } from "./btf-builder.js";

const signed = 1;
const boolean = 4;

/** A little of every kind. */
function sample(): { readonly builder: BtfBuilder; readonly ids: Record<string, number> } {
  const builder = new BtfBuilder();
  const ids: Record<string, number> = {};
  ids["int"] = builder.int("int", 4, signed);
  ids["long"] = builder.int("long unsigned int", 8);
  ids["bool"] = builder.int("_Bool", 1, boolean);
  ids["char"] = builder.int("char", 1, signed | 2);
  ids["voidPointer"] = builder.pointer(0);
  ids["constChar"] = builder.modifier("const", ids["char"]);
  ids["text"] = builder.pointer(ids["constChar"]);
  ids["comm"] = builder.array(ids["char"], 16);
  ids["u32"] = builder.modifier("typedef", ids["int"], "u32");
  ids["inner"] = builder.struct("", 8, [
    { name: "a", type: ids["int"], bitOffset: 0 },
    { name: "b", type: ids["u32"], bitOffset: 32 },
  ]);
  ids["task"] = builder.struct("task_struct", 40, [
    { name: "comm", type: ids["comm"], bitOffset: 0, bitFieldSize: 0 },
    { name: "", type: ids["inner"], bitOffset: 128 },
    { name: "flag", type: ids["int"], bitOffset: 195, bitFieldSize: 1 },
    { name: "next", type: builder.pointer(11), bitOffset: 256 },
  ]);
  ids["union"] = builder.struct(
    "either",
    4,
    [{ name: "x", type: ids["int"], bitOffset: 0 }],
    "union",
  );
  ids["enum"] = builder.add("enum", {
    name: "state",
    parts: 2,
    hasKindFlag: true,
    third: 4,
    rest: [builder.string("OFF"), 0xffff_ffff, builder.string("ON"), 1],
  });
  ids["enum64"] = builder.add("enum64", {
    name: "wide",
    parts: 1,
    third: 8,
    rest: [builder.string("FAR"), 2, 0x8000_0000],
  });
  ids["fwd"] = builder.add("fwd", { name: "hidden" });
  ids["fwdUnion"] = builder.add("fwd", { name: "hidden", hasKindFlag: true });
  ids["volatile"] = builder.modifier("volatile", ids["u32"]);
  ids["restrict"] = builder.modifier("restrict", ids["text"]);
  ids["constPointer"] = builder.modifier("const", ids["text"]);
  ids["tag"] = builder.modifier("type_tag", ids["int"], "user");
  ids["taggedPointer"] = builder.pointer(ids["tag"]);
  ids["prototype"] = builder.prototype(ids["int"], [
    { name: "fmt", type: ids["text"] },
    { name: "", type: 0 },
  ]);
  ids["callback"] = builder.pointer(ids["prototype"]);
  ids["noParameters"] = builder.prototype(0, []);
  ids["callbacks"] = builder.array(builder.pointer(ids["noParameters"]), 4);
  ids["matrix"] = builder.array(builder.array(ids["int"], 3), 2);
  ids["arrayPointer"] = builder.pointer(ids["comm"]);
  ids["func"] = builder.add("func", { name: "printk", parts: 1, third: ids["prototype"] });
  ids["var"] = builder.add("var", { name: "jiffies", third: ids["long"], rest: [1] });
  ids["datasec"] = builder.add("datasec", {
    name: ".data",
    parts: 1,
    third: 64,
    rest: [ids["var"], 8, 8],
  });
  ids["float"] = builder.add("float", { name: "double", third: 8 });
  ids["declTag"] = builder.add("decl_tag", {
    name: "mark",
    third: ids["task"],
    rest: [0xffff_ffff],
  });
  return { builder, ids };
}

const { builder: sampleBuilder, ids } = sample();
const id = (name: string): number => ids[name] ?? -1;

describe.each(["little", "big"] as const)("a %s-endian blob", (byteOrder) => {
  const btf = openBtf(sampleBuilder.build(byteOrder));

  test("finds types by name and kind", () => {
    expect(btf.find("task_struct", "struct")).toBe(id("task"));
    expect(btf.find("task_struct", "union")).toBeUndefined();
    expect(btf.find("u32", "typedef")).toBe(id("u32"));
    expect(btf.find("hidden", "fwd")).toBe(id("fwd"));
    expect(btf.find("nothing", "int")).toBeUndefined();
    expect(btf.find("in", "int")).toBeUndefined();
    expect(btf.find("", "struct")).toBeUndefined();
    expect(btf.names("int", "")).toEqual(["int", "long unsigned int", "_Bool", "char"]);
    expect(btf.names("int", "lo")).toEqual(["long unsigned int"]);
  });

  test("decodes every kind", () => {
    expect(btf.type(0)).toEqual({ kind: "void" });
    expect(btf.type(id("int"))).toMatchObject({
      kind: "int",
      name: "int",
      sizeBytes: 4,
      isSigned: true,
      bits: 32,
    });
    expect(btf.type(id("bool"))).toMatchObject({ isBoolean: true, isSigned: false });
    expect(btf.type(id("char"))).toMatchObject({ isCharacter: true, isSigned: true });
    expect(btf.type(id("text"))).toEqual({ kind: "ptr", to: id("constChar") });
    expect(btf.type(id("comm"))).toEqual({
      kind: "array",
      element: id("char"),
      index: 0,
      length: 16,
    });
    expect(btf.type(id("union"))).toMatchObject({ kind: "union", name: "either", sizeBytes: 4 });
    expect(btf.type(id("enum"))).toEqual({
      kind: "enum",
      name: "state",
      sizeBytes: 4,
      isSigned: true,
      values: [
        { name: "OFF", value: -1n },
        { name: "ON", value: 1n },
      ],
    });
    expect(btf.type(id("enum64"))).toMatchObject({
      isSigned: false,
      values: [{ name: "FAR", value: 0x8000_0000_0000_0002n }],
    });
    expect(btf.type(id("fwd"))).toEqual({ kind: "fwd", name: "hidden", of: "struct" });
    expect(btf.type(id("fwdUnion"))).toMatchObject({ of: "union" });
    expect(btf.type(id("u32"))).toEqual({ kind: "typedef", name: "u32", to: id("int") });
    expect(btf.type(id("volatile"))).toEqual({ kind: "volatile", to: id("u32") });
    expect(btf.type(id("func"))).toEqual({
      kind: "func",
      name: "printk",
      prototype: id("prototype"),
      linkage: "global",
    });
    expect(btf.type(id("prototype"))).toEqual({
      kind: "func_proto",
      returns: id("int"),
      parameters: [{ name: "fmt", type: id("text") }],
      isVariadic: true,
    });
    expect(btf.type(id("var"))).toEqual({
      kind: "var",
      name: "jiffies",
      type: id("long"),
      linkage: "global",
    });
    expect(btf.type(id("datasec"))).toMatchObject({
      variables: [{ type: id("var"), offset: 8, sizeBytes: 8 }],
    });
    expect(btf.type(id("float"))).toEqual({ kind: "float", name: "double", sizeBytes: 8 });
    expect(btf.type(id("declTag"))).toEqual({
      kind: "decl_tag",
      name: "mark",
      type: id("task"),
      componentIndex: -1,
    });
    expect(btf.type(id("tag"))).toEqual({ kind: "type_tag", name: "user", to: id("int") });
  });

  test("finds members, also within those without a name", () => {
    expect(btf.findMember(id("task"), "comm")).toMatchObject({ bitOffset: 0, bitFieldSize: 0 });
    expect(btf.findMember(id("task"), "b")).toMatchObject({ type: id("u32"), bitOffset: 160 });
    expect(btf.findMember(id("task"), "flag")).toMatchObject({ bitOffset: 195, bitFieldSize: 1 });
    expect(btf.findMember(id("task"), "missing")).toBeUndefined();
    expect(btf.findMember(id("int"), "b")).toBeUndefined();
  });

  test.each([
    ["int", 4],
    ["voidPointer", 8],
    ["comm", 16],
    ["matrix", 24],
    ["callbacks", 32],
    ["volatile", 4],
    ["task", 40],
    ["var", 8],
    ["enum64", 8],
  ])("knows the size of %s", (name, size) => {
    expect(btf.sizeOf(id(name))).toBe(size);
  });

  test.each(["fwd", "func", "prototype", "declTag"])("refuses the size of %s", (name) => {
    expect(() => btf.sizeOf(id(name))).toThrow(BtfError);
  });

  test.each([
    ["int", "int"],
    ["voidPointer", "void *"],
    ["text", "const char *"],
    ["constPointer", "const char *const"],
    ["restrict", "const char *restrict"],
    ["comm", "char[16]"],
    ["u32", "u32"],
    ["volatile", "volatile u32"],
    ["task", "struct task_struct"],
    ["inner", "struct (anonymous)"],
    ["union", "union either"],
    ["enum", "enum state"],
    ["fwd", "struct hidden"],
    ["fwdUnion", "union hidden"],
    ["taggedPointer", "int *"],
    ["prototype", "int (const char *, ...)"],
    ["callback", "int (*)(const char *, ...)"],
    ["callbacks", "void (*[4])(void)"],
    ["matrix", "int[2][3]"],
    ["arrayPointer", "char (*)[16]"],
    ["float", "double"],
  ])("writes the type %s as C does", (name, expected) => {
    expect(btf.formatTypeName(id(name))).toBe(expected);
  });
});

describe("raw tracepoints", () => {
  function tracepoint(named: boolean): Btf {
    const builder = new BtfBuilder();
    const int = builder.int("int", 4, signed);
    const voidPointer = builder.pointer(0);
    const task = builder.pointer(builder.struct("task_struct", 8, []));
    const bare = builder.prototype(0, [
      { name: "", type: voidPointer },
      { name: "", type: task },
      { name: "", type: int },
    ]);
    builder.modifier("typedef", builder.pointer(bare), "btf_trace_wake");
    if (named) {
      const prototype = builder.prototype(0, [
        { name: "__data", type: voidPointer },
        { name: "p", type: task },
        { name: "success", type: int },
      ]);
      builder.add("func", { name: "__probestub_wake", third: prototype });
    }
    return openBtf(builder.build());
  }

  test("have their own parameters, by the names that the kernel's stub gives them", () => {
    expect(tracepoint(true).rawTracepointParameters("wake")).toEqual([
      {
        name: "p",
        typeName: "struct task_struct *",
        isPointer: true,
        isSigned: false,
        sizeBytes: 8,
      },
      { name: "success", typeName: "int", isPointer: false, isSigned: true, sizeBytes: 4 },
    ]);
  });

  test("have parameters without names where there is no stub", () => {
    expect(tracepoint(false).rawTracepointParameters("wake")).toMatchObject([
      { name: "" },
      { name: "" },
    ]);
    expect(tracepoint(false).rawTracepointParameters("sleep")).toBeUndefined();
  });
});

test("bit-fields of old BTF are told by their integer type", () => {
  const builder = new BtfBuilder();
  const field = builder.add("int", { name: "unsigned int", third: 4, rest: [(5 << 16) | 3] });
  const struct = builder.struct("flags", 4, [{ name: "bits", type: field, bitOffset: 8 }]);
  expect(openBtf(builder.build()).findMember(struct, "bits")).toEqual({
    name: "bits",
    type: field,
    bitOffset: 13,
    bitFieldSize: 3,
  });
});

test("pointers are as large as long is", () => {
  const builder = new BtfBuilder();
  builder.int("long unsigned int", 4);
  const pointer = builder.pointer(0);
  expect(openBtf(builder.build()).sizeOf(pointer)).toBe(4);
});

test("types are read from bytes that begin at any address", () => {
  const bytes = sampleBuilder.build();
  for (const shift of [1, 2, 3]) {
    const message = new Uint8Array(bytes.length + shift);
    message.set(bytes, shift);
    expect(openBtf(message.subarray(shift)).find("task_struct", "struct")).toBe(id("task"));
  }
});

describe("malformed BTF", () => {
  function circle(): Btf {
    const builder = new BtfBuilder();
    builder.modifier("typedef", 2, "a");
    builder.modifier("const", 1);
    builder.array(3, 2);
    builder.pointer(4);
    builder.struct("self", 4, [
      { name: "", type: 5, bitOffset: 0 },
      { name: "", type: 5, bitOffset: 0 },
    ]);
    return openBtf(builder.build());
  }

  test.each<[string, (btf: Btf) => unknown]>([
    ["a typedef of itself", (btf) => btf.resolve(1)],
    ["an array of itself", (btf) => btf.sizeOf(3)],
    ["a pointer to itself", (btf) => btf.formatTypeName(4)],
    ["a struct within itself", (btf) => btf.findMember(5, "x")],
    ["a type that is not there", (btf) => btf.type(6)],
    ["a negative id", (btf) => btf.type(-1)],
  ])("%s is refused", (_, use) => {
    expect(() => use(circle())).toThrow(BtfError);
  });

  test.each<[string, (view: DataView) => void]>([
    [
      "another magic",
      (view) => {
        view.setUint16(0, 0x1234);
      },
    ],
    [
      "types beyond the end",
      (view) => {
        view.setUint32(12, 1 << 30, true);
      },
    ],
    [
      "strings beyond the end",
      (view) => {
        view.setUint32(20, 0xffff_ffff, true);
      },
    ],
    [
      "a header that is too short",
      (view) => {
        view.setUint32(4, 8, true);
      },
    ],
    [
      "a kind that is unknown",
      (view) => {
        view.setUint32(28, 31 << 24, true);
      },
    ],
    [
      "a type that ends beyond the others",
      (view) => {
        view.setUint32(28, (4 << 24) | 0xffff, true);
      },
    ],
    [
      "a name beyond the strings",
      (view) => {
        view.setUint32(24, 1 << 20, true);
      },
    ],
  ])("%s is refused", (_, spoil) => {
    const bytes = sampleBuilder.build();
    spoil(new DataView(bytes.buffer));
    expect(() => openBtf(bytes)).toThrow(BtfError);
  });

  test("raises BtfError and nothing else, whatever its bytes", () => {
    const good = sampleBuilder.build();
    const mutation = fc.record({
      at: fc.nat({ max: good.length - 1 }),
      byte: fc.nat({ max: 255 }),
    });
    const arbitrary = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(mutation, { minLength: 1, maxLength: 6 }).map((mutations) => {
        const bytes = good.slice();
        for (const { at, byte } of mutations) bytes[at] = byte;
        return bytes;
      }),
      fc.nat({ max: good.length }).map((length) => good.subarray(0, length)),
    );
    fc.assert(
      fc.property(arbitrary, (bytes) => {
        onlyBtfError(() => {
          const btf = openBtf(bytes);
          for (let type = 0; type < btf.typeCount; type++) {
            onlyBtfError(() => btf.type(type));
            onlyBtfError(() => btf.sizeOf(type));
            onlyBtfError(() => btf.formatTypeName(type));
            onlyBtfError(() => btf.findMember(type, "b"));
          }
          onlyBtfError(() => btf.names("struct", "t"));
          onlyBtfError(() => btf.functionParameters("printk"));
        });
      }),
      { numRuns: 600 },
    );
  });
});

function onlyBtfError(use: () => unknown): void {
  try {
    use();
  } catch (error) {
    expect(error).toBeInstanceOf(BtfError);
  }
}
