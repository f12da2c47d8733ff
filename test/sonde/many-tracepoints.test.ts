import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { Target, type Trace } from "../../packages/host/src/index.js";
import { type RunningCommand, startAgent } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { endOf, startAttached } from "../support/sonde.js";
import { Workload } from "../support/workload.js";

/** Hundreds of tracepoints by a wildcard: those of system calls take one raw tracepoint, whose detaching takes no time. */
const tracing = requiresFeature("tracepoint", "raw_tracepoint", "ringbuf", "btf");

let agent: RunningCommand | undefined;
let address = "";
let target: Target | undefined;

beforeAll(async () => {
  if (process.getuid?.() !== 0) return;
  ({ agent, target: address } = await startAgent("--listen", "ws://127.0.0.1:0"));
  target = await Target.connect(address);
});

afterAll(async () => {
  await target?.[Symbol.asyncDispose]();
  agent?.kill();
  await agent?.ended;
});

function agentsTarget(): Target {
  if (target === undefined) throw new Error("the agent was not started");
  return target;
}

/** Runs a program while a process does a step; gives its maps as text, and how many places it was attached to. */
async function trace(
  source: string,
  step: string,
): Promise<{ readonly maps: ReadonlyMap<string, string>; readonly places: readonly string[] }> {
  const workload = await Workload.start("many-calls", step);
  const program = await agentsTarget().compile(source, { positional: [String(workload.pid)] });
  await using running = await agentsTarget().start(program);
  await workload.step();
  const { maps } = await running.stop();
  return {
    maps: mapTexts(maps),
    places: program.spec.object.attachments.map(({ kind }) => kind),
  };
}

function mapTexts(maps: Awaited<ReturnType<Trace["stop"]>>["maps"]): ReadonlyMap<string, string> {
  const texts = maps.map(({ name, entries }) => {
    const lines = entries.map(({ key, value }) => JSON.stringify([key, value], toText));
    return [name, lines.sort().join("\n")] as const;
  });
  return new Map(texts);
}

function toText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

/** Calls whose tracepoints are named otherwise than they are, ones at the ends of rows of numbers, and ones that fail. */
const calls = `umask(1); umask(2); chdir("/none"); rmdir("/none") for 1..5;
  my $room = "x" x 512; my $none = "/none"; syscall(63, $room); syscall(4, $none, $room);
  syscall(6, $none, $room); syscall(40, -1, -1, 0, 0); syscall(166, $none, 0);
  syscall(334, 0, 0, 9, 0); syscall(134); syscall(1000); syscall(-1 & 0x7fffffff);`;
const named = "umask newstat newlstat chdir rmdir newuname sendfile64 umount rseq".split(" ");

describe("a wildcard over the tracepoints of system calls", () => {
  tracing("is one raw tracepoint, and tells what the tracepoints themselves tell", async () => {
    const each = (when: string): string =>
      named.map((name) => `t:syscalls:sys_${when}_${name}`).join(",");
    const { maps, places } = await trace(
      `t:syscalls:sys_enter_* /pid == $1/ { @joined[probe, args.__syscall_nr] = count(); @all = count(); }
       ${each("enter")} /pid == $1/ { @apart[probe, args.__syscall_nr] = count(); }
       t:syscalls:sys_exit_* /pid == $1/ { @joined_exit[probe, args.__syscall_nr, args.ret] = count(); }
       ${each("exit")} /pid == $1/ { @apart_exit[probe, args.__syscall_nr, args.ret] = count(); }`,
      calls,
    );
    expect(places.filter((kind) => kind === "rawTracepoint")).toHaveLength(2);
    expect(places.filter((kind) => kind === "tracepoint")).toHaveLength(2 * named.length);
    for (const suffix of ["", "_exit"]) {
      const apart = maps.get(`@apart${suffix}`)?.split("\n") ?? [];
      // umask gives what it was told before, so that its two calls differ.
      expect(apart).toHaveLength(named.length + (suffix === "" ? 0 : 1));
      expect(maps.get(`@joined${suffix}`)?.split("\n")).toEqual(expect.arrayContaining(apart));
    }
  });

  tracing("knows its probe in loops and conditions too, and counts its probes", async () => {
    const source = `BEGIN { @list[1] = 1; @list[2] = 2; }
      t:syscalls:sys_enter_* /pid == $1 && probe == "tracepoint:syscalls:sys_enter_rmdir"/ {
        for ($kv : @list) { @loop[$kv.0, probe] = count(); }
      }`;
    const { maps } = await trace(source, 'rmdir("/none"); rmdir("/none"); umask(1);');
    const lines = maps.get("@loop")?.split("\n") ?? [];
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).toContain("sys_enter_rmdir");
    const program = await agentsTarget().compile("t:syscalls:sys_enter_* { @ = count(); }");
    expect(program.spec.layout.probeCount).toBeGreaterThan(200);
    expect(program.spec.object.programs).toHaveLength(1);
  });

  tracing("is left as it is where a block reads what only the tracepoint has", async () => {
    for (const word of ["kstack", "ctx"]) {
      const program = await agentsTarget().compile(`t:syscalls:sys_enter_s* { print(${word}); }`);
      const kinds = new Set(program.spec.object.attachments.map(({ kind }) => kind));
      expect([...kinds]).toEqual(["tracepoint"]);
    }
  });

  tracing("says how many probes it has, and ends with Ctrl-C", async () => {
    const sonde = await startAttached([
      ...["-t", address, "-e"],
      "tracepoint:syscalls:sys_enter_* { @[probe] = count(); }",
    ]);
    expect(Number(/^Attached (\d+) probes$/m.exec(sonde.errors)?.[1])).toBeGreaterThan(200);
    sonde.kill("SIGINT");
    const { code, output } = await endOf(sonde);
    expect(code).toBe(130);
    expect(output).toMatch(/^@\[tracepoint:syscalls:sys_enter_\w+\]: \d+$/m);
  });
});

