import { type BtfQuestion } from "@sonde/protocol";
import { beforeEach, describe, expect, test } from "@jest/globals";
import {
  CancelledError,
  LimitError,
  MissingError,
  NotSupportedError,
  RequestError,
} from "../../../src/kernel/errors.js";
import { Kernel } from "../../../src/kernel/kernel.js";
import { KernelTypes } from "../../../src/questions/kernel-types.js";
import { FakeKernel } from "../fake-kernel.js";
import { BtfBlob, listTypes } from "./btf-blob.js";

const path = "/sys/kernel/btf/vmlinux";

let fake: FakeKernel;
let types: KernelTypes;
beforeEach(() => {
  fake = new FakeKernel();
  types = new KernelTypes(new Kernel(fake));
});

type Answer = Awaited<ReturnType<KernelTypes["answer"]>>;

async function ask(...questions: readonly BtfQuestion[]): Promise<Answer> {
  return await types.answer(questions, () => Promise.resolve());
}

const struct = (name: string) => ({ kind: "struct", name }) as const;

/** A little kernel; more than one place is noted of its types. */
function sample(): { readonly blob: BtfBlob; readonly ids: Readonly<Record<string, number>> } {
  const blob = new BtfBlob();
  const int = blob.add("int", "int", 4, { rest: [(1 << 24) | 32] });
  const char = blob.add("int", "char", 1, { rest: [(1 << 24) | 8] });
  const comm = blob.add("array", "", 0, { rest: [char, int, 16] });
  const pid = blob.add("typedef", "pid_t", int);
  for (let filler = 0; filler < 100; filler++) blob.add("struct", `filler${filler}`, 4);
  const inner = blob.add("struct", "", 8, {
    parts: [
      ["low", int, 0],
      ["high", int, 32],
    ],
  });
  const state = blob.add("enum", "state", 4, { parts: [["ON", 1]] });
  const entity = blob.add("struct", "entity", 16, { parts: [["weight", int, 0]] });
  const task = blob.add("struct", "task_struct", 64, {
    parts: [
      ["comm", comm, 0],
      ["", inner, 128],
      ["pid", pid, 192],
      ["se", entity, 224],
      ["state", state, 352],
      ["parent", 109, 384],
    ],
  });
  const pointer = blob.add("ptr", "", task);
  const flags = blob.add("struct", "flags", 4, {
    parts: [["on", int, (1 << 24) | 3]],
    hasKindFlag: true,
  });
  const prototype = blob.add("func_proto", "", 0, {
    parts: [
      ["", pointer],
      ["", pid],
    ],
  });
  const callback = blob.add("ptr", "", prototype);
  const trace = blob.add("typedef", "btf_trace_wake", callback);
  const operations = blob.add("struct", "operations", 8, { parts: [["run", callback, 0]] });
  const constTask = blob.add("const", "", task);
  const named = blob.add("typedef", "task_t", constTask);
  const func = blob.add("func", "wake", prototype);
  return { blob, ids: { task, pointer, flags, trace, operations, named, func, inner, entity } };
}

const { blob: sampleBlob, ids } = sample();

