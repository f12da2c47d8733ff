import { describe, expect, test } from "@jest/globals";
import { readAttachText } from "../../src/object/attach-text.js";
import { ObjectError } from "../../src/object/object-error.js";
import { type ObjectFile } from "../../src/object/object-file.js";
import { setVariables } from "../../src/object/set-variables.js";
import { valueTypeOf } from "../../src/object/value-types.js";
import { TypeList } from "../btf/type-list.js";

function objectWith(byteOrder: "little" | "big" = "little"): ObjectFile {
  const list = new TypeList();
  const u32 = list.int("unsigned int", 4);
  const bool = list.int("_Bool", 1);
  const char = list.int("char", 1, true);
  const color = list.enumeration("color", { RED: 0n, BLUE: 7n });
  const name = list.array(char, 8);
  const ports = list.array(u32, 3);
  const filter = list.struct("filter", 16, [
    ["uid", u32, 0],
    ["name", name, 32],
    ["bits", u32, 96, 3],
  ]);
  const variables = [
    ["pid", u32, 0, 4],
    ["on", bool, 4, 1],
    ["hue", color, 8, 4],
    ["ports", ports, 12, 12],
    ["filter", filter, 24, 16],
    ["handle.zero", u32, 40, 4],
  ] as const;
  return {
    name: "thing",
    byteOrder,
    license: "GPL",
    types: list.open(byteOrder),
    info: undefined,
    functions: [],
    maps: [
      {
        kind: "data",
        name: ".rodata",
        isReadOnly: true,
        sizeBytes: 44,
        contents: undefined,
        variables: variables.map(([variable, type, offset, sizeBytes]) => {
          return { name: variable, type, offset, sizeBytes, isStatic: false };
        }),
        type: undefined,
      },
    ],
    dataSections: new Map(),
    externs: [],
  };
}

function set(name: string, value: string, byteOrder: "little" | "big" = "little"): string {
  const bytes = setVariables(objectWith(byteOrder), [{ name, value }]).get(".rodata");
  return Buffer.from(bytes ?? []).toString("hex");
}

function at(offset: number, hex: string): string {
  return "00".repeat(offset) + hex + "00".repeat(44 - offset - hex.length / 2);
}

describe("global variables are set", () => {
  test.each([
    ["pid", "0x1234", 0, "34120000"],
    ["pid", "-1", 0, "ffffffff"],
    ["on", "true", 4, "01"],
    ["hue", "BLUE", 8, "07000000"],
    ["ports", "[80, 0x1bb]", 12, "50000000bb010000"],
    ["ports[2]", "1", 20, "01000000"],
    ["filter.name", "ab c", 28, "61622063"],
    ["filter", '{"uid": 9, "name": "x"}', 24, "0900000078"],
    ["handle.zero", "2", 40, "02000000"],
  ])("%s=%s", (name, value, offset, hex) => {
    expect(set(name, value)).toBe(at(offset, hex));
  });

  test("in the target's byte order", () => {
    expect(set("pid", "0x1234", "big")).toBe(at(0, "00001234"));
  });

  test.each([
    ["nothing", "1", /there is no variable nothing/],
    ["pid", "4294967296", /it has 32 bits/],
    ["pid", "many", /that is no number/],
    ["on", "2", /it has 8 bits/],
    ["ports", "[1, 2, 3, 4]", /it has 3 elements, not 4/],
    ["ports[3]", "1", /it has no element \[3\]/],
    ["filter.name", "too long for it", /it has room for 7 bytes/],
    ["filter.none", "1", /it has no member none/],
    ["filter.bits", "1", /bit-fields cannot be set/],
  ])("%s=%s is refused", (name, value, why) => {
    expect(() => set(name, value)).toThrow(ObjectError);
    expect(() => set(name, value)).toThrow(why);
  });
});

test("values of C's types are read as they lie in memory", () => {
  const file = objectWith();
  const filter = file.types?.find("filter", "struct") ?? 0;
  if (file.types === undefined) throw new Error("it has types");
  expect(valueTypeOf(file.types, filter, "little")).toEqual({
    kind: "struct",
    sizeBytes: 16,
    fields: [
      { name: "uid", type: { kind: "integer", sizeBytes: 4, isSigned: false }, offset: 0 },
      { name: "name", type: { kind: "string", capacityBytes: 8 }, offset: 4 },
      {
        name: "bits",
        type: { kind: "integer", sizeBytes: 1, isSigned: false },
        offset: 12,
        bits: { shift: 0, size: 3 },
      },
    ],
  });
});

describe("where a program is attached is said", () => {
  test.each([
    ["kprobe:vfs_read", { kind: "kprobe", isReturn: false, symbol: "vfs_read", offset: 0n }],
    ["kprobe/vfs_read+0x10", { kind: "kprobe", isReturn: false, symbol: "vfs_read", offset: 16n }],
    [
      "tracepoint:sched:sched_switch",
      { kind: "tracepoint", event: { category: "sched", name: "sched_switch" } },
    ],
    ["rawtracepoint:sys_enter", { kind: "rawTracepoint", name: "sys_enter" }],
    [
      "uprobe:/bin/a:main",
      { kind: "uprobe", isReturn: false, place: { path: "/bin/a", function: "main", offset: 0n } },
    ],
    [
      "profile:hz:99",
      {
        kind: "perfEvent",
        event: { type: 1, config: 0n, sampling: { frequency: 99n }, cpus: "each" },
      },
    ],
    [
      "software:page-faults:100",
      {
        kind: "perfEvent",
        event: { type: 1, config: 2n, sampling: { period: 100n }, cpus: "each" },
      },
    ],
  ])("%s", (text, attach) => {
    expect(readAttachText(text).attach).toEqual(attach);
  });

  test.each(["", "vfs_read", "xdp:eth0", "tracepoint:sched", "profile:hz:x"])("not %s", (text) => {
    expect(() => readAttachText(text)).toThrow(ObjectError);
  });
});
