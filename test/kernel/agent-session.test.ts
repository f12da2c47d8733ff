import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { hostname, release } from "node:os";
import { afterEach, beforeEach, describe, expect } from "@jest/globals";
import { type Params, RemoteError, type Result } from "@sonde/protocol";
import { heldBy, stillInKernel } from "../support/kernel-objects.js";
import { until } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { type LackName, startAgent, type TestedAgent } from "../support/tested-agent.js";
import {
  call,
  callGetppid,
  counting,
  createMap,
  finish,
  immediate,
  loadProgram,
  mapType,
  mmapable,
  move,
  programType,
} from "../support/tracing-programs.js";

type PlanStep = Params<"plan.run">["steps"][number];
type Handle = Params<"map.dump">["map"];

const getppidTracepoint = {
  kind: "attachTracepoint",
  category: "syscalls",
  name: "sys_enter_getppid",
} as const;

const onKernel = requiresFeature("tracepoint", "map_value_pointer");

let agent: TestedAgent;
beforeEach(async () => {
  agent = await startAgent();
});
afterEach(async () => {
  await agent.close();
});

/** Over an agent on a kernel that lacks something. */
async function restart(...without: readonly LackName[]): Promise<void> {
  await agent.close();
  agent = await startAgent(...without);
}

async function run(steps: readonly PlanStep[]): Promise<Result<"plan.run">["results"]> {
  return (await agent.peer.call("plan.run", { steps: [...steps] })).results;
}

function handleOf(results: Result<"plan.run">["results"], step: number): Handle {
  const handle = results[step]?.handle;
  if (handle === undefined) throw new Error(`step ${step} gave no handle`);
  return handle;
}

async function refusalOf(work: Promise<unknown>): Promise<RemoteError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof RemoteError) return error;
  throw new Error("it was not refused");
}

const zeroKey = new Uint8Array(4);

async function counterOf(map: Handle): Promise<bigint> {
  const { value } = await agent.peer.call("map.lookup", { map, key: zeroKey });
  return value === null ? 0n : Buffer.from(value).readBigUInt64LE();
}

describe("target.describe", () => {
  onKernel("tells the truth about this machine", async () => {
    const target = await agent.peer.call("target.describe", {});
    expect(target).toMatchObject({
      release: release(),
      hostname: hostname(),
      architecture: process.arch,
      pointerSize: 8,
      byteOrder: "little",
      pageSize: Number(execFileSync("getconf", ["PAGESIZE"], { encoding: "utf8" })),
      bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
      btfSizeBytes: readFileSync("/sys/kernel/btf/vmlinux").length,
    });
    expect(target.buildId).toMatch(/^[0-9a-f]{40}$/);
    expect(target.privileges.uid).toBe(0);
    expect(target.tracefs).not.toBe("");
    expect(target.onlineCpus).toContain(0);
    expect(target.possibleCpus.length).toBeGreaterThanOrEqual(target.onlineCpus.length);
  });

  onKernel("reads its clocks together", async () => {
    const before = process.hrtime.bigint();
    const { clocks } = await agent.peer.call("target.describe", {});
    expect(clocks.monotonic).toBeGreaterThan(before);
    expect(clocks.monotonic).toBeLessThan(process.hrtime.bigint());
    expect(clocks.boottime).toBeGreaterThanOrEqual(clocks.monotonic - 1_000_000n);
    const realtime = BigInt(Date.now()) * 1_000_000n;
    expect(realtime - clocks.realtime).toBeLessThan(5_000_000_000n);
  });
});