describe("a raw tracepoint in a tracepoint's place", () => {
  tracing("counts what the tracepoint counts", async () => {
    await using beside = await Target.connect(address);
    const workload = await Workload.start("many-calls", 'system("/bin/true") for 1..5;');
    const source = `t:sched:sched_process_*,t:task:*,t:signal:* /pid == $1/ { @[comm] = count(); }
      t:sched:sched_process_*,t:task:*,t:signal:* /pid == $1/ { @by[probe, pid, tid] = count(); }
      t:sched:sched_process_exit { printf("%s\\n", args.comm); }`;
    const options = { positional: [String(workload.pid)] };
    const raw = await agentsTarget().compile(source, options);
    const kept = await beside.compile(source, { ...options, attachesAsWritten: true });
    expect(raw.spec.object.programs.length).toBeLessThan(kept.spec.object.programs.length);
    const kinds = raw.spec.object.attachments.map(({ kind }) => kind);
    // The one whose record is read, in every block.
    expect(kinds.filter((kind) => kind === "tracepoint")).toHaveLength(3);
    await using first = await agentsTarget().start(raw);
    await using second = await beside.start(kept);
    await workload.step();
    const [one, other] = [await first.stop(), await second.stop()];
    const counted = mapTexts(one.maps);
    expect(counted).toEqual(mapTexts(other.maps));
    expect(counted.get("@by")?.split("\n").length).toBeGreaterThan(3);
  });

  tracing(
    "tells a system call's number, its stack and what it gives as the tracepoint does",
    async () => {
      await using beside = await Target.connect(address);
      const workload = await Workload.start("many-calls", calls);
      const source = `t:raw_syscalls:sys_enter /pid == $1/ { @enter[args.id, ustack] = count(); }
      t:raw_syscalls:sys_exit /pid == $1 && args.ret < 0/ { @failed[args.ret] = count(); }`;
      const options = { positional: [String(workload.pid)] };
      const raw = await agentsTarget().compile(source, options);
      const kept = await beside.compile(source, { ...options, attachesAsWritten: true });
      const kindsOf = ({ spec }: typeof raw): string[] =>
        spec.object.attachments.map(({ kind }) => kind);
      expect(kindsOf(raw)).toEqual(["rawTracepoint", "rawTracepoint"]);
      expect(kindsOf(kept)).toEqual(["tracepoint", "tracepoint"]);
      await using first = await agentsTarget().start(raw);
      await using second = await beside.start(kept);
      await workload.step();
      const [one, other] = [await first.stop(), await second.stop()];
      expect(mapTexts(one.maps)).toEqual(mapTexts(other.maps));
      expect(mapTexts(one.maps).get("@failed")).toMatch(/"-2"/);
    },
  );

  tracing("gives it its place back where the kernel has no such raw tracepoint", async () => {
    const program = await agentsTarget().compile("t:sched:sched_process_exit { @ = count(); }");
    const { object } = program.spec;
    const attachments = object.attachments.map((attachment) => ({ ...attachment, name: "none" }));
    const lacking = { ...program.spec, object: { ...object, attachments } };
    await using running = await agentsTarget().start({ ...program, spec: lacking });
    const workload = await Workload.start("many-calls", 'system("/bin/true");');
    await workload.step();
    const counted = mapTexts((await running.stop()).maps);
    expect(counted.get("@")).toMatch(/[1-9]/);
  });
});

describe("while tracepoints are detached, which the kernel takes long for", () => {
  tracing("nothing more is shown, and what was recorded before is", async () => {
    const source =
      't:sched:* { @ = count(); printf("%d\\n", ctx != 0); } END { printf("end\\n"); }';
    const program = await agentsTarget().compile(source);
    expect(program.spec.object.attachments.length).toBeGreaterThan(20);
    await using running = await agentsTarget().start(program);
    const texts: string[] = [];
    const reading = (async () => {
      for await (const event of running.events()) {
        if (event.kind === "printf") texts.push(event.text);
      }
    })();
    const workload = await Workload.start("many-calls", 'system("/bin/true") for 1..5;');
    await workload.step();
    const { lost, maps } = await running.stop();
    await reading;
    const counted = Number(/\d+/.exec(mapTexts(maps).get("@") ?? "")?.[0]);
    expect(lost).toBe(0n);
    expect(texts.at(-1)).toBe("end\n");
    expect(texts.length).toBeGreaterThan(20);
    // The kernel may schedule on until the last one is detached: that is counted, and not shown.
    expect(texts.length - 1).toBeLessThanOrEqual(counted);
  });

  tracing("another session is answered again and again", async () => {
    await using other = await Target.connect(address);
    const program = await agentsTarget().compile("t:syscalls:sys_enter_s* { @ = ctx; }");
    expect(program.spec.object.attachments.length).toBeGreaterThan(20);
    const running = await agentsTarget().start(program);
    const progress = { hasStopped: false };
    const stopping = running.stop().then(() => (progress.hasStopped = true));
    let answers = 0;
    while (!progress.hasStopped) {
      await other.session.peer.call("clock.read", {});
      answers += 1;
    }
    await stopping;
    await running[Symbol.asyncDispose]();
    expect(answers).toBeGreaterThan(program.spec.object.attachments.length / 8);
  });
});
