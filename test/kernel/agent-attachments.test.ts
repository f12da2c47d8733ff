import { open, readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect } from "@jest/globals";
import { type Params, RemoteError, type Result } from "@sonde/protocol";
import { openBtf } from "../../packages/host/src/btf/btf.js";
import { ElfReader } from "../../packages/host/src/elf/elf-reader.js";
import { startAgent, type TestedAgent } from "../support/tested-agent.js";
import { heldBy } from "../support/kernel-objects.js";
import { requiresFeature } from "../support/requires.js";
import {
  callGetppid,
  counting,
  createMap,
  loadProgram,
  programType,
} from "../support/tracing-programs.js";

type PlanStep = Params<"plan.run">["steps"][number];

/** include/uapi/linux/bpf.h */
const BPF_TRACE_RAW_TP = 23;
const BPF_TRACE_FENTRY = 24;
/** include/uapi/linux/perf_event.h */
const PERF_TYPE_SOFTWARE = 1;
const PERF_COUNT_SW_CPU_CLOCK = 0n;

const uprobeEvents = "/sys/kernel/tracing/uprobe_events";

let agent: TestedAgent;
beforeEach(async () => {
  agent = await startAgent();
});
afterEach(async () => {
  await agent.close();
});

/** A map that counts, a program that counts this process in it, and what it is attached to. */
async function countThrough(
  attach: PlanStep,
  step: Partial<Extract<PlanStep, { kind: "loadProgram" }>>,
): Promise<Result<"plan.run">["results"]> {
  const load = loadProgram(counting("count", process.pid), { count: 0 }, step);
  const { results } = await agent.peer.call("plan.run", {
    steps: [createMap("count"), load, attach],
  });
  return results;
}

async function counted(results: Result<"plan.run">["results"]): Promise<bigint> {
  const map = results[0]?.handle;
  if (map === undefined) throw new Error("no map");
  const { value } = await agent.peer.call("map.lookup", { map, key: new Uint8Array(4) });
  return Buffer.from(value ?? []).readBigUInt64LE();
}

const program = { step: 1 } as const;

async function refusalOf(work: Promise<unknown>): Promise<RemoteError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof RemoteError) return error;
  throw new Error("it was not refused");
}

describe("a raw tracepoint", () => {
  const onRaw = requiresFeature("raw_tracepoint", "map_value_pointer");

  onRaw("sees every system call", async () => {
    const attach = { kind: "attachRawTracepoint", program, name: "sys_enter" } as const;
    const results = await countThrough(attach, { type: programType.rawTracepoint });
    callGetppid(1000);
    expect(await counted(results)).toBeGreaterThanOrEqual(1000n);
  });

  onRaw("is missing when the kernel has none of that name", async () => {
    const attach = { kind: "attachRawTracepoint", program, name: "no_such" } as const;
    const work = countThrough(attach, { type: programType.rawTracepoint });
    expect(await refusalOf(work)).toMatchObject({ code: "missing", details: { step: 2 } });
  });
});

describe("a program that attaches by BTF", () => {
  const onBtf = requiresFeature("raw_tracepoint", "btf", "map_value_pointer");

  async function btfId(name: string, kind: "typedef" | "func"): Promise<number> {
    return openBtf(await readFile("/sys/kernel/btf/vmlinux")).find(name, kind) ?? 0;
  }

  onBtf("sees a tracepoint", async () => {
    const results = await countThrough(
      { kind: "attachTracing", program },
      {
        type: programType.tracing,
        expectedAttachType: BPF_TRACE_RAW_TP,
        attachBtfId: await btfId("btf_trace_sys_enter", "typedef"),
      },
    );
    expect(results[2]?.mechanism).toBe("tracing link");
    callGetppid(500);
    expect(await counted(results)).toBeGreaterThanOrEqual(500n);
  });

  onBtf("sees a function, or says which system call refused", async () => {
    const before = heldBy(agent.pid);
    const work = countThrough(
      { kind: "attachTracing", program },
      {
        type: programType.tracing,
        expectedAttachType: BPF_TRACE_FENTRY,
        attachBtfId: await btfId("do_sys_openat2", "func"),
      },
    );
    try {
      const results = await work;
      expect(results[2]?.mechanism).toBe("tracing link");
    } catch (error) {
      // Where function tracing is withheld, loading is what the kernel refuses.
      expect(error).toMatchObject({ code: expect.stringMatching(/^(syscall|verifier)$/) });
      expect(heldBy(agent.pid)).toEqual(before);
    }
  });
});