describe("a plan", () => {
  onKernel("makes, attaches and lets a program count", async () => {
    const results = await run([
      createMap("count"),
      loadProgram(counting("count", process.pid), { count: 0 }),
      { ...getppidTracepoint, program: { step: 1 } },
    ]);
    expect(results[2]?.mechanism).toBe("perf event link");
    callGetppid(1000);
    expect(await counterOf(handleOf(results, 0))).toBe(1000n);
  });

  onKernel("attaches by ioctl where the kernel has no link for perf events", async () => {
    await restart("perf_event_link");
    const results = await run([
      createMap("count"),
      loadProgram(counting("count", process.pid), { count: 0 }),
      { ...getppidTracepoint, program: { step: 1 } },
    ]);
    expect(results[2]?.mechanism).toBe("PERF_EVENT_IOC_SET_BPF");
    callGetppid(100);
    expect(await counterOf(handleOf(results, 0))).toBe(100n);
  });

  onKernel("names earlier results by handle in a later plan", async () => {
    const first = await run([createMap("count")]);
    const map = handleOf(first, 0);
    const load = loadProgram(counting("count", process.pid), { count: 0 });
    const results = await run([
      { ...load, maps: load.maps.map((one) => ({ ...one, map: { handle: map } })) },
      { ...getppidTracepoint, program: { step: 0 } },
    ]);
    expect(results).toHaveLength(2);
    callGetppid(10);
    expect(await counterOf(map)).toBe(10n);
  });

  onKernel("stops counting at session.disable, and can still be read", async () => {
    const results = await run([
      createMap("count"),
      loadProgram(counting("count", process.pid), { count: 0 }),
      { ...getppidTracepoint, program: { step: 1 } },
    ]);
    callGetppid(10);
    await agent.peer.call("session.disable", {});
    callGetppid(10);
    expect(await counterOf(handleOf(results, 0))).toBe(10n);
  });

  onKernel("gives the verifier's whole log and the step it was at", async () => {
    // r0 is not set
    const before = heldBy(agent.pid);
    const refusal = await refusalOf(run([createMap("count"), loadProgram([{ kind: "exit" }])]));
    expect(refusal.code).toBe("verifier");
    expect(refusal.details).toMatchObject({ step: 1, errno: 13 });
    expect(refusal.details.log).toContain("R0 !read_ok");
    expect(heldBy(agent.pid)).toEqual(before);
  });

  onKernel("gives a log that is longer than the first buffer", async () => {
    const long = Array.from({ length: 4000 }, () => move(1, immediate(7)));
    const refusal = await refusalOf(run([loadProgram([...long, { kind: "exit" }])]));
    expect(refusal.details.log?.length).toBeGreaterThan(65_536);
    expect(refusal.details.log).toContain("R0 !read_ok");
  });

  onKernel("undoes what it made when a later step is refused", async () => {
    const before = heldBy(agent.pid);
    const refusal = await refusalOf(
      run([
        createMap("count"),
        loadProgram(counting("count", process.pid), { count: 0 }),
        { ...getppidTracepoint, program: { step: 1 } },
        { ...getppidTracepoint, name: "no_such_event", program: { step: 1 } },
      ]),
    );
    expect(refusal.code).toBe("missing");
    expect(refusal.details.step).toBe(3);
    expect(refusal.message).toContain("syscalls:no_such_event");
    expect(heldBy(agent.pid)).toEqual(before);
  });

  onKernel("runs a raw tracepoint program once", async () => {
    const results = await run([
      loadProgram(finish(7), {}, { type: programType.rawTracepoint }),
      { kind: "runProgram", program: { step: 0 } },
    ]);
    expect(results[1]).toEqual({ returnValue: 7 });
    const again = await agent.peer.call("program.run", { program: handleOf(results, 0) });
    expect(again.returnValue).toBe(7);
  });

  onKernel("tells how large a program became", async () => {
    const results = await run([loadProgram(finish(0))]);
    const { programs } = await agent.peer.call("program.statistics", {
      programs: [handleOf(results, 0)],
    });
    expect(programs).toMatchObject([
      { recursionMisses: 0n, verifiedInstructions: 2, translatedSizeBytes: 16 },
    ]);
  });

  onKernel("is refused a descriptor that it did not get from the agent", async () => {
    const { instructions, ...load } = loadProgram([
      { kind: "load64", destination: 1, value: 5n },
      ...finish(0),
    ]);
    // src_reg BPF_PSEUDO_MAP_FD
    const forged = Uint8Array.from(instructions);
    forged[1] = 0x11;
    const refusal = await refusalOf(run([{ ...load, instructions: forged }]));
    expect(refusal.code).toBe("protocol");
    expect(refusal.message).toContain("names a file descriptor");
  });
});

