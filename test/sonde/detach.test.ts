import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { connect } from "../../packages/host/src/index.js";
import { CutProxy } from "../support/cut-proxy.js";
import { heldBy, leftInKernel } from "../support/kernel-objects.js";
import { agentWords, type RunningCommand, startAgent } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { interrupt, type Outcome, runSonde, startSonde } from "../support/sonde.js";
import { Workload } from "../support/workload.js";

const tracing = requiresFeature("tracepoint", "raw_tracepoint", "ringbuf");

let agent: RunningCommand;
let way: readonly string[];
const proxies: CutProxy[] = [];
const folder = mkdtempSync(join(tmpdir(), "sonde-detach-"));

beforeAll(async () => {
  const started = await startAgent("--listen", "ws://127.0.0.1:0");
  agent = started.agent;
  way = ["-t", started.target];
});
afterAll(() => {
  agent.kill("SIGKILL");
  for (const proxy of proxies) proxy.close();
  rmSync(folder, { recursive: true });
});

async function detach(
  name: string,
  program: string,
  { options = [] as readonly string[], parameters = [] as readonly (string | number)[] } = {},
): Promise<void> {
  const script = ["-e", program, ...parameters.map(String)];
  const outcome = await runSonde([
    "trace",
    "--detach",
    "--name",
    name,
    ...way,
    ...options,
    ...script,
  ]);
  expect(outcome).toMatchObject({ code: 0, output: "" });
  expect(outcome.errors).toContain(`sonde attach ${name}`);
}

interface Listed {
  readonly name: string;
  readonly isAttached: boolean;
  readonly isOver: boolean;
  readonly waitingBytes: number;
  readonly lost: number;
  readonly dropped: number;
}

async function list(): Promise<readonly Listed[]> {
  const { output } = await runSonde(["sessions", "--format", "json", ...way]);
  return output
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Listed);
}

async function find(name: string): Promise<Listed | undefined> {
  return (await list()).find((one) => one.name === name);
}

async function stop(name: string, ...options: readonly string[]): Promise<Outcome> {
  return await runSonde(["stop", name, ...way, ...options]);
}

const printsMasks =
  'tracepoint:syscalls:sys_enter_umask /pid == $1/ { printf("n %d\\n", args.mask); }';

/** The numbers after "n" at the beginning of lines. */
function numbers(output: string): number[] {
  return [...output.matchAll(/^n (\d+)$/gm)].map(([, digits]) => Number(digits));
}

