import { beforeEach, describe, expect, test } from "@jest/globals";
import {
  createChannelPair,
  type HostPeer,
  openSession,
  type Params,
  RemoteError,
  type Result,
} from "@sonde/protocol";
import { AgentServer } from "../../../src/server/agent-server.js";
import { FakeKernel, settle } from "../fake-kernel.js";

type PlanStep = Params<"plan.run">["steps"][number];

const tracing = "/sys/kernel/tracing";

let fake: FakeKernel;
let server: AgentServer;
let host: HostPeer;

async function connect(): Promise<HostPeer> {
  const [hostEnd, agentEnd] = createChannelPair();
  server.accept(agentEnd);
  const { peer } = await openSession(hostEnd, {
    client: "test",
    randomBytes: (length) => new Uint8Array(length).fill(1),
  });
  return peer;
}

beforeEach(async () => {
  fake = new FakeKernel();
  fake.addPmu("kprobe", 6);
  fake.addPmu("uprobe", 8);
  fake.files.set(`${tracing}/events/sched/sched_switch/id`, "314\n");
  server = new AgentServer(fake, { agentName: "agent" });
  host = await connect();
  fake.calls.length = 0;
});

const map: PlanStep = {
  kind: "createMap",
  name: "counts",
  type: 1,
  keySizeBytes: 4,
  valueSizeBytes: 8,
  maxEntries: 10,
  flags: 0,
};
const program: PlanStep = {
  kind: "loadProgram",
  name: "count",
  type: 5,
  expectedAttachType: 0,
  attachBtfId: 0,
  instructions: Uint8Array.of(0x95, 0, 0, 0, 0, 0, 0, 0),
  maps: [],
  license: "GPL",
  flags: 0,
};
const attach: PlanStep = {
  kind: "attachTracepoint",
  program: { step: 1 },
  category: "sched",
  name: "sched_switch",
};

function run(...steps: readonly PlanStep[]): Promise<Result<"plan.run">> {
  return host.call("plan.run", { steps: [...steps] });
}

async function refusalOf(work: Promise<unknown>): Promise<RemoteError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof RemoteError) return error;
  throw new Error("it was not refused");
}

/** Descriptors of kernel objects that are open. */
const left = (): number => fake.openFds.size;

