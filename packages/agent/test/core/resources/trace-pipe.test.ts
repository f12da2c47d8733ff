import { describe, expect, test } from "@jest/globals";
import { Target } from "../../../src/features/target.js";
import { CancelledError, SyscallError } from "../../../src/kernel/errors.js";
import { Kernel } from "../../../src/kernel/kernel.js";
import { syscallNumbers } from "../../../src/system/syscall-numbers.js";
import { Scope } from "../../../src/resources/scope.js";
import { TracePipe } from "../../../src/resources/trace-pipe.js";
import { FakeKernel, settle, systemOver } from "../fake-kernel.js";

const EAGAIN = 11;

/** A pipe that gives one of `pages` at each read, "" for nothing now. */
function openPipe(pages: string[]): { fake: FakeKernel; pipe: TracePipe } {
  const fake = new FakeKernel();
  fake.files.set("/sys/kernel/tracing/trace_pipe", "");
  const system = systemOver(fake, (number, ...args) => {
    const [, buffer] = args;
    const isMounts = pipe === undefined;
    if (number !== syscallNumbers.x64.read || isMounts || !(buffer instanceof Uint8Array)) {
      return fake.syscall(number, ...args);
    }
    const page = pages.shift() ?? "";
    if (page === "") return -EAGAIN;
    buffer.set([...page].map((character) => character.charCodeAt(0)));
    return page.length;
  });
  let pipe: TracePipe | undefined = undefined;
  pipe = TracePipe.open(new Target(new Kernel(system)));
  return { fake, pipe };
}

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

describe("a trace pipe", () => {
  test("gives all that is there, up to the limit", async () => {
    const { pipe } = openPipe(["one\n", "two\n", "", "three\n"]);
    expect(text(await pipe.read(100, () => true))).toBe("one\ntwo\n");
    expect(text(await pipe.read(6, () => true))).toBe("three\n");
  });

  test("is asked again until something has come", async () => {
    const { fake, pipe } = openPipe(["", "", "late\n"]);
    let data = "";
    const reading = pipe.read(100, () => true).then((bytes) => (data = text(bytes)));
    for (let turn = 0; turn < 2; turn++) {
      await settle();
      expect(data).toBe("");
      fake.advance(50);
    }
    expect(await reading).toBe("late\n");
  });

  test("gives nothing when nobody waits any more", async () => {
    const { fake, pipe } = openPipe([]);
    let isWanted = true;
    const reading = pipe.read(100, () => isWanted);
    await settle();
    isWanted = false;
    fake.advance(50);
    expect(text(await reading)).toBe("");
  });

  test("ends who waits when its session ends", async () => {
    const { fake, pipe } = openPipe([]);
    const scope = new Scope(fake);
    scope.add(pipe);
    const reading = pipe.read(100, () => true).catch((error: unknown) => error);
    await settle();
    await scope.close();
    fake.advance(50);
    expect(await reading).toBeInstanceOf(CancelledError);
    expect([...fake.openFds]).toEqual([]);
  });

  test("says who may have it when it has a reader", () => {
    const fake = new FakeKernel();
    fake.refuse("openat /sys/kernel/tracing/trace_pipe", "EBUSY");
    let refusal: unknown;
    try {
      TracePipe.open(new Target(new Kernel(fake)));
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(SyscallError);
    expect(refusal).toMatchObject({
      message: "open /sys/kernel/tracing/trace_pipe: openat: EBUSY",
      hint: expect.stringContaining("another reader"),
    });
  });
});
