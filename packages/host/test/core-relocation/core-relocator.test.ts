import { describe, expect, test } from "@jest/globals";
import { MachineCode } from "../../src/asm/machine-code.js";
import { type BtfTypeId } from "../../src/btf/types.js";
import { CoreRelocationError } from "../../src/core-relocation/core-relocation-error.js";
import { CoreRelocator, type Relocated } from "../../src/core-relocation/core-relocator.js";
import { poisonedCall } from "../../src/core-relocation/patch-instruction.js";
import {
  relocationKinds,
  type RelocationKind,
} from "../../src/core-relocation/relocation-kinds.js";
import { TypeList } from "../btf/type-list.js";

/** What the object was compiled with, and what the target has. */
interface Situation {
  readonly local: TypeList;
  readonly target: TypeList;
  readonly type: BtfTypeId;
  readonly access?: string;
  readonly byteOrder?: "little" | "big";
  readonly modules?: readonly { readonly name: string; readonly types: TypeList }[];
}

// r1 = IMMEDIATE; r1 = *(u64 *)(r1 + OFFSET); r1 = IMMEDIATE ll
const moveImmediate = (value: number): MachineCode => slots([0xb7, 1, 0, value]);
const load = (opcode: number, offset: number): MachineCode => slots([opcode, 0x11, offset, 0]);
const wide = (value: number): MachineCode => slots([0x18, 1, 0, value], [0, 0, 0, 0]);

function slots(...list: readonly (readonly [number, number, number, number])[]): MachineCode {
  const bytes = new Uint8Array(list.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [at, [opcode, registers, offset, immediate]] of list.entries()) {
    view.setUint8(at * 8, opcode);
    view.setUint8(at * 8 + 1, registers);
    view.setInt16(at * 8 + 2, offset, true);
    view.setInt32(at * 8 + 4, immediate, true);
  }
  return new MachineCode(bytes, "little");
}

function relocate(situation: Situation, kind: RelocationKind, code: MachineCode): Relocated {
  const { local, target, type, access = "0", byteOrder = "little", modules = [] } = situation;
  const kernel = target.open();
  const relocator = new CoreRelocator(
    local.open(),
    { kernel, modules: modules.map(({ name, types }) => ({ name, types: types.open() })) },
    byteOrder,
  );
  return relocator.relocate(code, 0, {
    offset: 0,
    type,
    access,
    kind: relocationKinds.indexOf(kind),
  });
}

/** struct task { int pid; char comm[16]; struct { long inner; }; unsigned flag : 3; struct task *next; }, at other places on the target. */
function tasks(): Situation & { readonly local: TypeList; readonly target: TypeList } {
  const local = new TypeList();
  {
    const int = local.int("int", 4, true);
    const comm = local.array(local.int("char", 1, true), 16);
    const unsigned = local.int("unsigned int", 4);
    const inner = local.struct("", 8, [["inner", local.int("long", 8, true), 0]]);
    const pointer = local.pointer(8);
    local.struct("task", 48, [
      ["pid", int, 0],
      ["comm", comm, 32],
      ["", inner, 192],
      ["flag", unsigned, 261, 3],
      ["next", pointer, 320],
    ]);
  }
  const target = new TypeList();
  {
    const long = target.int("long", 8, true);
    const int = target.int("int", 4, true);
    const comm = target.array(target.int("char", 1, true), 32);
    const unsigned = target.int("unsigned int", 4);
    const pointer = target.pointer(8);
    const deeper = target.struct("", 8, [["inner", long, 0]], "union");
    target.struct("task", 80, [
      ["next", pointer, 0],
      ["comm", comm, 64],
      ["pid", int, 384],
      ["flag", unsigned, 446, 3],
      ["", deeper, 512],
    ]);
  }
  return { local, target, type: local.types.length };
}