for (const isLittleEndian of [true, false]) {
  describe(`types of which little-endian is ${isLittleEndian}`, () => {
    beforeEach(() => {
      fake.files.set(path, sampleBlob.build(isLittleEndian));
    });

    const list = ({ types: bytes }: Answer): string[] => listTypes(bytes, isLittleEndian);

    test("are found by name and kind, and cost no more than their ids", async () => {
      const answer = await ask(
        { kind: "find", type: struct("task_struct") },
        { kind: "find", type: { kind: "typedef", name: "btf_trace_wake" } },
        { kind: "find", type: { kind: "func", name: "wake" } },
        { kind: "find", type: struct("wake") },
        { kind: "find", type: struct("task") },
        { kind: "find", type: struct("struct") },
        { kind: "find", type: struct("a".repeat(511)) },
      );
      expect(answer.answers.map(({ id }) => id)).toEqual([
        ids["task"],
        ids["trace"],
        ids["func"],
        0,
        0,
        0,
        0,
      ]);
      expect(answer.ids).toEqual([]);
      expect(list(answer)).toEqual([]);
    });

    test("are whole, and cut off at named structs, enums and prototypes", async () => {
      const answer = await ask({ kind: "type", type: struct("task_struct") });
      expect(list(answer)).toEqual([
        "struct task_struct 64: comm@0 of 2, @128 of 4, pid@192 of 3, se@224 of 9, state@352 of 8, parent@384 of 5",
        "array 0: 16 of 7",
        "typedef pid_t 6",
        "struct 8: low@0 of 6, high@32 of 6",
        "ptr 1",
        "int int 4",
        "int char 1",
        "enum state 4",
        "struct entity 16",
      ]);
      expect(answer.wholeCount).toBe(7);
      expect(answer.ids[0]).toBe(ids["task"]);
    });

    test("are asked for by their ids, too", async () => {
      const named = await ask({ kind: "type", type: struct("entity") });
      const entity = named.answers[0]?.id ?? 0;
      const answer = await ask({ kind: "type", type: { id: entity } });
      expect(answer).toEqual(named);
      expect(list(answer)).toEqual(["struct entity 16: weight@0 of 2", "int int 4"]);
      // One that was not asked by name first, in an agent that has not looked at the types.
      types = new KernelTypes(new Kernel(fake));
      expect(await ask({ kind: "type", type: { id: entity } })).toEqual(named);
    });

    test("have members, also in members without a name, and behind typedefs", async () => {
      const answer = await ask(
        { kind: "member", type: struct("task_struct"), name: "pid" },
        { kind: "member", type: struct("task_struct"), name: "high" },
        { kind: "member", type: struct("task_struct"), name: "weight" },
        { kind: "member", type: { kind: "typedef", name: "task_t" }, name: "parent" },
        { kind: "member", type: struct("flags"), name: "on" },
        { kind: "member", type: struct("nothing"), name: "on" },
        { kind: "member", type: { kind: "int", name: "int" }, name: "on" },
      );
      expect(answer.answers).toMatchObject([
        { id: ids["task"], member: { bitOffset: 192, bitFieldSize: 0 } },
        { member: { bitOffset: 160 } },
        { id: ids["task"] },
        { id: ids["named"], member: { type: ids["pointer"], bitOffset: 384 } },
        { member: { bitOffset: 3, bitFieldSize: 1 } },
        { id: 0 },
        { id: 1 },
      ]);
      expect(answer.answers[2]).not.toHaveProperty("member");
      // What the members are: no more of the struct than its name and size.
      expect(list(answer)).toEqual([
        "typedef pid_t 2",
        "int int 4",
        "ptr 4",
        "struct task_struct 64",
      ]);
      expect(answer.wholeCount).toBe(3);
    });

    test("of a raw tracepoint lead through their pointer to the prototype", async () => {
      const answer = await ask({ kind: "type", type: { kind: "typedef", name: "btf_trace_wake" } });
      expect(list(answer)).toEqual([
        "typedef btf_trace_wake 2",
        "ptr 3",
        "func_proto 0:  of 5,  of 4",
        "typedef pid_t 6",
        "ptr 7",
        "int int 4",
        "struct task_struct 64",
      ]);
      expect(answer.wholeCount).toBe(6);
    });

    test("of a member do not lead through pointers to prototypes", async () => {
      const answer = await ask({ kind: "type", type: struct("operations") });
      expect(list(answer)).toEqual(["struct operations 8: run@0 of 2", "ptr 3", "func_proto 0"]);
      expect(answer.wholeCount).toBe(2);
    });

    test("that were mentioned first can be whole in the same answer", async () => {
      const answer = await ask(
        { kind: "member", type: struct("task_struct"), name: "se" },
        { kind: "type", type: struct("entity") },
      );
      expect(list(answer)).toContain("struct entity 16: weight@0 of 2");
      expect(answer.wholeCount).toBe(answer.ids.length);
    });
  });
}

