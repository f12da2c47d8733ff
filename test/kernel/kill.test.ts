import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect } from "@jest/globals";
import { heldBy, type KernelObjects, stillInKernel } from "../support/kernel-objects.js";
import {
  childrenOf,
  isRunning,
  type RunningCommand,
  startAgent,
  startTrace,
  until,
} from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";

const rounds = 20;
/** Rounds at the same time: most of a round is waiting for processes to start. */
const lanes = 2;
const cleanWithinMilliseconds = 2000;
const leaseSeconds = 1;
const timeoutMilliseconds = 180_000;

const program = `
  tracepoint:syscalls:sys_enter_getppid { @calls[comm] = count(); }
  tracepoint:sched:sched_switch { @switches = count(); }
  tracepoint:syscalls:sys_enter_getpid { printf("%d\\n", pid); }
  rawtracepoint:sys_enter { @enters = count(); }
  profile:hz:49 { @samples[comm] = count(); }
  interval:s:1 { print(@switches); }
`;
const tenTracepoints = ["read", "write", "openat", "close", "mmap", "brk", "futex", "getpid"]
  .map((name) => `tracepoint:syscalls:sys_enter_${name}`)
  .concat("tracepoint:sched:sched_switch", "tracepoint:sched:sched_wakeup")
  .map((probe) => `${probe} { @[probe] = count(); }`)
  .join("\n");

interface Trace {
  readonly host: RunningCommand;
  readonly agentPid: number;
  /** How long the agent may keep what is in the kernel after its host has gone. */
  readonly leaseMilliseconds: number;
}

interface Link {
  readonly name: string;
  start(source: string): Promise<Trace>;
}

const folder = mkdtempSync(join(tmpdir(), "sonde-kill-"));
const agents = new Set<RunningCommand>();
const hosts = new Set<RunningCommand>();
let socketCount = 0;

afterEach(() => {
  for (const program of [...hosts, ...agents]) program.kill("SIGKILL");
  hosts.clear();
  agents.clear();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function startOver(target: string, source: string): Promise<RunningCommand> {
  const host = await startTrace("-t", target, "-e", source);
  hosts.add(host);
  return host;
}

async function startListening(way: string[], source: string, lease: number): Promise<Trace> {
  const { agent, target } = await startAgent(...way);
  agents.add(agent);
  const host = await startOver(target, source);
  return { host, agentPid: agent.pid, leaseMilliseconds: lease };
}

const local: Link = {
  name: "local:",
  start: async (source) => {
    const host = await startOver("local:", source);
    const [agentPid = 0] = childrenOf(host.pid);
    return { host, agentPid, leaseMilliseconds: 0 };
  },
};
const unix: Link = {
  name: "unix:",
  start: (source) => startListening(["--unix", join(folder, `${socketCount++}.sock`)], source, 0),
};
const webSocket: Link = {
  name: "ws://",
  start: (source) =>
    startListening(
      ["--listen", "ws://127.0.0.1:0", "--lease", String(leaseSeconds)],
      source,
      leaseSeconds * 1000,
    ),
};

const victims = [
  { name: "the host", hosts: true, agents: false },
  { name: "the agent", hosts: false, agents: true },
  { name: "both", hosts: true, agents: true },
] as const;
type Victim = (typeof victims)[number];

/** One trace that is killed; nothing of it may be left. */
async function killOnce(link: Link, victim: Victim, source: string): Promise<void> {
  const trace = await link.start(source);
  const held = heldBy(trace.agentPid);
  expectTracing(held);
  if (victim.hosts) trace.host.kill("SIGKILL");
  if (victim.agents) process.kill(trace.agentPid, "SIGKILL");

  const lease = victim.agents ? 0 : trace.leaseMilliseconds;
  await until(() => stillInKernel(held).length === 0, lease + cleanWithinMilliseconds);
  expect(stillInKernel(held)).toEqual([]);

  if (victim.agents) {
    // Whoever killed it: a host that has lost its agent says so and ends.
    await until(() => trace.host.hasEnded, cleanWithinMilliseconds);
    expect(await trace.host.ended).toBe(victim.hosts ? "SIGKILL" : 2);
  } else if (link === local) {
    await until(() => !isRunning(trace.agentPid), cleanWithinMilliseconds);
    expect(isRunning(trace.agentPid)).toBe(false);
  } else {
    expect(isRunning(trace.agentPid)).toBe(true);
    process.kill(trace.agentPid, "SIGKILL");
  }
}

/** Programs, maps and links: what is not there cannot be left behind. */
function expectTracing(held: KernelObjects): void {
  for (const kind of ["prog", "map", "link"]) {
    expect([...held].filter((object) => object.startsWith(kind)).length).toBeGreaterThan(0);
  }
}

async function killManyTimes(link: Link, victim: Victim): Promise<void> {
  let remaining = rounds;
  const lane = async (): Promise<void> => {
    while (remaining-- > 0) await killOnce(link, victim, program);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** As after a network cable was pulled: nothing closes the connection. */
async function hangOnce(): Promise<void> {
  const trace = await webSocket.start(program);
  const held = heldBy(trace.agentPid);
  expectTracing(held);
  trace.host.kill("SIGSTOP");
  await until(
    () => stillInKernel(held).length === 0,
    leaseSeconds * 1000 + cleanWithinMilliseconds,
  );
  expect(stillInKernel(held)).toEqual([]);
}

const kernelTest = requiresFeature("tracepoint", "raw_tracepoint", "ringbuf");

for (const link of [local, unix, webSocket]) {
  describe(`after kill -9 while tracing over ${link.name}`, () => {
    for (const victim of victims) {
      kernelTest(
        `of ${victim.name}, ${rounds} times, nothing is left in the kernel`,
        () => killManyTimes(link, victim),
        timeoutMilliseconds,
      );
    }

    kernelTest(
      "of the host, ten perf tracepoints are gone in time",
      () => killOnce(link, victims[0], tenTracepoints),
      timeoutMilliseconds,
    );
  });
}

describe("after a host over ws:// has stopped answering", () => {
  kernelTest(
    "nothing is left in the kernel at the end of the lease",
    hangOnce,
    timeoutMilliseconds,
  );
});
