import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type HostPeer, type Params, type Result } from "@sonde/protocol";
import fc from "fast-check";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Kernel } from "../packages/agent/src/kernel/kernel.js";
import { KernelTypes } from "../packages/agent/src/questions/kernel-types.js";
import { FakeKernel } from "../packages/agent/test/core/fake-kernel.js";
import { BtfError } from "../packages/host/src/btf/btf-error.js";
import { openBtf } from "../packages/host/src/btf/btf.js";
import { type TypeReader } from "../packages/host/src/btf/type-reader.js";
import { AskedTypes } from "../packages/host/src/session/asked-types.js";
import { KeptAnswers } from "../packages/host/src/session/kept-answers.js";
import { BtfBuilder } from "../packages/host/test/btf/btf-builder.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sonde-cache-"));
  process.env["SONDE_CACHE"] = folder;
});
afterEach(() => {
  delete process.env["SONDE_CACHE"];
  rmSync(folder, { recursive: true });
});

/** An agent's answers about a blob, and how often it was asked. */
function agentWith(blob: Uint8Array): {
  readonly peer: HostPeer;
  readonly asked: Params<"btf.types">[];
} {
  const fake = new FakeKernel();
  fake.files.set("/sys/kernel/btf/vmlinux", blob);
  const types = new KernelTypes(new Kernel(fake));
  const asked: Params<"btf.types">[] = [];
  const call = async (_: string, params: Params<"btf.types">): Promise<Result<"btf.types">> => {
    asked.push(params);
    return await types.answer(params.questions, () => Promise.resolve());
  };
  // Nothing else of a peer is used.
  return { peer: { call } as unknown as HostPeer, asked };
}

function open(
  blob: Uint8Array,
  buildId = "",
): { readonly types: AskedTypes; readonly asked: Params<"btf.types">[] } {
  const { peer, asked } = agentWith(blob);
  return { types: new AskedTypes(peer, 8, new KeptAnswers(buildId)), asked };
}

/** task_struct with a raw tracepoint that has it for a parameter. */
function sample(): Uint8Array {
  const builder = new BtfBuilder();
  const int = builder.int("int", 4, 1);
  const pid = builder.modifier("typedef", int, "pid_t");
  const inner = builder.struct("", 8, [{ name: "flags", type: int, bitOffset: 32 }]);
  const task = builder.struct("task_struct", 64, [
    { name: "tgid", type: pid, bitOffset: 64 },
    { name: "", type: inner, bitOffset: 128 },
    { name: "real_parent", type: 5, bitOffset: 192 },
  ]);
  const pointer = builder.pointer(task);
  const voidPointer = builder.pointer(0);
  const bare = builder.prototype(0, [
    { name: "", type: voidPointer },
    { name: "", type: pointer },
  ]);
  builder.modifier("typedef", builder.pointer(bare), "btf_trace_wake");
  const prototype = builder.prototype(0, [
    { name: "__data", type: voidPointer },
    { name: "p", type: pointer },
  ]);
  builder.add("func", { name: "__traceiter_wake", third: prototype });
  return builder.build();
}

const wake = (types: TypeReader): unknown => types.rawTracepointParameters("wake");
const parent = (types: TypeReader): unknown => {
  const task = types.find("task_struct", "struct");
  const member = task === undefined ? undefined : types.findMember(task, "real_parent");
  if (member === undefined) return undefined;
  const to = types.type(types.resolve(member.type));
  return to.kind === "ptr" ? types.findMember(to.to, "flags") : undefined;
};

