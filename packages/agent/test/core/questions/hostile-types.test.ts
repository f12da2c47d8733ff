import { type BtfQuestion, methods } from "@sonde/protocol";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { RefusalError } from "../../../src/kernel/errors.js";
import { Kernel } from "../../../src/kernel/kernel.js";
import { KernelTypes } from "../../../src/questions/kernel-types.js";
import { FakeKernel } from "../fake-kernel.js";
import { BtfBlob } from "./btf-blob.js";

function sample(): Uint8Array {
  const blob = new BtfBlob();
  const int = blob.add("int", "int", 4, { rest: [32] });
  const inner = blob.add("union", "", 8, {
    parts: [
      ["x", int, 0],
      ["y", int, 0],
    ],
  });
  const task = blob.add("struct", "task", 16, {
    parts: [
      ["", inner, 0],
      ["next", 4, 64],
    ],
  });
  const pointer = blob.add("ptr", "", task);
  const prototype = blob.add("func_proto", "", int, { parts: [["p", pointer]] });
  blob.add("func", "wake", prototype);
  blob.add("typedef", "wake_t", blob.add("ptr", "", prototype));
  blob.add("enum", "state", 4, { parts: [["ON", 1]] });
  blob.add("array", "", 0, { rest: [task, int, 3] });
  return blob.build();
}

const name = fc.constantFrom("task", "wake", "wake_t", "int", "x", "next", "missing");
const kind = fc.constantFrom("struct", "func", "typedef", "int", "union");
const type = fc.oneof(fc.record({ id: fc.nat({ max: 12 }) }), fc.record({ kind, name }));
const question = fc.oneof(
  fc.record({ kind: fc.constantFrom("find", "type"), type }),
  fc.record({ kind: fc.constant("member" as const), type, name }),
) as fc.Arbitrary<BtfQuestion>;

const good = sample();
const mutation = fc.record({ at: fc.nat({ max: good.length - 1 }), byte: fc.nat({ max: 255 }) });
const file = fc.oneof(
  fc.constant(good),
  fc.uint8Array({ maxLength: 200 }),
  fc.nat({ max: good.length }).map((length) => good.subarray(0, length)),
  fc.array(mutation, { minLength: 1, maxLength: 6 }).map((mutations) => {
    const bytes = good.slice();
    for (const { at, byte } of mutations) bytes[at] = byte;
    return bytes;
  }),
);

test("whatever the file has, a question is answered as the protocol says or refused, and nothing stays open", async () => {
  await fc.assert(
    fc.asyncProperty(file, fc.array(question, { maxLength: 4 }), async (bytes, questions) => {
      const fake = new FakeKernel();
      fake.files.set("/sys/kernel/btf/vmlinux", bytes);
      const types = new KernelTypes(new Kernel(fake));
      try {
        const answer = await types.answer(questions, () => Promise.resolve());
        expect(methods["btf.types"].result.safeParse(answer).success).toBe(true);
        expect(answer.answers).toHaveLength(questions.length);
      } catch (error) {
        expect(error).toBeInstanceOf(RefusalError);
      }
      expect(fake.openFds.size).toBe(0);
    }),
    { numRuns: 2000 },
  );
});