describe("a question", () => {
  test("of a kernel without types says how to give them", async () => {
    const asked = ask({ kind: "find", type: struct("task_struct") });
    await expect(asked).rejects.toThrow(MissingError);
    await expect(asked).rejects.toThrow("/sys/kernel/btf/vmlinux is not there");
  });

  test.each([0, 10_000])("for type %s, which there is not, is refused", async (id) => {
    fake.files.set(path, sampleBlob.build());
    await expect(ask({ kind: "type", type: { id } })).rejects.toThrow(RequestError);
    expect(fake.openFds.size).toBe(0);
  });

  test("can be given up, and leaves nothing open", async () => {
    fake.files.set(path, sampleBlob.build());
    const asked = types.answer([{ kind: "type", type: struct("task_struct") }], () =>
      Promise.reject(new CancelledError("enough")),
    );
    await expect(asked).rejects.toThrow(CancelledError);
    expect(fake.openFds.size).toBe(0);
  });

  test("for a type that is larger than any a program needs is refused", async () => {
    const blob = new BtfBlob();
    const int = blob.add("int", "int", 4, { rest: [32] });
    const member = ["m", int, 0] as const;
    blob.add("struct", "large", 4, { parts: new Array<typeof member>(20_000).fill(member) });
    fake.files.set(path, blob.build());
    await expect(ask({ kind: "type", type: struct("large") })).rejects.toThrow(LimitError);
    expect(fake.openFds.size).toBe(0);
  });
});

describe("a damaged file", () => {
  const whole = sampleBlob.build();
  const spoilt = (spoil: (view: DataView) => void): Uint8Array => {
    const bytes = whole.slice();
    spoil(new DataView(bytes.buffer));
    return bytes;
  };
  const put = (at: number, value: number): Uint8Array =>
    spoilt((view) => {
      view.setUint32(at, value, true);
    });

  test.each<[string, Uint8Array, string]>([
    ["that is empty", new Uint8Array(0), "it ends before byte 24"],
    ["with another magic", put(0, 0x1234), "it does not begin as BTF does"],
    ["with a short header", put(4, 8), "a section of it ends at"],
    ["with types beyond the end", put(12, 0xffff_fff0), "a section of it ends at"],
    ["with strings beyond the end", put(20, 0xffff_fff0), "a section of it ends at"],
    ["of an unknown kind", put(28, 0x1f00_0000), "a type of the unknown kind 31"],
    ["of kind 0", put(28, 0), "a type of the unknown kind 0"],
    ["with a type that ends beyond the others", put(28, 0x0400_ffff), "ends beyond the types"],
    ["whose types end within a type", put(12, 24), "type 2 ends beyond the types"],
  ])("%s is refused", async (_, bytes, message) => {
    fake.files.set(path, bytes);
    const asked = ask({ kind: "type", type: struct("task_struct") });
    await expect(asked).rejects.toThrow(NotSupportedError);
    await expect(asked).rejects.toThrow(message);
    expect(fake.openFds.size).toBe(0);
  });

  test.each<[string, (blob: BtfBlob) => void, BtfQuestion, string]>([
    [
      "a name beyond the strings",
      (blob) => blob.add("struct", "bad", 4, { parts: [["m", 0, 0]] }),
      { kind: "type", type: { id: 1 } },
      "it has no string at 1048576",
    ],
    [
      "a member of a type that is not there",
      (blob) => blob.add("struct", "bad", 4, { parts: [["m", 77, 0]] }),
      { kind: "type", type: { id: 1 } },
      "it has no type 77",
    ],
    [
      "a typedef of itself",
      (blob) => blob.add("typedef", "bad", 1),
      { kind: "member", type: { id: 1 }, name: "m" },
      "the typedefs of type 1 do not end",
    ],
    [
      "a struct within itself, twice",
      (blob) =>
        blob.add("struct", "bad", 4, {
          parts: [
            ["", 1, 0],
            ["", 1, 0],
          ],
        }),
      { kind: "member", type: { id: 1 }, name: "m" },
      "the structs in type 1 nest without end",
    ],
  ])("with %s is refused", async (what, add, question, message) => {
    const blob = new BtfBlob();
    add(blob);
    const bytes = blob.build();
    // The struct's own name.
    if (what.startsWith("a name")) new DataView(bytes.buffer).setUint32(24, 1 << 20, true);
    fake.files.set(path, bytes);
    await expect(ask(question)).rejects.toThrow(message);
    expect(fake.openFds.size).toBe(0);
  });

  test("with a type that leads to itself has that type", async () => {
    const blob = new BtfBlob();
    blob.add("typedef", "bad", 2);
    blob.add("ptr", "", 1);
    fake.files.set(path, blob.build());
    const answer = await ask({ kind: "type", type: { id: 1 } });
    expect(listTypes(answer.types)).toEqual(["typedef bad 2", "ptr 1"]);
  });
});