describe("types that are asked for", () => {
  test("give a raw tracepoint's parameters after one request", async () => {
    const { types, asked } = open(sample());
    expect(await types.ask(wake)).toEqual(wake(openBtf(sample())));
    expect(asked).toHaveLength(1);
    expect(await types.ask((all) => all.rawTracepointParameters("sleep"))).toBeUndefined();
    expect(await types.ask(wake)).toBeDefined();
    expect(asked).toHaveLength(2);
  });

  test("give members behind pointers, a request for each arrow", async () => {
    const { types, asked } = open(sample());
    expect(await types.ask(parent)).toEqual(parent(openBtf(sample())));
    expect(asked.map(({ questions }) => questions.map(({ kind }) => kind))).toEqual([
      ["find"],
      ["member"],
      ["member"],
    ]);
  });

  test("are asked for together by all who ask at the same time", async () => {
    const { types, asked } = open(sample());
    await Promise.all([
      types.ask(wake),
      types.ask((all) => all.find("pid_t", "typedef")),
      types.ask((all) => all.find("pid_t", "typedef")),
    ]);
    expect(asked).toHaveLength(1);
  });

  test("are asked for in requests that an agent takes", async () => {
    const { types, asked } = open(sample());
    const names = Array.from({ length: 150 }, (_, at) => `f${at}`);
    await types.ask((all) => {
      all.expect(names.map((name) => ({ kind: "find", type: { kind: "func", name } })));
    });
    expect(asked.map(({ questions }) => questions.length)).toEqual([64, 64, 22]);
  });

  test("fail for all who asked when the agent does", async () => {
    const { types } = open(new Uint8Array(3));
    const both = await Promise.allSettled([types.ask(wake), types.ask(parent)]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });
});

describe("answers about types", () => {
  test("are kept by the kernel's build id, and asked for once", async () => {
    await open(sample(), "abc").types.ask(wake);
    const again = open(sample(), "abc");
    expect(await again.types.ask(wake)).toEqual(wake(openBtf(sample())));
    expect(again.asked).toEqual([]);
    const other = open(sample(), "def");
    await other.types.ask(wake);
    expect(other.asked).toHaveLength(1);
    expect(readdirSync(join(folder, "btf-answers")).sort()).toEqual(["abc", "def"]);
  });

  test("add to those that are kept", async () => {
    await open(sample(), "abc").types.ask(wake);
    await open(sample(), "abc").types.ask(parent);
    const { types, asked } = open(sample(), "abc");
    await types.ask(wake);
    await types.ask(parent);
    expect(asked).toEqual([]);
  });

  test("are not kept of a kernel without a build id", async () => {
    await open(sample()).types.ask(wake);
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ["{", "no JSON"],
    ["[1]", "other JSON"],
    ['{"types":"","answers":[],"ids":[],"wholeCount":0}', "no BTF"],
    [
      '{"questions":[{"kind":"who"}],"types":"AAAA","answers":[],"ids":[],"wholeCount":0}',
      "questions of another version",
    ],
  ])("are asked for again when what is kept is damaged: %s (%s)", async (line) => {
    await open(sample(), "abc").types.ask(wake);
    const path = join(folder, "btf-answers", "abc");
    const [first = ""] = readFileSync(path, "utf8").split("\n");
    writeFileSync(path, `${line}\n${first.slice(0, 40)}\n`);
    const { types, asked } = open(sample(), "abc");
    expect(await types.ask(wake)).toEqual(wake(openBtf(sample())));
    expect(asked).toHaveLength(1);
  });
});

/** What comes of asking: a value, or that the types make no sense. */
function outcome(use: () => unknown): unknown {
  try {
    return { value: use() };
  } catch (error) {
    if (error instanceof BtfError) return "no sense";
    throw error;
  }
}

test("types that are asked for are as in the whole, whatever the types", async () => {
  const reference = fc.nat({ max: 14 });
  const member = fc.record({
    name: fc.constantFrom("", "", "a", "b"),
    type: reference,
    bitOffset: fc.nat({ max: 512 }).map((at) => at * 8),
  });
  type Add = (builder: BtfBuilder) => unknown;
  const type: fc.Arbitrary<Add> = fc.oneof(
    fc.constantFrom(1, 4, 8).map(
      (size): Add =>
        (builder) =>
          builder.int("i", size),
    ),
    reference.map(
      (to): Add =>
        (builder) =>
          builder.pointer(to),
    ),
    reference.map(
      (to): Add =>
        (builder) =>
          builder.modifier("const", to),
    ),
    reference.map(
      (to): Add =>
        (builder) =>
          builder.modifier("typedef", to, "n"),
    ),
    reference.map(
      (to): Add =>
        (builder) =>
          builder.array(to, 3),
    ),
    reference.map(
      (to): Add =>
        (builder) =>
          builder.add("func", { name: "f", third: to }),
    ),
    fc
      .record({
        kind: fc.constantFrom("struct" as const, "union" as const),
        name: fc.constantFrom("", "s", "t"),
        members: fc.array(member, { maxLength: 4 }),
      })
      .map(({ kind, name, members }): Add => {
        return (builder) => builder.struct(name, 8, members, kind);
      }),
    fc.tuple(reference, fc.array(reference, { maxLength: 3 })).map(([to, parameters]): Add => {
      const named = parameters.map((parameter) => ({ name: "p", type: parameter }));
      return (builder) => builder.prototype(to, named);
    }),
    fc.constant<Add>((builder) =>
      builder.add("enum", { name: "e", third: 4, parts: 1, rest: [builder.string("X"), 1] }),
    ),
  );
  const question = fc.oneof(
    fc.record({ kind: fc.constant("find" as const), name: fc.constantFrom("s", "t", "f", "n") }),
    fc.record({
      kind: fc.constantFrom("name" as const, "size" as const, "type" as const),
      id: reference,
    }),
    fc.record({
      kind: fc.constant("member" as const),
      id: reference,
      name: fc.constantFrom("a", "b"),
    }),
    fc.record({ kind: fc.constant("function" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(type, { minLength: 14, maxLength: 14 }),
      fc.array(question, { minLength: 1, maxLength: 5 }),
      async (described, questions) => {
        const builder = new BtfBuilder();
        for (const add of described) add(builder);
        const whole = openBtf(builder.build());
        const { types } = open(builder.build());
        for (const one of questions) {
          const use = (all: TypeReader): unknown => {
            switch (one.kind) {
              case "find":
                return [all.find(one.name, "struct"), all.find(one.name, "typedef")];
              case "name":
                return all.formatTypeName(one.id);
              case "size":
                return all.sizeOf(one.id);
              case "type":
                return all.type(one.id);
              case "member":
                return all.findMember(one.id, one.name);
              case "function":
                return all.functionParameters("f");
            }
          };
          const expected = outcome(() => use(whole));
          const asked = types.ask((all) => outcome(() => use(all)));
          // The agent itself may say that the types make no sense.
          const actual = await asked.catch((error: unknown) =>
            error instanceof Error && error.name === "NotSupportedError" ? "no sense" : error,
          );
          expect(actual).toEqual(expected);
        }
      },
    ),
    { numRuns: 1500 },
  );
});