describe("a uprobe", () => {
  const onUprobe = requiresFeature("uprobe", "map_value_pointer");

  /** Where libc, which this process has mapped, has a function. */
  async function libcFunction(name: string): Promise<{ path: string; offset: bigint }> {
    const maps = await readFile("/proc/self/maps", "utf8");
    const path = /(\/\S*\/(?:libc\.so\.6|libc-[\d.]+\.so|ld-musl-\S+))$/m.exec(maps)?.[1] ?? "";
    const file = await open(path);
    try {
      const elf = await ElfReader.open(async (position, length) => {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
        return buffer.subarray(0, bytesRead);
      });
      const offset = (await elf.functions()).find((one) => one.name === name)?.fileOffset;
      if (offset === undefined) throw new Error(`libc has no ${name}`);
      return { path, offset };
    } finally {
      await file.close();
    }
  }

  // callGetppid goes through libc's syscall().
  const attachTo = async (isReturn: boolean, pid = 0): Promise<PlanStep> => ({
    kind: "attachUprobe",
    program,
    ...(await libcFunction("syscall")),
    isReturn,
    pid,
    referenceCounterOffset: 0n,
  });
  const kprobeType = { type: programType.kprobe };

  for (const isReturn of [false, true]) {
    const what = isReturn ? "return" : "call";
    onUprobe(`sees each ${what} of a function of a library`, async () => {
      const results = await countThrough(await attachTo(isReturn), kprobeType);
      expect(results[2]?.mechanism).toBe("uprobe PMU, perf event link");
      const before = await counted(results);
      callGetppid(100);
      // The agent makes its own system calls through the same function.
      expect(await counted(results)).toBeGreaterThanOrEqual(before + 100n);
    });

    onUprobe(`sees each ${what} through tracefs on a kernel without the unit`, async () => {
      await agent.close();
      agent = await startAgent("uprobe_pmu");
      const results = await countThrough(await attachTo(isReturn), kprobeType);
      expect(results[2]?.mechanism).toBe("uprobe_events, perf event link");
      expect(await readFile(uprobeEvents, "utf8")).toContain(`sonde_${agent.pid}/`);
      const before = await counted(results);
      callGetppid(100);
      expect(await counted(results)).toBeGreaterThanOrEqual(before + 100n);
      await agent.peer.call("session.close", {});
      expect(await readFile(uprobeEvents, "utf8")).not.toContain(`sonde_${agent.pid}/`);
    });
  }

  onUprobe("sees the process it is for, and no other", async () => {
    const results = await countThrough(await attachTo(false, process.pid), kprobeType);
    const before = await counted(results);
    callGetppid(100);
    expect(await counted(results)).toBeGreaterThanOrEqual(before + 100n);
  });

  onUprobe("lists what was tried when the file is not there", async () => {
    const attach = { ...(await attachTo(false)), path: "/no/such/file" } as PlanStep;
    const refusal = await refusalOf(countThrough(attach, kprobeType));
    expect(refusal.code).toBe("missing");
    expect(refusal.message).toMatch(
      /^attach uprobe \/no\/such\/file:0x[0-9a-f]+: uprobe PMU: perf_event_open: ENOENT; uprobe_events: write: /,
    );
  });
});

describe("a kprobe", () => {
  const always = requiresFeature("tracepoint", "map_value_pointer");

  always("works, or says that this kernel has no way to make one", async () => {
    const { features } = await agent.peer.call("target.features", {});
    const attach = {
      kind: "attachKprobe",
      program,
      symbol: "__x64_sys_getppid",
      offset: 0n,
      isReturn: false,
    } as const;
    const work = countThrough(attach, { type: programType.kprobe });
    if (features["kprobe"]?.state === "supported") {
      const results = await work;
      callGetppid(100);
      expect(await counted(results)).toBe(100n);
      return;
    }
    const refusal = await refusalOf(work);
    expect(refusal.message).toContain("kprobe PMU: not in this kernel; kprobe_events: ");
    expect(refusal.details.step).toBe(2);
  });
});

describe("a perf event", () => {
  const onSamples = requiresFeature("perf_event", "map_value_pointer");
  const clock = {
    kind: "attachPerfEvent",
    program,
    type: PERF_TYPE_SOFTWARE,
    config: PERF_COUNT_SW_CPU_CLOCK,
    pid: 0,
  } as const;

  function busyFor(milliseconds: number): void {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  }

  const samplings = [
    { name: "a frequency", sampling: { frequency: 999n } },
    { name: "a period", sampling: { period: 1_000_000n } },
  ] as const;
  for (const { name, sampling } of samplings) {
    onSamples(`samples this process on each CPU with ${name}`, async () => {
      const attach = { ...clock, cpus: "each", sampling } as const;
      const results = await countThrough(attach, { type: programType.perfEvent });
      busyFor(300);
      expect(await counted(results)).toBeGreaterThan(20n);
      await agent.peer.call("session.disable", {});
      const samples = await counted(results);
      busyFor(50);
      expect(await counted(results)).toBe(samples);
    });
  }

  onSamples("samples one process, in all its threads", async () => {
    const attach = { ...clock, cpus: "each", sampling: { frequency: 999n }, pid: process.pid };
    const results = await countThrough(attach as PlanStep, { type: programType.perfEvent });
    busyFor(300);
    expect(await counted(results)).toBeGreaterThan(20n);
  });

  onSamples("says that a process is not there", async () => {
    const attach = { ...clock, cpus: "each", sampling: { frequency: 99n }, pid: 4_194_303 };
    const refusal = await refusalOf(
      countThrough(attach as PlanStep, { type: programType.perfEvent }),
    );
    expect(refusal.code).toBe("missing");
    expect(refusal.message).toContain("there is no process 4194303");
  });
});