describe("a plan", () => {
  test("is done in order, and what it attached is enabled last", async () => {
    const { results } = await run(map, program, attach, { ...attach, name: "sched_switch" });
    expect(results).toEqual([
      { handle: 1 },
      { handle: 2 },
      { handle: 3, mechanism: "perf event link" },
      { handle: 4, mechanism: "perf event link" },
    ]);
    expect(fake.calls.map((call) => call.split(" ")[0])).toEqual([
      "bpf(MAP_CREATE)",
      "bpf(PROG_LOAD)",
      "perf_event_open",
      "bpf(LINK_CREATE)",
      "perf_event_open",
      "bpf(LINK_CREATE)",
      "ioctl(ENABLE)",
      "ioctl(ENABLE)",
    ]);
  });

  test("that is refused half way is undone, newest first, before the answer", async () => {
    fake.refuse("bpf(RAW_TRACEPOINT_OPEN)", "EINVAL");
    const raw = { kind: "attachRawTracepoint", program: { step: 1 }, name: "sys_enter" } as const;
    const refusal = await refusalOf(run(map, program, attach, raw));
    expect(refusal.details).toEqual({
      code: "syscall",
      message: "attach raw tracepoint sys_enter: bpf(BPF_RAW_TRACEPOINT_OPEN): EINVAL",
      syscall: "bpf(BPF_RAW_TRACEPOINT_OPEN)",
      errno: 22,
      step: 3,
    });
    const made = (start: string): string =>
      fake.calls.find((call) => call.startsWith(start))?.split("-> ")[1] ?? "?";
    const order = ["bpf(LINK_CREATE)", "perf_event_open", "bpf(PROG_LOAD)", "bpf(MAP_CREATE)"];
    expect(fake.calls.filter((call) => call.startsWith("close"))).toEqual(
      order.map((start) => `close ${made(start)} -> 0`),
    );
    expect(left()).toBe(0);
  });

  test("that cannot be enabled is undone, and says which step it was", async () => {
    fake.refuse("ioctl(ENABLE)", "EIO");
    const refusal = await refusalOf(run(map, program, attach));
    expect(refusal.details).toMatchObject({ step: 2, syscall: "ioctl(PERF_EVENT_IOC_ENABLE)" });
    expect(left()).toBe(0);
  });

  test("gives its handles back when it is undone", async () => {
    const lost = { ...attach, name: "nope" } as const;
    expect((await refusalOf(run(map, program, lost))).code).toBe("missing");
    const lookup = host.call("map.lookup", { map: handleOf(1), key: new Uint8Array(4) });
    expect((await refusalOf(lookup)).code).toBe("handle");
  });

  test("runs a program, and fills a map", async () => {
    const entries = [{ key: Uint8Array.of(1, 0, 0, 0), value: new Uint8Array(8).fill(7) }];
    const { results } = await run(map, { kind: "fillMap", map: { step: 0 }, entries }, program, {
      kind: "runProgram",
      program: { step: 2 },
    });
    expect(results).toEqual([{ handle: 1 }, {}, { handle: 2 }, { returnValue: 42 }]);
    const { value } = await host.call("map.lookup", {
      map: handleOf(1),
      key: Uint8Array.of(1, 0, 0, 0),
    });
    expect([...(value ?? [])]).toEqual([7, 7, 7, 7, 7, 7, 7, 7]);
  });

  const hostile: readonly {
    name: string;
    steps: readonly PlanStep[];
    code: string;
    step: number;
  }[] = [
    {
      name: "names a step that comes later",
      steps: [{ ...attach, program: { step: 1 } }, program],
      code: "handle",
      step: 0,
    },
    {
      name: "names itself",
      steps: [{ ...attach, program: { step: 0 } }],
      code: "handle",
      step: 0,
    },
    {
      name: "names a map where a program is due",
      steps: [map, { ...attach, program: { step: 0 } }],
      code: "handle",
      step: 1,
    },
    {
      name: "names a handle that nobody has",
      steps: [{ ...attach, program: { handle: handleOf(999) } }],
      code: "handle",
      step: 0,
    },
    {
      name: "opens a table as a stream",
      steps: [
        map,
        {
          kind: "openStream",
          map: { step: 0 },
          creditBytes: 1,
          gatherMilliseconds: 1,
          perfPages: 1,
        },
      ],
      code: "unsupported",
      step: 1,
    },
    {
      name: "brings half an instruction",
      steps: [{ ...program, instructions: new Uint8Array(7) }],
      code: "protocol",
      step: 0,
    },
    {
      name: "writes a descriptor into a program array",
      steps: [
        { ...map, type: 3, valueSizeBytes: 4 },
        {
          kind: "fillMap",
          map: { step: 0 },
          entries: [{ key: new Uint8Array(4), value: new Uint8Array(4) }],
        },
      ],
      code: "unsupported",
      step: 1,
    },
    {
      name: "writes keys of another length",
      steps: [
        map,
        {
          kind: "fillMap",
          map: { step: 0 },
          entries: [{ key: new Uint8Array(2), value: new Uint8Array(8) }],
        },
      ],
      code: "protocol",
      step: 1,
    },
  ];
  for (const { name, steps, code, step } of hostile) {
    test(`is refused when it ${name}, and leaves nothing`, async () => {
      const refusal = await refusalOf(run(...steps));
      expect(refusal.details).toMatchObject({ code, step });
      expect(left()).toBe(0);
    });
  }

  test("lets others have their turn while it is long, and can be cancelled", async () => {
    const other = await connect();
    const real = fake.syscall.bind(fake);
    // Each step takes longer than a turn.
    fake.syscall = (number, ...args) => {
      fake.time += 25;
      return real(number, ...args);
    };
    let cancel: () => void = () => undefined;
    const signal = {
      aborted: false,
      addEventListener: (_type: "abort", listener: () => void) => {
        cancel = listener;
      },
      removeEventListener: () => undefined,
    };
    const running = host.call("plan.run", { steps: [map, map, map, map] }, { signal });
    await settle();
    expect(await codeOfMissingFile(other)).toBe("missing");
    cancel();
    await settle();
    fake.advance(1);
    const refusal = await refusalOf(running);
    expect(refusal.code).toBe("cancelled");
    expect(left()).toBe(0);
  });
});