describe("a field", () => {
  const offsets: readonly {
    readonly name: string;
    readonly access: string;
    readonly from: number;
    readonly to: number;
  }[] = [
    { name: "at its own place", access: "0:0", from: 0, to: 48 },
    { name: "an element of an array", access: "0:1:3", from: 7, to: 11 },
    { name: "within a member without a name", access: "0:2:0", from: 24, to: 64 },
    { name: "of another element of the root", access: "1:0", from: 48, to: 128 },
    { name: "a pointer", access: "0:4", from: 40, to: 0 },
  ];
  for (const { name, access, from, to } of offsets) {
    test(`has its offset put into an instruction that calculates: ${name}`, () => {
      const code = moveImmediate(from);
      relocate({ ...tasks(), access }, "fieldOffset", code);
      expect(code.immediate(0)).toBe(to);
    });
  }

  test("has its offset put into a load, and into a load of 64 bits", () => {
    const code = load(0x61, 0);
    relocate({ ...tasks(), access: "0:0" }, "fieldOffset", code);
    expect([code.offset(0), code.opcode(0)]).toEqual([48, 0x61]);
    const long = wide(0);
    relocate({ ...tasks(), access: "0:0" }, "fieldOffset", long);
    expect(long.wideImmediate(0)).toBe(48n);
  });

  test("is there or not", () => {
    const there = moveImmediate(1);
    relocate({ ...tasks(), access: "0:1" }, "fieldExists", there);
    expect(there.immediate(0)).toBe(1);
    const situation = tasks();
    situation.target.types.pop();
    const absent = moveImmediate(1);
    expect(relocate({ ...situation, access: "0:1" }, "fieldExists", absent).value).toBe(0n);
    expect(absent.immediate(0)).toBe(0);
  });

  test("has a size and a sign", () => {
    const size = moveImmediate(16);
    relocate({ ...tasks(), access: "0:1" }, "fieldSize", size);
    expect(size.immediate(0)).toBe(32);
    const sign = moveImmediate(1);
    relocate({ ...tasks(), access: "0:0" }, "fieldIsSigned", sign);
    expect(sign.immediate(0)).toBe(1);
  });

  // At bits 446 to 448: a load of 8 bytes at 48 has all three, from its bit 62 on; it has not, and 16 bytes there are none.
  test("that is a bit-field is reached by the smallest aligned load that has all of it", () => {
    const situation = tasks();
    const task = situation.target.types.at(-1);
    if (task?.kind !== "struct") throw new Error("no struct");
    const members = task.members.map((one) =>
      one.name === "flag" ? { ...one, bitOffset: 414 } : one,
    );
    situation.target.types.splice(-1, 1, { ...task, members });
    // Bits 414 to 416: 4 bytes at 48 end with bit 415, so that it is 8 at 48.
    const values = [
      ["fieldOffset", 0],
      ["fieldSize", 4],
      ["fieldLeftShift", 0],
      ["fieldRightShift", 61],
      ["fieldIsSigned", 0],
    ] as const;
    const found = values.map(
      ([kind, original]) =>
        relocate({ ...situation, access: "0:3" }, kind, moveImmediate(original)).value,
    );
    expect(found).toEqual([48n, 8n, 64n - 33n, 61n, 0n]);
    const big = relocate(
      { ...situation, access: "0:3", byteOrder: "big" },
      "fieldLeftShift",
      moveImmediate(0),
    );
    expect(big.value).toBe(30n);
  });

  test("that is a bit-field across 64 bits is refused", () => {
    expect(() => relocate({ ...tasks(), access: "0:3" }, "fieldOffset", moveImmediate(0))).toThrow(
      "offset of struct task.flag: no load of 64 bits has all of a bit-field",
    );
  });

  test("that the target has not poisons the instruction, with a reason", () => {
    const situation = tasks();
    const task = situation.target.types.at(-1);
    if (task?.kind !== "struct") throw new Error("no struct");
    situation.target.types.splice(-1, 1, {
      ...task,
      members: task.members.filter(({ name }) => name !== "pid"),
    });
    const code = wide(0);
    const relocated = relocate({ ...situation, access: "0:0" }, "fieldOffset", code);
    expect(relocated).toMatchObject({
      what: "offset of struct task.pid",
      value: undefined,
      poisoned: "the target has no such thing",
    });
    for (const slot of [0, 1])
      expect([code.opcode(slot), code.immediate(slot)]).toEqual([0x85, poisonedCall]);
  });

  test("is not the one of the same name that is of another kind", () => {
    const local = new TypeList();
    const int = local.int("int", 4);
    local.struct("thing", 4, [["value", int, 0]]);
    const target = new TypeList();
    target.int("int", 4);
    target.struct("thing", 8, [["value", target.pointer(0), 0]]);
    const code = moveImmediate(1);
    relocate({ local, target, type: 2, access: "0:0" }, "fieldExists", code);
    expect(code.immediate(0)).toBe(0);
  });

  test("at the end without a length may be indexed at will; elsewhere not", () => {
    const make = (length: number): TypeList => {
      const list = new TypeList();
      const int = list.int("int", 4);
      list.struct("thing", 4 + 4 * length, [
        ["count", int, 0],
        ["values", list.array(int, length), 32],
      ]);
      return list;
    };
    const code = moveImmediate(32);
    relocate({ local: make(0), target: make(0), type: 3, access: "0:1:7" }, "fieldOffset", code);
    expect(code.immediate(0)).toBe(32);
    const shorter = relocate(
      { local: make(8), target: make(4), type: 3, access: "0:1:7" },
      "fieldExists",
      moveImmediate(1),
    );
    expect(shorter.value).toBe(0n);
    expect(() =>
      relocate(
        { local: make(4), target: make(4), type: 3, access: "0:1:7" },
        "fieldExists",
        moveImmediate(1),
      ),
    ).toThrow('access "0:1:7": element 7 of 4');
  });
});

