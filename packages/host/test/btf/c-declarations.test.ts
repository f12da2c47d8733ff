import { describe, expect, test } from "@jest/globals";
import { BtfError } from "../../src/btf/btf-error.js";
import { formatCAssertions, formatCTypes } from "../../src/btf/c-declarations.js";
import { TypeList } from "./type-list.js";

function formatted(list: TypeList): string {
  return formatCTypes(list.open()).join("");
}

describe("types in C", () => {
  test("stand behind those that they are made of, and names are said before they are pointed to", () => {
    const list = new TypeList();
    const int = list.int("int", 4, true);
    const node = 3;
    list.struct("outer", 16, [
      ["inner", node, 0],
      ["next", list.types.length + 3, 64],
    ]);
    list.struct("inner", 8, [
      ["a", int, 0],
      ["b", int, 32],
    ]);
    list.pointer(2);
    expect(formatted(list)).toBe(
      "struct inner {\n\tint a;\n\tint b;\n};\nstruct outer;\nstruct outer {\n\tstruct inner inner;\n\tstruct outer *next;\n};\n",
    );
  });

  test("are declared inside out", () => {
    const list = new TypeList();
    const int = list.int("int", 4, true);
    const char = list.int("char", 1, true);
    const constant = list.add({ kind: "const", to: char });
    const text = list.pointer(constant);
    const prototype = list.add({
      kind: "func_proto",
      returns: int,
      parameters: [
        { name: "a", type: text },
        { name: "b", type: 0 },
      ],
      isVariadic: true,
    });
    const callback = list.pointer(prototype);
    list.typedef("callback_t", callback);
    list.typedef("table_t", list.pointer(list.array(list.array(int, 3), 2)));
    list.typedef("callbacks_t", list.array(callback, 4));
    expect(formatted(list)).toBe(
      [
        "typedef int (*callback_t)(const char *, void, ...);\n",
        "typedef int (*table_t)[2][3];\n",
        "typedef int (*callbacks_t[4])(const char *, void, ...);\n",
      ].join(""),
    );
  });

  test("have gaps filled, bit-fields in their places, and are packed where nothing else does", () => {
    const list = new TypeList();
    const int = list.int("int", 4, true);
    const long = list.int("long long", 8, true);
    list.struct("gap", 128, [
      ["a", int, 0],
      ["b", int, 512],
    ]);
    list.struct("bits", 8, [
      ["x", int, 0, 3],
      ["y", int, 7, 5],
      ["z", int, 32],
    ]);
    list.struct("tight", 12, [
      ["a", int, 0],
      ["b", long, 32],
    ]);
    expect(formatted(list)).toBe(
      [
        "struct gap {\n\tint a;\n\tunsigned char __pad4[60];\n\tint b;\n\tunsigned char __pad68[60];\n};\n",
        "struct bits {\n\tint x : 3;\n\tunsigned char : 4;\n\tint y : 5;\n\tint z;\n};\n",
        "struct tight {\n\tint a;\n\tlong long b;\n} __attribute__((packed));\n",
      ].join(""),
    );
    expect(formatCAssertions(list.open())).toContain(
      '_Static_assert(__builtin_offsetof(struct gap, b) == 64, "struct gap.b");',
    );
  });

  test("that share a name are numbered, and enumerators with them", () => {
    const list = new TypeList();
    list.enumeration("color", { RED: 0n });
    list.enumeration("color", { RED: 1n });
    list.enumeration("", { BLUE: -1n }, "enum64");
    const text = formatted(list);
    expect(text).toContain("enum color {\n\tRED = 0,\n}");
    expect(text).toContain("enum color___2 {\n\tRED___2 = 1,\n}");
    expect(text).toContain("enum {\n\tBLUE = -1,\n}");
  });

  test("that hold themselves are refused", () => {
    const list = new TypeList();
    list.struct("a", 8, [["b", 2, 0]]);
    list.struct("b", 8, [["a", 1, 0]]);
    expect(() => formatted(list)).toThrow(BtfError);
  });
});
