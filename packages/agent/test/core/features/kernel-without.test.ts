import { describe, expect, test } from "@jest/globals";
import { Features, featureProbes } from "../../../src/features/features.js";
import { KernelWithout, lackNames, type LackName } from "../../../src/features/kernel-without.js";
import { Target } from "../../../src/features/target.js";
import { openFile, tryReadTextFile } from "../../../src/kernel/files.js";
import { exit, loadTrial, move } from "../../../src/features/trial-program.js";
import { FakeKernel } from "../fake-kernel.js";

const featureNames = featureProbes.map(({ name }) => name);

/** A kernel that can do everything, were it not for these. */
function bench(...without: readonly LackName[]): { fake: FakeKernel; target: Target } {
  const fake = new FakeKernel();
  fake.addPmu("kprobe", 6);
  fake.addPmu("uprobe", 7);
  fake.files.set("/sys/kernel/btf/vmlinux", "");
  fake.files.set("/sys/kernel/tracing/kprobe_events", "");
  fake.refuse("bpf(MAP_LOOKUP_BATCH)", "EBADF");
  fake.refuse("bpf(MAP_LOOKUP_AND_DELETE_ELEM)", "ENOENT");
  return { fake, target: new Target(new KernelWithout(fake, without)) };
}

async function lackingIn(target: Target): Promise<readonly string[]> {
  const answers = Object.entries(await new Features(target).all());
  return answers.filter(([, { state }]) => state === "unsupported").map(([name]) => name);
}

describe("an agent told to do without", () => {
  test("nothing finds everything", async () => {
    expect(await lackingIn(bench().target)).toEqual([]);
  });

  const features = lackNames.filter((name) => featureNames.includes(name));
  /** What is asked with a raw tracepoint program, or by loading types, finds nothing either. */
  const askedWith: readonly string[] = ["raw_tracepoint", "program_btf"];
  const others = features.filter((name) => !askedWith.includes(name));
  test.each(others)("%s finds that alone missing", async (name) => {
    expect(await lackingIn(bench(name).target)).toEqual([name]);
  });

  test("raw tracepoints finds them missing, and never asks the kernel for one", async () => {
    const { fake, target } = bench("raw_tracepoint");
    expect(await lackingIn(target)).toContain("raw_tracepoint");
    expect(fake.calls.filter((call) => call.includes("PROG_LOAD) type=17"))).toEqual([]);
  });

  test("types of programs finds every kind of them missing", async () => {
    const missing = await lackingIn(bench("program_btf").target);
    expect(missing).toEqual(featureNames.filter((name) => /^(program_btf|btf_.*)$/.test(name)));
  });

  test("a unit for kprobes has none, and still the control file", async () => {
    const { target } = bench("kprobe_pmu");
    expect(target.kprobePmu).toBeUndefined();
    expect(target.uprobePmu).toMatchObject({ type: 7 });
    expect(await lackingIn(target)).toEqual([]);
    expect(await lackingIn(bench("kprobe_pmu", "kprobe_events").target)).toEqual(["kprobe"]);
  });

  test("a file does not see it, whatever else is there", () => {
    const { target } = bench("btf");
    expect(tryReadTextFile(target.kernel, "/sys/kernel/btf/vmlinux")).toBeUndefined();
    expect(() => openFile(target.kernel, "/sys/kernel/btf/vmlinux")).toThrow("openat: ENOENT");
    expect(tryReadTextFile(target.kernel, "/sys/kernel/tracing/kprobe_events")).toBe("");
  });

  test("loops takes programs that only jump back and forth", () => {
    const { target } = bench("bounded_loops");
    const load = (jumpBack: number): number =>
      loadTrial(target, [
        // if r1 == 0 goto 3; r0 = 0; exit; r0 = 1; goto back
        { opcode: 0x15, destination: 1, offset: 2 },
        move(0, 0),
        exit,
        move(0, 1),
        { opcode: 0x05, offset: jumpBack },
      ]);
    expect(load(-3)).toBeGreaterThan(0);
    expect(load(-2)).toBe(-22);
    expect(load(-5)).toBe(-22);
  });

  test("links of one kind has those of the other", () => {
    const link = { program: 5, target: 0, attachType: 24 };
    const event = { program: 5, target: 6, attachType: 41 };
    const { bpf } = bench("perf_event_link").target;
    expect(bpf.createLink(event)).toBe(-22);
    expect(bpf.createLink(link)).toBeGreaterThan(0);
    const tracing = bench("tracing_link").target.bpf;
    expect(tracing.createLink(link)).toBe(-22);
    expect(tracing.createLink(event)).toBeGreaterThan(0);
  });
});