describe("a load whose field has another size on the target", () => {
  const make = (type: "unsigned" | "signed" | "pointer", sizeBytes: number): TypeList => {
    const list = new TypeList();
    list.int("long", sizeBytes === 4 ? 4 : 8, true);
    const value =
      type === "pointer" ? list.pointer(0) : list.int("number", sizeBytes, type === "signed");
    list.struct("thing", 16, [["value", value, 64]]);
    return list;
  };
  const situation = (
    type: "unsigned" | "signed" | "pointer",
    from: number,
    to: number,
  ): Situation => ({ local: make(type, from), target: make(type, to), type: 3, access: "0:0" });

  test("is resized when the field is an integer without sign", () => {
    const code = load(0x61, 8);
    relocate(situation("unsigned", 4, 8), "fieldOffset", code);
    expect([code.opcode(0), code.offset(0)]).toEqual([0x79, 8]);
  });

  test("is resized when the field is a pointer", () => {
    const code = load(0x79, 8);
    relocate(situation("pointer", 8, 4), "fieldOffset", code);
    expect(code.opcode(0)).toBe(0x61);
  });

  test("is poisoned when the field has a sign", () => {
    const code = load(0x61, 8);
    const { poisoned } = relocate(situation("signed", 4, 8), "fieldOffset", code);
    expect(poisoned).toBe(
      "it has 8 bytes there and 4 in the object, which a load cannot make up for",
    );
    expect(code.immediate(0)).toBe(poisonedCall);
  });

  test("is refused when it moves another size than the object's field has", () => {
    expect(() => relocate(situation("unsigned", 4, 8), "fieldOffset", load(0x79, 8))).toThrow(
      "its instruction moves 8 bytes, not 4",
    );
  });
});