describe("a trace that is detached", () => {
  const ringPages = 64;
  const count = 40_000;
  const late = 10;

  /** Lets a process make numbered calls into a ring that nobody reads: many at once, and then a few. */
  async function overflow(name: string, keep: "newest" | "oldest"): Promise<Outcome> {
    const slowly = "select(undef, undef, undef, 0.002) if $_ % 50 == 0";
    const workload = await Workload.start(
      "detach-flood",
      `for (1..${count}) { umask($_); ${slowly} }`,
      `umask(${count} + $_) for 1..${late};`,
    );
    await detach(
      name,
      `config = { perf_rb_pages = ${ringPages} }
       tracepoint:syscalls:sys_enter_umask /pid == $1/ { @ = count(); printf("n %d\\n", args.mask); }`,
      { options: ["--keep-events", keep], parameters: [workload.pid] },
    );
    await workload.step();
    const limit = keep === "newest" ? 0.75 : 1;
    const deadline = performance.now() + 20_000;
    for (;;) {
      const waiting = (await find(name))?.waitingBytes ?? Infinity;
      if (waiting <= limit * ringPages * 4096) break;
      if (performance.now() > deadline) throw new Error(`${waiting} bytes wait in the ring`);
    }
    await workload.step();
    await workload.end();
    const outcome = await stop(name);
    expect(outcome.code).toBe(0);
    expect(outcome.output).toContain(`@: ${count + late}`);
    return outcome;
  }

  function counted({ errors }: Outcome): { readonly lost: number; readonly dropped: number } {
    const [, lost, dropped] = /: (\d+) events lost and (\d+) dropped/.exec(errors) ?? [];
    return { lost: Number(lost), dropped: Number(dropped) };
  }

  tracing("keeps its newest events, and counts those that it dropped", async () => {
    const outcome = await overflow("flood-new", "newest");
    const { lost, dropped } = counted(outcome);
    const delivered = numbers(outcome.output);
    expect(delivered.length + lost + dropped).toBe(count + late);
    expect(dropped).toBeGreaterThan(0);
    const latest = Array.from({ length: late }, (_, index) => count + 1 + index);
    expect(delivered.slice(-late)).toEqual(latest);
  });

  tracing("or its oldest, and counts those that found no room", async () => {
    const outcome = await overflow("flood-old", "oldest");
    const { lost, dropped } = counted(outcome);
    const delivered = numbers(outcome.output);
    expect(dropped).toBe(0);
    expect(delivered.length + lost).toBe(count + late);
    expect(lost).toBeGreaterThan(late);
    expect(delivered).toEqual(delivered.map((_, index) => index + 1));
  });

  tracing("goes on where the last sonde left it: nothing twice, nothing missing", async () => {
    const calls = (from: number, to: number): string =>
      `umask($_) for ${from}..${to}; chdir("/none");`;
    const workload = await Workload.start(
      "detach-steps",
      calls(1, 5),
      calls(6, 8),
      calls(9, 9),
      calls(10, 13),
    );
    await detach(
      "steps",
      `tracepoint:syscalls:sys_enter_umask /pid == $1/ { printf("n %d\\n", args.mask); @all = count(); @since = count(); }
       tracepoint:syscalls:sys_enter_chdir /pid == $1/ { print(@since); clear(@since); }
       END { printf("the end\\n"); }`,
      { parameters: [workload.pid] },
    );
    await workload.step();
    const first = startSonde(["attach", "steps", ...way]);
    await first.prints(/@since: 5/);
    await workload.step();
    await first.prints(/@since: 3/);
    const left = await interrupt(first);
    expect(left.code).toBe(0);
    expect(left.errors).toContain("Left steps at work");
    expect(numbers(left.output)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(left.output).not.toMatch(/the end|@all/);

    await workload.step();
    const second = startSonde(["attach", "steps", "--stop", ...way]);
    // What the first one had cleared stays cleared.
    await second.prints(/@since: 1$/m);
    await workload.step();
    await workload.end();
    await second.prints(/^n 13$/m);
    const ended = await interrupt(second);
    expect(ended.code).toBe(130);
    expect(numbers(ended.output)).toEqual([9, 10, 11, 12, 13]);
    expect(ended.output).toContain("the end");
    expect(ended.output).toContain("@all: 13");
    expect(await find("steps")).toBeUndefined();
  });

  tracing("goes on where it was when the link of the attached sonde breaks", async () => {
    const proxy = await CutProxy.open(Number(new URL(way[1] ?? "").port));
    proxies.push(proxy);
    const workload = await Workload.start(
      "detach-cut",
      "umask($_) for 1..5;",
      "umask($_) for 6..9;",
      "umask($_) for 10..12;",
    );
    await detach("cut", printsMasks, { parameters: [workload.pid] });
    await workload.step();
    const sonde = startSonde(["attach", "cut", "-t", `ws://127.0.0.1:${proxy.port}`]);
    await sonde.prints(/^n 5$/m);
    proxy.cut({ refuses: true });
    await sonde.says(/link lost/);
    await workload.step();
    expect(await find("cut")).toMatchObject({ isAttached: false });
    proxy.mend();
    await sonde.says(/^resumed after/m);
    await workload.step();
    await workload.end();
    await sonde.prints(/^n 12$/m);
    expect((await interrupt(sonde)).code).toBe(0);
    expect(numbers(sonde.output)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
    expect((await stop("cut")).code).toBe(0);
  });

  tracing("can be left and gone on with by a script", async () => {
    const address = way[1] ?? "";
    const workload = await Workload.start("detach-api", "umask(1);", "umask(2);");
    {
      await using target = await connect(address);
      const program = await target.compile(printsMasks, { positional: [String(workload.pid)] });
      await target.startDetached(program, { name: "script", keeps: "oldest" });
    }
    await workload.step();
    const attach = { name: "script", takeOver: false };
    const read = async (count: number): Promise<readonly string[]> => {
      await using target = await connect(address, { attach });
      await using trace = await target.attachedTrace();
      const texts: string[] = [];
      for await (const event of trace.events()) {
        if (event.kind === "printf") texts.push(event.text);
        if (texts.length === count) break;
      }
      await trace.leave();
      return texts;
    };
    expect(await read(1)).toEqual(["n 1\n"]);
    await workload.step();
    await workload.end();
    expect(await read(1)).toEqual(["n 2\n"]);
    // One that is left before it is read keeps all that waits; one that is only closed, too.
    await detach("unread", 'BEGIN { printf("n 3\\n"); } interval:s:100 { }');
    for (const ending of ["leave", "close"] as const) {
      await using target = await connect(address, { attach: { name: "unread", takeOver: false } });
      const trace = await target.attachedTrace();
      await trace[ending]();
    }
    expect(numbers((await stop("unread")).output)).toEqual([3]);
    expect((await stop("script", "--no-output")).code).toBe(0);
  });

  tracing("as JSON is what it would have been from the start", async () => {
    const workload = await Workload.start("detach-json", "umask(7);");
    const program = `tracepoint:syscalls:sys_enter_umask /pid == $1/ { printf("n %d\\n", args.mask); @[comm] = count(); }`;
    await detach("json", program, { parameters: [workload.pid] });
    await workload.step();
    await workload.end();
    const { output } = await stop("json", "-f", "json");
    expect(
      output
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { type: "printf", data: "n 7\n" },
      { type: "map", data: { "@": { "detach-json": 1 } } },
    ]);
  });

  tracing(
    "ends when its script exits and someone attaches, with the script's exit code",
    async () => {
      await detach(
        "exits",
        'BEGIN { printf("begin\\n"); exit(7); } END { printf("the end\\n"); } interval:s:100 { }',
      );
      expect(await find("exits")).toMatchObject({ isAttached: false });
      const outcome = await runSonde(["attach", "exits", ...way]);
      expect(outcome).toMatchObject({
        code: 7,
        output: expect.stringMatching(/^begin\nthe end\n/),
      });
      expect(await find("exits")).toBeUndefined();
    },
  );

  tracing("records nothing more after --for, and ends when someone attaches", async () => {
    const workload = await Workload.start("detach-for", "umask(1);", "umask(2);");
    await detach("hour", printsMasks, { options: ["--for", "2s"], parameters: [workload.pid] });
    await workload.step();
    const deadline = performance.now() + 20_000;
    while ((await find("hour"))?.isOver !== true) {
      if (performance.now() > deadline) throw new Error("its time is not over");
    }
    await workload.step();
    await workload.end();
    const outcome = await runSonde(["attach", "hour", ...way]);
    expect(outcome.errors).toContain("its time is over");
    expect(outcome.code).toBe(0);
    expect(numbers(outcome.output)).toEqual([1]);
    expect(await find("hour")).toBeUndefined();
  });
});

describe("detached traces of one agent", () => {
  const program = "BEGIN { @ = count(); } tracepoint:syscalls:sys_enter_umask { @ = count(); }";

  tracing("are told apart by their names", async () => {
    await detach("one", program);
    await detach("two", program);
    expect((await list()).map(({ name }) => name)).toEqual(["one", "two"]);
    const taken = await runSonde(["trace", "--detach", "--name", "one", ...way, "-e", program]);
    expect(taken.code).toBe(2);
    expect(taken.errors).toContain("there is a detached session of that name");
    for (const command of [["attach"], ["stop"], ["stop", "--no-output"]]) {
      const wrong = await runSonde([...command, "three", ...way]);
      expect(wrong.code).toBe(1);
      expect(wrong.errors).toContain("HINT: there are: one, two");
    }
    const { output } = await runSonde(["sessions", ...way]);
    expect(output).toMatch(/^NAME +AGE +STATE.*\none .* at work .*\ntwo .* at work /);
    expect((await stop("one")).output).toMatch(/@: \d+/);
    expect(await stop("two", "--no-output")).toMatchObject({ code: 0, output: "" });
    expect(await list()).toEqual([]);
  });

  tracing("have one sonde each, which is sent away only when that is asked for", async () => {
    await detach("held", program);
    const first = startSonde(["attach", "held", ...way]);
    await first.says(/^Attached to held/m);
    const refused = await runSonde(["attach", "held", ...way]);
    expect(refused.code).toBe(2);
    expect(refused.errors).toContain("a host is attached to it already");
    const second = startSonde(["attach", "held", "--take-over", ...way]);
    await second.says(/^Attached to held/m);
    expect(await first.ended).toBe(2);
    expect(first.errors).toContain("another host has attached to the session");
    expect((await interrupt(second)).code).toBe(0);
    expect((await stop("held")).code).toBe(0);
  });

  tracing("outlive a sonde that was killed while it was attached", async () => {
    await detach("killed", program);
    const first = startSonde(["attach", "killed", ...way]);
    await first.says(/^Attached to killed/m);
    first.kill("SIGKILL");
    await first.ended;
    const outcome = await stop("killed");
    expect(outcome.code).toBe(0);
    expect(outcome.output).toMatch(/@: \d+/);
  });

  tracing(
    "leave nothing in the kernel once they are stopped, nor once their agent ends",
    async () => {
      const own = await startAgent("--listen", "ws://127.0.0.1:0");
      const there = ["-t", own.target];
      const run = async (name: string): Promise<void> => {
        const args = ["trace", "--detach", "--name", name, ...there, "-e", program];
        expect((await runSonde(args)).code).toBe(0);
      };
      await run("stopped");
      const first = heldBy(own.agent.pid);
      expect(first.size).toBeGreaterThan(2);
      expect((await runSonde(["stop", "stopped", "--no-output", ...there])).code).toBe(0);
      expect(heldBy(own.agent.pid).size).toBe(0);
      expect(await leftInKernel(first)).toEqual([]);

      await run("ended");
      const second = heldBy(own.agent.pid);
      expect(second.size).toBeGreaterThan(2);
      own.agent.kill("SIGTERM");
      expect(await own.agent.ended).toBe(0);
      expect(await leftInKernel(second)).toEqual([]);
    },
  );

  tracing("keep the agent of a relay from ending, however long nobody speaks with it", async () => {
    const socket = join(folder, "agent.sock");
    const command = `${agentWords} connect --socket '${socket}' --idle 1`;
    const there = ["-t", `exec:${command}`];
    const args = ["trace", "--detach", "--name", "idle", ...there, "-e", program];
    expect(await runSonde(args)).toMatchObject({ code: 0 });
    // Twice as long as it is allowed to be idle.
    await sleep(2500);
    const outcome = await runSonde(["stop", "idle", ...there]);
    expect(outcome).toMatchObject({ code: 0, output: expect.stringMatching(/@: \d+/) });
  });
});

describe("sonde trace --detach", () => {
  const program = "tracepoint:syscalls:sys_enter_umask { @ = count(); }";

  tracing("is refused where the agent ends with its link", async () => {
    const args = ["trace", "--detach", "--name", "boot", "-t", "local:", "-e", program];
    const outcome = await runSonde(args);
    expect(outcome.code).toBe(1);
    expect(outcome.errors).toContain("over this link a session ends with it");
    expect(outcome.errors).toContain("HINT: start an agent that stays");
  });

  const wrong: readonly { readonly args: readonly string[]; readonly says: string }[] = [
    { args: ["--detach"], says: "no name given" },
    { args: ["--name", "boot"], says: "are for --detach" },
    { args: ["--detach", "--name", "a b"], says: "a b: no name for a trace" },
    { args: ["--detach", "--name", "boot", "--for", "1y"], says: "1y: expected a duration" },
    { args: ["--detach", "--name", "boot", "-o", "file"], says: "nothing comes here yet" },
  ];
  for (const { args, says } of wrong) {
    tracing(`with ${args.join(" ")} says what is wrong`, async () => {
      const outcome = await runSonde(["trace", ...args, ...way, "-e", program]);
      expect(outcome.code).toBe(1);
      expect(outcome.errors).toContain(says);
    });
  }
});