async function codeOfMissingFile(other: HostPeer): Promise<string> {
  return (
    await refusalOf(other.call("file.read", { path: "/proc/1/maps", offset: 0n, limitBytes: 1 }))
  ).code;
}

function handleOf(value: number): Params<"map.dump">["map"] {
  // The wire's names are numbers.
  return value as Params<"map.dump">["map"];
}

describe("a session", () => {
  test("is closed by its host, and can go on", async () => {
    await run(map, program, attach);
    await host.call("session.close", {});
    expect(left()).toBe(0);
    const { results } = await run(map);
    // Names are not used again: a late message about an old one must not mean a new one.
    expect(results).toEqual([{ handle: 4 }]);
  });

  test("ends with its link, and leaves nothing", async () => {
    await run(map, program, attach);
    expect(server.sessionCount).toBe(1);
    host.close("gone");
    await settle();
    expect(left()).toBe(0);
    expect(server.sessionCount).toBe(0);
  });

  test("that is disabled records nothing more, and can be read", async () => {
    await run(map, program, attach);
    await host.call("session.disable", {});
    const calls = fake.calls.map((call) => call.split(" ")[0]);
    expect(calls.slice(-2)).toEqual(["ioctl(DISABLE)", "close"]);
    expect((await host.call("map.dump", { map: handleOf(1), clear: false })).count).toBe(0);
  });

  test("knows no handles but its own", async () => {
    await run(map);
    const other = await connect();
    const lookup = other.call("map.lookup", { map: handleOf(1), key: new Uint8Array(4) });
    const refusal = await refusalOf(lookup);
    expect(refusal.details).toEqual({ code: "handle", message: "this session has no handle 1" });
  });

  test("says what kind a handle is of when it is the wrong one", async () => {
    await run(map, program, attach);
    const refusal = await refusalOf(host.call("map.dump", { map: handleOf(3), clear: false }));
    expect(refusal.message).toBe("handle 3 is no name of a map: it is one of an attachment");
  });

  test("ends when the agent does, and its host hears why", async () => {
    await run(map, program, attach);
    await server.close();
    expect(left()).toBe(0);
    expect(await host.closed).toBe("the agent is ending");
  });

  test("ignores an acknowledgement of a stream that has been closed", async () => {
    host.acknowledge(handleOf(7), 0, 100n);
    await settle();
    expect((await run(map)).results).toEqual([{ handle: 1 }]);
  });
});

describe("hello", () => {
  test("tells the methods and the steps that the agent knows", async () => {
    const [hostEnd, agentEnd] = createChannelPair();
    server.accept(agentEnd);
    const { hello } = await openSession(hostEnd, {
      client: "test",
      randomBytes: (length) => new Uint8Array(length).fill(1),
    });
    expect(hello.agent).toBe("agent");
    expect(hello.methods).toContain("plan.run");
    expect(hello.planSteps).toContain("attachUprobe");
    expect(hello.nonce).toEqual(new Uint8Array(32).fill(7));
  });

  test("lifts the listener's bounds when the host is let in", async () => {
    let isReady = false;
    const [hostEnd, agentEnd] = createChannelPair();
    server.accept(agentEnd, {
      onReady: () => {
        isReady = true;
      },
    });
    await openSession(hostEnd, {
      client: "test",
      randomBytes: (length) => new Uint8Array(length),
    });
    expect(isReady).toBe(true);
  });
});