describe("types", () => {
  const make = (sizeBytes: number, ...names: readonly string[]): TypeList => {
    const list = new TypeList();
    const int = list.int("int", 4);
    for (const name of names) list.struct(name, sizeBytes, [["value", int, 0]]);
    return list;
  };

  test("are there or not, and have a size", () => {
    const local = make(4, "thing");
    for (const [kind, value] of [
      ["typeExists", 1n],
      ["typeSize", 12n],
      ["typeMatches", 1n],
    ] as const) {
      expect(
        relocate(
          { local, target: make(12, "thing"), type: 2 },
          kind,
          moveImmediate(kind === "typeSize" ? 4 : 1),
        ).value,
      ).toBe(value);
      expect(
        relocate(
          { local, target: make(12, "other"), type: 2 },
          kind,
          moveImmediate(kind === "typeSize" ? 4 : 1),
        ).value,
      ).toBe(0n);
    }
  });

  test("have ids: the object's own, and the target's", () => {
    const local = make(4, "other", "thing");
    const target = make(4, "thing");
    expect(relocate({ local, target, type: 3 }, "localTypeId", moveImmediate(99)).value).toBe(3n);
    expect(relocate({ local, target, type: 3 }, "targetTypeId", moveImmediate(99)).value).toBe(2n);
  });

  test("are the same whatever their flavour", () => {
    const target = make(12, "thing");
    expect(
      relocate({ local: make(4, "thing___v2"), target, type: 2 }, "typeSize", moveImmediate(4))
        .value,
    ).toBe(12n);
    expect(
      relocate(
        { local: make(4, "thing"), target: make(12, "thing___2"), type: 2 },
        "typeSize",
        moveImmediate(4),
      ).value,
    ).toBe(12n);
  });

  test("are looked for in modules when the kernel itself has none", () => {
    const situation = { local: make(4, "thing"), target: make(4, "other"), type: 2 };
    const modules = [{ name: "mod", types: make(20, "thing") }];
    expect(relocate({ ...situation, modules }, "typeSize", moveImmediate(4)).value).toBe(20n);
    expect(
      relocate({ ...situation, target: make(8, "thing"), modules }, "typeSize", moveImmediate(4))
        .value,
    ).toBe(8n);
  });

  test("of the same name have to agree", () => {
    const target = make(8, "thing");
    target.struct("thing", 16, [["value", 1, 32]]);
    const situation = { local: make(4, "thing"), target, type: 2 };
    expect(() =>
      relocate({ ...situation, access: "0:0" }, "fieldOffset", moveImmediate(0)),
    ).toThrow(CoreRelocationError);
    expect(() => relocate(situation, "typeSize", moveImmediate(4))).toThrow(
      "types 2 and 3 of the target, which have the same name, give it differently",
    );
    expect(relocate(situation, "typeExists", moveImmediate(1)).value).toBe(1n);
  });

  test("that an earlier relocation has ruled out no longer count", () => {
    const target = make(8, "thing");
    target.struct("thing", 16, [["other", 1, 32]]);
    const local = make(4, "thing");
    const relocator = new CoreRelocator(
      local.open(),
      { kernel: target.open(), modules: [] },
      "little",
    );
    const relocation = {
      offset: 0,
      type: 2,
      access: "0:0",
      kind: relocationKinds.indexOf("fieldOffset"),
    };
    relocator.relocate(moveImmediate(0), 0, relocation);
    const size = { ...relocation, access: "0", kind: relocationKinds.indexOf("typeSize") };
    expect(relocator.relocate(moveImmediate(4), 0, size).value).toBe(8n);
  });

  test("without a name cannot be found", () => {
    expect(() =>
      relocate(
        { local: make(4, ""), target: make(4, "thing"), type: 2 },
        "typeExists",
        moveImmediate(1),
      ),
    ).toThrow("a type without a name cannot be found");
  });

  test("match when every member is there with its kind and size, and no less", () => {
    const thing = (
      change: (list: TypeList) => BtfTypeId,
      extra: readonly (readonly [string, number, number])[] = [],
    ): TypeList => {
      const list = new TypeList();
      list.int("int", 4, true);
      list.struct("thing", 16, [["value", change(list), 0], ...extra]);
      return list;
    };
    const isMatch = (local: TypeList, target: TypeList): boolean =>
      relocate({ local, target, type: local.types.length }, "typeMatches", moveImmediate(1))
        .value === 1n;
    const plain = thing(() => 1);
    expect(isMatch(plain, plain)).toBe(true);
    expect(
      isMatch(
        plain,
        thing(() => 1, [["more", 1, 32]]),
      ),
    ).toBe(true);
    expect(
      isMatch(
        thing(() => 1, [["more", 1, 32]]),
        plain,
      ),
    ).toBe(false);
    expect(
      isMatch(
        plain,
        thing((list) => list.int("int", 8, true)),
      ),
    ).toBe(false);
    expect(
      isMatch(
        plain,
        thing((list) => list.int("int", 4)),
      ),
    ).toBe(false);
    const array = (length: number) => thing((list) => list.array(1, length));
    expect(isMatch(array(3), array(4))).toBe(false);
    const state = (...names: readonly string[]) =>
      thing((list) =>
        list.enumeration("state", Object.fromEntries(names.map((name, at) => [name, BigInt(at)]))),
      );
    expect(isMatch(state("A"), state("A", "B"))).toBe(true);
    expect(isMatch(state("A", "C"), state("A", "B"))).toBe(false);
    const behind = (kind: "struct" | "union") =>
      thing((list) => list.pointer(list.struct("behind", 4, [["value", 1, 0]], kind)));
    const forward = thing((list) =>
      list.pointer(list.add({ kind: "fwd", name: "behind", of: "struct" })),
    );
    expect(isMatch(behind("struct"), behind("union"))).toBe(false);
    expect(isMatch(behind("struct"), forward)).toBe(true);
    expect(isMatch(forward, behind("struct"))).toBe(true);
    const callback = (count: number) =>
      thing((list) =>
        list.pointer(
          list.add({
            kind: "func_proto",
            returns: 1,
            isVariadic: false,
            parameters: Array.from({ length: count }, () => ({ name: "", type: 1 })),
          }),
        ),
      );
    expect(isMatch(callback(2), callback(2))).toBe(true);
    expect(isMatch(callback(2), callback(3))).toBe(false);
  });
});

