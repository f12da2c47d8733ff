import { describe, expect, test } from "@jest/globals";
import { Features, featureProbes } from "../../../src/features/features.js";
import { describeTarget } from "../../../src/features/describe-target.js";
import { Target } from "../../../src/features/target.js";
import { type ErrnoName } from "../../../src/kernel/errno.js";
import { Kernel } from "../../../src/kernel/kernel.js";
import { FakeKernel } from "../fake-kernel.js";

function ask(fake: FakeKernel, name: string): unknown {
  const target = new Target(new Kernel(fake));
  return featureProbes.find((probe) => probe.name === name)?.run(target);
}

describe("a feature", () => {
  const answers: readonly { feature: string; call: string; errno: ErrnoName; state: string }[] = [
    { feature: "tracepoint", call: "bpf(PROG_LOAD)", errno: "EINVAL", state: "unsupported" },
    { feature: "tracepoint", call: "bpf(PROG_LOAD)", errno: "EPERM", state: "unknown" },
    { feature: "ringbuf", call: "bpf(MAP_CREATE)", errno: "EINVAL", state: "unsupported" },
    { feature: "ringbuf", call: "bpf(MAP_CREATE)", errno: "ENOMEM", state: "unknown" },
    { feature: "bpf_loop", call: "bpf(PROG_LOAD)", errno: "EINVAL", state: "unsupported" },
    // It complains of the arguments, so it knows the helper.
    { feature: "bpf_loop", call: "bpf(PROG_LOAD)", errno: "EACCES", state: "supported" },
    { feature: "large_program", call: "bpf(PROG_LOAD)", errno: "E2BIG", state: "unsupported" },
    { feature: "large_program", call: "bpf(PROG_LOAD)", errno: "EINVAL", state: "supported" },
    { feature: "map_batch", call: "bpf(MAP_LOOKUP_BATCH)", errno: "EINVAL", state: "unsupported" },
    { feature: "map_batch", call: "bpf(MAP_LOOKUP_BATCH)", errno: "EBADF", state: "supported" },
    { feature: "perf_event_link", call: "bpf(LINK_CREATE)", errno: "EBADF", state: "supported" },
    { feature: "perf_event_link", call: "bpf(LINK_CREATE)", errno: "EINVAL", state: "unsupported" },
    { feature: "program_run", call: "bpf(PROG_TEST_RUN)", errno: "ENOTSUPP", state: "unsupported" },
    { feature: "kprobe_multi", call: "bpf(LINK_CREATE)", errno: "EFAULT", state: "supported" },
    { feature: "kprobe_multi", call: "bpf(LINK_CREATE)", errno: "EINVAL", state: "unsupported" },
    { feature: "kprobe_multi", call: "bpf(PROG_LOAD)", errno: "EPERM", state: "unknown" },
    { feature: "uprobe_multi", call: "bpf(LINK_CREATE)", errno: "EFAULT", state: "supported" },
    { feature: "uprobe_multi", call: "bpf(LINK_CREATE)", errno: "EOPNOTSUPP", state: "unsupported" }, // prettier-ignore
    { feature: "hardware_event", call: "perf_event_open", errno: "ENOENT", state: "unsupported" },
    { feature: "breakpoint", call: "perf_event_open", errno: "ENOSPC", state: "unsupported" },
    { feature: "uprobe", call: "perf_event_open", errno: "ENOENT", state: "supported" },
    { feature: "uprobe", call: "perf_event_open", errno: "EACCES", state: "unknown" },
  ];
  for (const { feature, call, errno, state } of answers) {
    test(`${feature} is ${state} when ${call} answers ${errno}`, () => {
      const fake = new FakeKernel();
      fake.addPmu("uprobe", 8);
      fake.refuse(call, errno);
      expect(ask(fake, feature)).toMatchObject({ state });
      expect(fake.openFds.size).toBe(0);
    });
  }

  test("kprobe without a unit is asked of tracefs", () => {
    const fake = new FakeKernel();
    expect(ask(fake, "kprobe")).toMatchObject({ state: "unsupported" });
    fake.files.set("/sys/kernel/tracing/kprobe_events", "");
    expect(ask(fake, "kprobe")).toEqual({ state: "supported" });
  });

  test("leaves no descriptor open, whichever it is", () => {
    const fake = new FakeKernel();
    fake.addPmu("kprobe", 6);
    for (const probe of featureProbes) probe.run(new Target(new Kernel(fake)));
    expect([...fake.openFds]).toEqual([]);
  });

  test("is asked for once when the answer was conclusive, else again", async () => {
    const fake = new FakeKernel();
    const target = new Target(new Kernel(fake));
    const features = new Features(target);
    fake.refuse("bpf(MAP_CREATE)", "EPERM");
    expect((await features.all())["ringbuf"]?.state).toBe("unknown");
    const asked = fake.calls.filter((call) => call.startsWith("bpf(PROG_LOAD)")).length;
    await features.all();
    const maps = fake.calls.filter((call) => call.startsWith("bpf(MAP_CREATE) type=27"));
    expect(maps).toHaveLength(2);
    expect(fake.calls.filter((call) => call.startsWith("bpf(PROG_LOAD)"))).toHaveLength(asked);
  });
});

describe("all of them", () => {
  test("are asked for one by one, and others have a turn in between", async () => {
    const turns: number[] = [];
    const fake = new FakeKernel();
    await new Features(new Target(new Kernel(fake))).all(() => {
      turns.push(fake.calls.length);
      return Promise.resolve();
    });
    expect(turns).toHaveLength(featureProbes.length);
    expect(new Set(turns).size).toBeGreaterThan(featureProbes.length / 2);
  });
});

describe("a description", () => {
  test("is complete where little can be read", () => {
    const fake = new FakeKernel();
    const target = new Target(new Kernel(fake));
    fake.files.set(
      "/proc/self/status",
      "Name:\tagent\nUid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\n",
    );
    const clockless = (): unknown => describeTarget(target);
    // No clock answers on this machine: that is not to be guessed.
    expect(clockless).toThrow("read a clock: clock_gettime: ENOSYS");
  });

  test("says what an agent without privileges lacks", () => {
    const fake = new FakeKernel();
    fake.answerClocks = true;
    fake.files.set(
      "/proc/self/status",
      "Name:\tagent\nUid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\n",
    );
    fake.files.set("/proc/sys/kernel/perf_event_paranoid", "2\n");
    fake.files.set("/sys/kernel/btf/vmlinux", "0123456789");
    const target = new Target(new Kernel(fake));
    const description = describeTarget(target);
    expect(description).toMatchObject({
      hostname: "board",
      release: "6.1.0-18-amd64",
      architecture: "x64",
      possibleCpus: [0, 1, 2, 3],
      onlineCpus: [0, 1],
      btfSizeBytes: 10,
      buildId: "",
      tracefs: "/sys/kernel/tracing",
    });
    expect(description.privileges.uid).toBe(1000);
    expect(description.privileges.lacking).toContain(
      "the agent lacks CAP_BPF: no program can be loaded and no map made",
    );
    expect(description.privileges.lacking).toContain(
      "kernel.perf_event_paranoid is 2: only CAP_PERFMON may sample the kernel",
    );
  });
});