describe("map.dump", () => {
  const table = { keySizeBytes: 4, valueSizeBytes: 8, maxEntries: 1000 } as const;
  const entries = Array.from({ length: 500 }, (_, index) => {
    const entry = Buffer.alloc(12);
    entry.writeUInt32LE(index * 3 + 1);
    entry.writeBigUInt64LE(BigInt(index) * 7n, 4);
    return { key: new Uint8Array(entry.subarray(0, 4)), value: new Uint8Array(entry.subarray(4)) };
  });
  const asPairs = ({ count, keys, values }: Result<"map.dump">, valueSize: number): string[] =>
    Array.from({ length: count }, (_, index) => {
      const key = Buffer.from(keys.subarray(index * 4, index * 4 + 4)).toString("hex");
      const value = values.subarray(index * valueSize, (index + 1) * valueSize);
      return `${key}=${Buffer.from(value).toString("hex")}`;
    }).sort();
  const expected = entries
    .map(
      ({ key, value }) =>
        `${Buffer.from(key).toString("hex")}=${Buffer.from(value).toString("hex")}`,
    )
    .sort();

  const lacks: readonly { readonly lacking: string; readonly without: readonly LackName[] }[] = [
    { lacking: "nothing", without: [] },
    { lacking: "batches", without: ["map_batch"] },
    {
      lacking: "batches and lookup-and-delete",
      without: ["map_batch", "map_lookup_and_delete"],
    },
  ];
  for (const { lacking, without } of lacks) {
    onKernel(`reads a hash table, and empties it, on a kernel that lacks ${lacking}`, async () => {
      await restart(...without);
      const results = await run([
        createMap("table", { ...table, type: mapType.hash }),
        { kind: "fillMap", map: { step: 0 }, entries },
      ]);
      const map = handleOf(results, 0);
      expect(asPairs(await agent.peer.call("map.dump", { map, clear: false }), 8)).toEqual(
        expected,
      );
      expect(asPairs(await agent.peer.call("map.dump", { map, clear: true }), 8)).toEqual(expected);
      expect((await agent.peer.call("map.dump", { map, clear: true })).count).toBe(0);
    });
  }

  onKernel("gives every CPU's value of a per-CPU table, each padded to 8 bytes", async () => {
    const { possibleCpus } = await agent.peer.call("target.describe", {});
    const results = await run([
      createMap("table", { ...table, valueSizeBytes: 4, type: mapType.percpuHash }),
      {
        kind: "fillMap",
        map: { step: 0 },
        entries: [{ key: Uint8Array.of(1, 0, 0, 0), value: Uint8Array.of(9, 8, 7, 6) }],
      },
    ]);
    const dump = await agent.peer.call("map.dump", { map: handleOf(results, 0), clear: false });
    const oneCpu = [9, 8, 7, 6, 0, 0, 0, 0];
    expect(dump.count).toBe(1);
    expect([...dump.values]).toEqual(possibleCpus.flatMap(() => oneCpu));
  });

  for (const { lacking, without } of lacks.slice(0, 2)) {
    onKernel(`reads and zeroes an array on a kernel that lacks ${lacking}`, async () => {
      await restart(...without);
      const results = await run([
        createMap("array", { type: mapType.percpuArray, maxEntries: 3 }),
        {
          kind: "fillMap",
          map: { step: 0 },
          entries: [{ key: Uint8Array.of(2, 0, 0, 0), value: new Uint8Array(8).fill(1) }],
        },
      ]);
      const map = handleOf(results, 0);
      const read = await agent.peer.call("map.dump", { map, clear: false });
      const taken = await agent.peer.call("map.dump", { map, clear: true });
      expect(read.count).toBe(3);
      expect([...read.keys]).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]);
      expect(read.values.filter((byte) => byte === 1)).toHaveLength(read.values.length / 3);
      expect(taken).toEqual(read);
      const after = await agent.peer.call("map.dump", { map, clear: false });
      expect(after.values.every((byte) => byte === 0)).toBe(true);
    });
  }

  onKernel("says of a ring buffer that it is no table", async () => {
    const ring = { type: mapType.ringbuf, keySizeBytes: 0, valueSizeBytes: 0, maxEntries: 4096 };
    const results = await run([createMap("ring", ring)]);
    const dump = agent.peer.call("map.dump", { map: handleOf(results, 0), clear: false });
    expect((await refusalOf(dump)).code).toBe("unsupported");
  });
});