describe("enumerators", () => {
  const make = (
    values: Readonly<Record<string, bigint>>,
    kind: "enum" | "enum64" = "enum",
  ): TypeList => {
    const list = new TypeList();
    list.enumeration("state", values, kind);
    return list;
  };

  test("have the value of the one of the same name", () => {
    const code = wide(1);
    relocate(
      { local: make({ A: 0n, B: 1n }), target: make({ C: 1n, B: 7n }), type: 1, access: "1" },
      "enumeratorValue",
      code,
    );
    expect(code.wideImmediate(0)).toBe(7n);
  });

  test("may be of 64 bits on one side alone, or negative", () => {
    const code = wide(1);
    relocate(
      { local: make({ B: 1n }), target: make({ B: 1n << 40n }, "enum64"), type: 1, access: "0" },
      "enumeratorValue",
      code,
    );
    expect(code.wideImmediate(0)).toBe(1n << 40n);
    const negative = moveImmediate(-1);
    relocate(
      { local: make({ B: -1n }), target: make({ B: -5n }), type: 1, access: "0" },
      "enumeratorValue",
      negative,
    );
    expect(negative.immediate(0)).toBe(-5);
  });

  test("are there or not; one that is not has no value", () => {
    const situation = {
      local: make({ A: 0n, B: 1n }),
      target: make({ A: 0n }),
      type: 1,
      access: "1",
    };
    expect(relocate(situation, "enumeratorExists", moveImmediate(1)).value).toBe(0n);
    const code = moveImmediate(1);
    expect(relocate(situation, "enumeratorValue", code)).toMatchObject({
      what: "value of enum state::B",
      poisoned: "the target has no such thing",
    });
  });
});

describe("what is malformed", () => {
  const cases: readonly {
    readonly name: string;
    readonly access: string;
    readonly kind?: RelocationKind;
    readonly code?: MachineCode;
    readonly message: string;
  }[] = [
    {
      name: "an access that is no list of indexes",
      access: "0:x",
      message: 'access "0:x": not a list of indexes',
    },
    { name: "an empty access", access: "", message: "not a list of indexes" },
    { name: "a member that is not there", access: "0:9", message: "struct task has 5 members" },
    { name: "an access into an integer", access: "0:0:0", message: "it goes into a int" },
    {
      name: "an access to a type",
      access: "0:0",
      kind: "typeSize",
      message: 'access "0:0" to a type as a whole',
    },
    {
      name: "an enumerator of a struct",
      access: "0",
      kind: "enumeratorValue",
      message: "no value of an enum",
    },
    {
      name: "an instruction that has another value",
      access: "0:0",
      code: moveImmediate(4),
      message: "its instruction has 4 and not 0",
    },
    {
      name: "an instruction that calculates with a register",
      access: "0:0",
      code: slots([0x0f, 0x21, 0, 0]),
      message: "calculates with a register",
    },
    {
      name: "a jump",
      access: "0:0",
      code: slots([0x05, 0, 0, 0]),
      message: "of code 0x5, takes no such value",
    },
    {
      name: "half a load of 64 bits",
      access: "0:0",
      code: slots([0x18, 1, 0, 0]),
      message: "no plain load of 64 bits",
    },
  ];
  for (const { name, access, kind = "fieldOffset", code = moveImmediate(0), message } of cases) {
    test(`is refused: ${name}`, () => {
      expect(() => relocate({ ...tasks(), access }, kind, code)).toThrow(message);
    });
  }

  test("is refused: an unknown kind", () => {
    const { local, target } = tasks();
    const relocator = new CoreRelocator(
      local.open(),
      { kernel: target.open(), modules: [] },
      "little",
    );
    expect(() =>
      relocator.relocate(moveImmediate(0), 0, { offset: 0, type: 1, access: "0", kind: 77 }),
    ).toThrow('relocation 77 of type 1, "0": a relocation of the unknown kind 77');
  });
});
