import { describe, expect, test } from "@jest/globals";
import { Target } from "../../../src/features/target.js";
import { RefusalError } from "../../../src/kernel/errors.js";
import { Kernel } from "../../../src/kernel/kernel.js";
import { attachKprobe } from "../../../src/resources/attach-kprobe.js";
import { attachPerfEvent } from "../../../src/resources/attach-perf-event.js";
import { attachRawTracepoint } from "../../../src/resources/attach-raw-tracepoint.js";
import { attachTracepoint } from "../../../src/resources/attach-tracepoint.js";
import { attachTracing } from "../../../src/resources/attach-tracing.js";
import { attachUprobe } from "../../../src/resources/attach-uprobe.js";
import { type Attachment } from "../../../src/resources/attachment.js";
import { LoadedProgram } from "../../../src/resources/loaded-program.js";
import { ProbeEvents } from "../../../src/resources/probe-events.js";
import { Scope } from "../../../src/resources/scope.js";
import { FakeKernel } from "../fake-kernel.js";

const program = 100;
const tracing = "/sys/kernel/tracing";

interface Bench {
  readonly fake: FakeKernel;
  readonly target: Target;
  readonly probeEvents: ProbeEvents;
}

function bench(): Bench {
  const fake = new FakeKernel();
  fake.files.set(`${tracing}/events/sched/sched_switch/id`, "314\n");
  const target = new Target(new Kernel(fake));
  return { fake, target, probeEvents: new ProbeEvents(target) };
}

/** A kernel whose control files make and remove probes. */
function withProbeEvents(b: Bench, kind: "kprobe" | "uprobe"): void {
  const file = `${tracing}/${kind}_events`;
  b.fake.files.set(file, "");
  b.fake.onWrite(file, (line) => {
    const name = /^(?:[pr]|-):(\S+)/.exec(line)?.[1] ?? "";
    const id = `${tracing}/events/${name}/id`;
    if (line.startsWith("-")) b.fake.files.remove(id);
    else b.fake.files.set(id, "2000\n");
  });
}

async function closed(b: Bench, attachment: Attachment): Promise<string[]> {
  b.fake.calls.length = 0;
  const scope = new Scope(b.fake);
  scope.add(attachment);
  await scope.close();
  return b.fake.calls;
}