describe("a hint", () => {
  test("names the capability that the agent lacks", async () => {
    fake.files.set("/proc/self/status", "Uid:\t9\t9\t9\t9\nCapEff:\t0000000000000000\n");
    fake.refuse("bpf(PROG_LOAD)", "EPERM");
    const refusal = await refusalOf(run(map, program));
    expect(refusal.details.hint).toBe(
      "the agent lacks CAP_BPF and CAP_PERFMON: start it as root, or give it these",
    );
  });

  test("says that the kernel is locked down when the agent has all it needs", async () => {
    fake.files.set("/proc/self/status", "Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n");
    fake.files.set("/sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
    fake.refuse("perf_event_open", "EPERM");
    const refusal = await refusalOf(run(map, program, attach));
    expect(refusal.details.hint).toBe("the kernel is locked down (confidentiality)");
  });

  test("says how a kernel without BPF was built", async () => {
    fake.refuse("bpf(MAP_CREATE)", "ENOSYS");
    const refusal = await refusalOf(run(map));
    expect(refusal.details.hint).toBe("this kernel was built without CONFIG_BPF_SYSCALL");
  });

  test("says of a symbol that the kernel has not that it is missing", async () => {
    fake.refuse("perf_event_open type=6", "ENOENT");
    const refusal = await refusalOf(
      run(program, {
        kind: "attachKprobe",
        program: { step: 0 },
        symbol: "no_such_function",
        offset: 0n,
        isReturn: false,
      }),
    );
    expect(refusal.code).toBe("missing");
    expect(refusal.message).toBe(
      "attach kprobe no_such_function: kprobe PMU: perf_event_open: ENOENT; kprobe_events: openat: ENOENT",
    );
  });
});

describe("a probe that the others can do without", () => {
  test("is left out with the reason when the kernel refuses it", async () => {
    fake.addPmu("kprobe", 6);
    fake.refuse("perf_event_open type=6", "ENOENT");
    const peer = await connect();
    const { results } = await peer.call("plan.run", {
      steps: [
        program,
        {
          kind: "attachKprobe",
          program: { step: 0 },
          symbol: "no_such_function",
          offset: 0n,
          isReturn: false,
          isOptional: true,
        },
      ],
    });
    expect(results[1]).toEqual({
      refusal:
        "attach kprobe no_such_function: kprobe PMU: perf_event_open: ENOENT; kprobe_events: openat: ENOENT",
    });
  });
});

describe("an agent that is asked to end", () => {
  async function startStoppable(): Promise<{ peer: HostPeer; stops: string[] }> {
    const stops: string[] = [];
    const onStop = (): void => {
      stops.push("stop");
    };
    server = new AgentServer(fake, { agentName: "agent", onStop });
    return { peer: await connect(), stops };
  }

  function passTime(): void {
    for (const timer of fake.timers) timer.callback();
  }

  test("does so, once its answer is on the way", async () => {
    const { peer, stops } = await startStoppable();
    await peer.call("agent.stop", { force: false });
    expect(stops).toEqual([]);
    passTime();
    expect(stops).toEqual(["stop"]);
  });

  test("does not while others have sessions, unless it must", async () => {
    const { peer, stops } = await startStoppable();
    await connect();
    await expect(peer.call("agent.stop", { force: false })).rejects.toMatchObject({
      message: expect.stringContaining("it has 1 other sessions"),
    });
    await peer.call("agent.stop", { force: true });
    passTime();
    expect(stops).toEqual(["stop"]);
  });

  test("does not when it was set up to stay", async () => {
    await expect(host.call("agent.stop", { force: true })).rejects.toMatchObject({
      code: "forbidden",
    });
  });
});