describe("a session's end", () => {
  const everything: readonly PlanStep[] = [
    createMap("count", { flags: mmapable }),
    loadProgram(counting("count", process.pid), { count: 0 }),
    { ...getppidTracepoint, program: { step: 1 } },
    loadProgram(counting("count", process.pid), { count: 0 }, { type: programType.rawTracepoint }),
    { kind: "attachRawTracepoint", program: { step: 3 }, name: "sys_enter" },
  ];

  onKernel("leaves nothing in the kernel when the host asks for it", async () => {
    const before = heldBy(agent.pid);
    await run(everything);
    const made = new Set([...heldBy(agent.pid)].filter((object) => !before.has(object)));
    // Each link's program is held by the link too.
    expect(made.size).toBeGreaterThanOrEqual(5);
    await agent.peer.call("session.close", {});
    expect(heldBy(agent.pid)).toEqual(before);
    // The kernel frees what was closed when no CPU can be using it any more.
    for (let turn = 0; stillInKernel(made).length > 0 && turn < 40; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(stillInKernel(made)).toEqual([]);
  });

  onKernel("leaves nothing in the kernel when the link breaks", async () => {
    const before = heldBy(agent.pid);
    await run(everything);
    agent.peer.close("gone");
    await until(() => heldBy(agent.pid).size <= before.size, 5000);
    expect(heldBy(agent.pid)).toEqual(before);
  });

  onKernel("leaves the session able to make new things after session.close", async () => {
    await run(everything);
    await agent.peer.call("session.close", {});
    const results = await run([createMap("count")]);
    expect(await counterOf(handleOf(results, 0))).toBe(0n);
  });

  onKernel("does not touch what another session has", async () => {
    const other = await agent.connect();
    const { results } = await other.call("plan.run", { steps: [...everything] });
    agent.peer.close("gone");
    callGetppid(100);
    const map = handleOf(results, 0);
    const { value } = await other.call("map.lookup", { map, key: zeroKey });
    // Both programs see each call.
    expect(Buffer.from(value ?? []).readBigUInt64LE()).toBeGreaterThanOrEqual(200n);
    other.close("the test is over");
  });

  onKernel("gives no session the handles of another", async () => {
    const other = await agent.connect();
    const { results } = await other.call("plan.run", { steps: [createMap("theirs")] });
    const lookup = agent.peer.call("map.lookup", { map: handleOf(results, 0), key: zeroKey });
    expect((await refusalOf(lookup)).code).toBe("handle");
    other.close("the test is over");
  });
});

describe("hints", () => {
  onKernel("say what is wrong with a program that calls what it may not", async () => {
    const refusal = await refusalOf(run([loadProgram([call(9999), ...finish(0)])]));
    expect(refusal.code).toBe("verifier");
    expect(refusal.message).toBe('load program "sonde_test": the verifier refused it: EINVAL');
  });
});