function refusalOf(attach: () => unknown): RefusalError {
  try {
    attach();
  } catch (error) {
    if (error instanceof RefusalError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

const switched = { category: "sched", name: "sched_switch" };

describe("a tracepoint", () => {
  test("is opened disabled on one CPU, linked, enabled last", () => {
    const b = bench();
    const attachment = attachTracepoint(b.target, program, switched);
    attachment.enable();
    expect(attachment.mechanism).toBe("perf event link");
    expect(b.fake.calls).toEqual([
      "perf_event_open type=2 config=314 flags=1 pid=-1 cpu=0 -> 6",
      "bpf(LINK_CREATE) program=100 target=6 type=41 -> 7",
      "ioctl(ENABLE) 6 -> 0",
    ]);
  });

  test("is opened on a CPU that is online", () => {
    const b = bench();
    b.fake.files.set("/sys/devices/system/cpu/online", "2-3\n");
    attachTracepoint(b.target, program, switched);
    expect(b.fake.calls[0]).toContain("cpu=2");
  });

  test("falls back on the ioctl when the kernel makes no link", () => {
    const b = bench();
    b.fake.refuse("bpf(LINK_CREATE)", "EINVAL");
    expect(attachTracepoint(b.target, program, switched).mechanism).toBe("PERF_EVENT_IOC_SET_BPF");
    expect(b.fake.calls[2]).toBe("ioctl(SET_BPF) 6 program=100 -> 0");
  });

  test("says what was tried when nothing works, and leaves nothing open", () => {
    const b = bench();
    b.fake.refuse("bpf(LINK_CREATE)", "EINVAL");
    b.fake.refuse("ioctl(SET_BPF)", "EACCES");
    const refusal = refusalOf(() => attachTracepoint(b.target, program, switched));
    expect(refusal.message).toBe(
      "attach tracepoint sched:sched_switch: perf event link: bpf(BPF_LINK_CREATE): EINVAL; " +
        "PERF_EVENT_IOC_SET_BPF: ioctl(PERF_EVENT_IOC_SET_BPF): EACCES",
    );
    expect([...b.fake.openFds]).toEqual([]);
  });

  test("closes its link, which detaches, before its event", async () => {
    const b = bench();
    expect(await closed(b, attachTracepoint(b.target, program, switched))).toEqual([
      "ioctl(DISABLE) 6 -> 0",
      "close 7 -> 0",
      "close 6 -> 0",
    ]);
  });
});

describe("a raw tracepoint", () => {
  test("is one call to open and one to close", async () => {
    const b = bench();
    const attachment = attachRawTracepoint(b.target, program, { name: "sched_switch" });
    expect(b.fake.calls).toEqual(["bpf(RAW_TRACEPOINT_OPEN) name=sched_switch program=100 -> 3"]);
    expect(await closed(b, attachment)).toEqual(["close 3 -> 0"]);
  });

  test("is missing when the kernel says ENOENT", () => {
    const b = bench();
    b.fake.refuse("bpf(RAW_TRACEPOINT_OPEN)", "ENOENT");
    const refusal = refusalOf(() => attachRawTracepoint(b.target, program, { name: "nope" }));
    expect(refusal.name).toBe("MissingError");
  });
});

describe("a program that attaches by BTF", () => {
  const fentry = {
    name: "on_open",
    type: 26,
    expectedAttachType: 24,
    attachBtfId: 4711,
    instructions: Uint8Array.from([0x95, 0, 0, 0, 0, 0, 0, 0]),
    license: "GPL",
    flags: 0,
    maps: [],
  };

  test("gets a link of its attach type", () => {
    const b = bench();
    const loaded = LoadedProgram.load(b.target, fentry);
    expect(attachTracing(b.target, loaded).mechanism).toBe("tracing link");
    expect(b.fake.calls[1]).toBe("bpf(LINK_CREATE) program=3 target=0 type=24 -> 4");
  });

  test("falls back on a raw tracepoint without a name", () => {
    const b = bench();
    b.fake.refuse("bpf(LINK_CREATE)", "EINVAL");
    const loaded = LoadedProgram.load(b.target, fentry);
    expect(attachTracing(b.target, loaded).mechanism).toBe("BPF_RAW_TRACEPOINT_OPEN");
    expect(b.fake.calls[2]).toBe("bpf(RAW_TRACEPOINT_OPEN) name= program=3 -> 4");
  });

  test("says of both ways why they were refused", () => {
    const b = bench();
    b.fake.refuse("bpf(LINK_CREATE)", "ENOTSUPP");
    b.fake.refuse("bpf(RAW_TRACEPOINT_OPEN)", "ENOTSUPP");
    const loaded = LoadedProgram.load(b.target, fentry);
    expect(refusalOf(() => attachTracing(b.target, loaded)).message).toBe(
      'attach program "on_open": tracing link: bpf(BPF_LINK_CREATE): ENOTSUPP; ' +
        "raw tracepoint: bpf(BPF_RAW_TRACEPOINT_OPEN): ENOTSUPP",
    );
  });
});

describe("a kprobe", () => {
  const entry = { symbol: "do_sys_openat2", offset: 0n, isReturn: false };

  test("is made by the unit, by name and offset", () => {
    const b = bench();
    b.fake.addPmu("kprobe", 6);
    const attachment = attachKprobe(b.target, b.probeEvents, program, { ...entry, offset: 16n });
    expect(attachment.mechanism).toBe("kprobe PMU, perf event link");
    expect(b.fake.calls).toEqual([
      "perf_event_open type=6 config=0 name=do_sys_openat2 offset=16 flags=1 pid=-1 cpu=0 -> 6",
      "bpf(LINK_CREATE) program=100 target=6 type=41 -> 7",
    ]);
  });

  test("on the return has the unit's bit for it", () => {
    const b = bench();
    b.fake.addPmu("kprobe", 6);
    b.fake.files.set("/sys/bus/event_source/devices/kprobe/format/retprobe", "config:3\n");
    attachKprobe(b.target, b.probeEvents, program, { ...entry, isReturn: true });
    expect(b.fake.calls[0]).toContain("type=6 config=8 name=do_sys_openat2");
  });

  test("without the unit is made in tracefs, and removed when all is closed", async () => {
    const b = bench();
    withProbeEvents(b, "kprobe");
    const attachment = attachKprobe(b.target, b.probeEvents, program, entry);
    expect(attachment.mechanism).toBe("kprobe_events, perf event link");
    expect(b.fake.calls.slice(0, 2)).toEqual([
      `write ${tracing}/kprobe_events "p:sonde_77/p1 do_sys_openat2+0" -> 31`,
      expect.stringMatching(/^perf_event_open type=2 config=2000 flags=1 pid=-1 cpu=0 -> \d+$/),
    ]);
    const closing = await closed(b, attachment);
    expect(closing.at(-1)).toBe(`write ${tracing}/kprobe_events "-:sonde_77/p1" -> 14`);
    expect(closing.filter((call) => call.startsWith("close"))).toHaveLength(2);
  });

  test("makes each probe under a name of its own", () => {
    const b = bench();
    withProbeEvents(b, "kprobe");
    attachKprobe(b.target, b.probeEvents, program, entry);
    attachKprobe(b.target, b.probeEvents, program, { ...entry, isReturn: true });
    const written = b.fake.calls.filter((call) => call.startsWith("write"));
    expect(written[1]).toContain('"r:sonde_77/r2 do_sys_openat2+0"');
  });

  test("falls back when the unit refuses, and says why both did", () => {
    const b = bench();
    b.fake.addPmu("kprobe", 6);
    b.fake.files.set(`${tracing}/kprobe_events`, "");
    b.fake.refuse("perf_event_open type=6", "EPERM");
    b.fake.refuse(`write ${tracing}/kprobe_events`, "EACCES");
    const refusal = refusalOf(() => attachKprobe(b.target, b.probeEvents, program, entry));
    expect(refusal.message).toBe(
      "attach kprobe do_sys_openat2: kprobe PMU: perf_event_open: EPERM; kprobe_events: write: EACCES",
    );
  });

  test("goes behind ftrace's site where a riscv64 kernel has no kprobes on it, when it is not of returns", () => {
    const fake = new FakeKernel({ architecture: "riscv64", isLittleEndian: true, pointerSize: 8 });
    const target = new Target(new Kernel(fake));
    const b = { fake, target, probeEvents: new ProbeEvents(target) };
    fake.addPmu("kprobe", 6);
    fake.refuse("perf_event_open name=do_sys_openat2 offset=0", "EINVAL");
    const attachment = attachKprobe(target, b.probeEvents, program, entry);
    expect(attachment.mechanism).toBe("kprobe PMU, perf event link");
    expect(fake.calls).toContainEqual(expect.stringContaining("name=do_sys_openat2 offset=8 "));
    const ofReturns = { ...entry, isReturn: true };
    expect(
      refusalOf(() => attachKprobe(target, b.probeEvents, program, ofReturns)).message,
    ).toContain(
      "attach kretprobe do_sys_openat2: kprobe PMU: perf_event_open: EINVAL; kprobe_events: ",
    );
  });

  test("that is made but cannot be bound says every way of both", () => {
    const b = bench();
    b.fake.addPmu("kprobe", 6);
    withProbeEvents(b, "kprobe");
    b.fake.refuse("bpf(LINK_CREATE)", "EINVAL");
    b.fake.refuse("ioctl(SET_BPF)", "EPERM");
    const refusal = refusalOf(() => attachKprobe(b.target, b.probeEvents, program, entry));
    const bound =
      "perf event link: bpf(BPF_LINK_CREATE): EINVAL; HOW, PERF_EVENT_IOC_SET_BPF: ioctl(PERF_EVENT_IOC_SET_BPF): EPERM";
    expect(refusal.message).toBe(
      `attach kprobe do_sys_openat2: ${["kprobe PMU", "kprobe_events"].map((how) => `${how}, ${bound.replace("HOW", how)}`).join("; ")}`,
    );
  });

  test("removes the probe again when it cannot be attached", () => {
    const b = bench();
    withProbeEvents(b, "kprobe");
    b.fake.refuse("perf_event_open type=2", "EACCES");
    refusalOf(() => attachKprobe(b.target, b.probeEvents, program, entry));
    expect(b.fake.calls.at(-1)).toContain('"-:sonde_77/p1"');
    expect([...b.fake.openFds]).toEqual([]);
  });

  test("first removes what dead agents have left, and only that", () => {
    const b = bench();
    withProbeEvents(b, "kprobe");
    b.fake.files.set(
      `${tracing}/kprobe_events`,
      "p:sonde_41/p1 vfs_read\nr16:sonde_42/r1 vfs_read\np:sonde_77/p9 vfs_write\np:mine/x vfs_read\n",
    );
    b.fake.files.set("/proc/42/comm", "sonde-agent\n");
    attachKprobe(b.target, b.probeEvents, program, entry);
    const removed = b.fake.calls.filter((call) => call.includes('"-:'));
    expect(removed).toEqual([
      `write ${tracing}/kprobe_events "-:sonde_41/p1" -> 14`,
      `write ${tracing}/kprobe_events "-:sonde_77/p9" -> 14`,
    ]);
  });

  test("later leaves its own, and removes those of agents that have died meanwhile", () => {
    const b = bench();
    withProbeEvents(b, "kprobe");
    attachKprobe(b.target, b.probeEvents, program, entry);
    b.fake.files.set(`${tracing}/kprobe_events`, "p:sonde_77/p1 x\np:sonde_43/p1 vfs_read\n");
    b.probeEvents.sweep("kprobe");
    expect(b.fake.calls.filter((call) => call.includes('"-:'))).toEqual([
      `write ${tracing}/kprobe_events "-:sonde_43/p1" -> 14`,
    ]);
  });
});

describe("a uprobe", () => {
  const entry = {
    path: "/lib/libc.so.6",
    offset: 0x1234n,
    isReturn: false,
    pid: 0,
    referenceCounterOffset: 0n,
  };

  test("is made by the unit, by path and offset, for one process on any CPU", () => {
    const b = bench();
    b.fake.addPmu("uprobe", 8);
    attachUprobe(b.target, b.probeEvents, program, { ...entry, pid: 5 });
    expect(b.fake.calls[0]).toBe(
      "perf_event_open type=8 config=0 name=/lib/libc.so.6 offset=4660 flags=1 pid=5 cpu=-1 -> 6",
    );
  });

  test("brings the return bit and the semaphore in the unit's configuration", () => {
    const b = bench();
    b.fake.addPmu("uprobe", 8);
    const request = { ...entry, isReturn: true, referenceCounterOffset: 0x10n };
    attachUprobe(b.target, b.probeEvents, program, request);
    expect(b.fake.calls[0]).toContain(`config=${(0x10n << 32n) | 1n} `);
  });

  test("with a semaphore that the unit does not take goes through tracefs", () => {
    const b = bench();
    b.fake.addPmu("uprobe", 8);
    b.fake.files.remove("/sys/bus/event_source/devices/uprobe/format/ref_ctr_offset");
    withProbeEvents(b, "uprobe");
    const request = { ...entry, referenceCounterOffset: 0x10n };
    expect(attachUprobe(b.target, b.probeEvents, program, request).mechanism).toBe(
      "uprobe_events, perf event link",
    );
    expect(b.fake.calls[0]).toContain('"p:sonde_77/p1 /lib/libc.so.6:0x1234(0x10)"');
  });

  test("writes no path into tracefs that would be read as something else", () => {
    const b = bench();
    withProbeEvents(b, "uprobe");
    const request = { ...entry, path: "/tmp/a b\n-:sonde_1/p1" };
    const refusal = refusalOf(() => attachUprobe(b.target, b.probeEvents, program, request));
    expect(refusal.message).toContain("uprobe_events: the path cannot be written there");
    expect(b.fake.calls).toEqual([]);
  });
});

describe("a perf event", () => {
  const clock = { type: 1, config: 0n, pid: 0, sampling: { frequency: 99n } } as const;

  test("is one for each CPU that is online, each with a link", () => {
    const b = bench();
    attachPerfEvent(b.target, program, { ...clock, cpus: "each" });
    expect(b.fake.calls.map((call) => call.split(" -> ")[0])).toEqual([
      "perf_event_open type=1 config=0 period=99 flags=401 pid=-1 cpu=0",
      "perf_event_open type=1 config=0 period=99 flags=401 pid=-1 cpu=1",
      expect.stringMatching(/^bpf\(LINK_CREATE\) program=100 target=\d+ type=41$/),
      expect.stringMatching(/^bpf\(LINK_CREATE\) program=100 target=\d+ type=41$/),
    ]);
  });

  test("is one on the first CPU when one is asked for, with a period as such", () => {
    const b = bench();
    attachPerfEvent(b.target, program, { ...clock, cpus: "one", sampling: { period: 1000n } });
    expect(b.fake.calls[0]).toContain("period=1000 flags=1 pid=-1 cpu=0");
    expect(b.fake.calls).toHaveLength(2);
  });

  test("of a process is one for each of its threads, inherited", () => {
    const b = bench();
    b.fake.files.set("/proc/5/task/5/comm", "a");
    b.fake.files.set("/proc/5/task/9/comm", "b");
    attachPerfEvent(b.target, program, { ...clock, cpus: "each", pid: 5 });
    expect(b.fake.calls[0]).toContain("flags=403 pid=5 cpu=-1");
    expect(b.fake.calls[1]).toContain("flags=403 pid=9 cpu=-1");
  });

  test("does without a CPU that has gone offline meanwhile", () => {
    const b = bench();
    b.fake.refuse("perf_event_open type=1 cpu=1", "ENODEV");
    attachPerfEvent(b.target, program, { ...clock, cpus: "each" });
    expect(b.fake.openFds.size).toBe(2);
  });

  test("opens none when one is refused", () => {
    const b = bench();
    b.fake.refuse("perf_event_open type=1 cpu=1", "EACCES");
    const refusal = refusalOf(() => attachPerfEvent(b.target, program, { ...clock, cpus: "each" }));
    expect(refusal.message).toBe("attach perf event 1:0: perf_event_open: EACCES");
    expect([...b.fake.openFds]).toEqual([]);
  });

  test("opens none when a link is refused", () => {
    const b = bench();
    b.fake.refuse("bpf(LINK_CREATE)", "EPERM");
    b.fake.refuse("ioctl(SET_BPF)", "EPERM");
    refusalOf(() => attachPerfEvent(b.target, program, { ...clock, cpus: "each" }));
    expect([...b.fake.openFds]).toEqual([]);
  });
});
