import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { transform } from "esbuild";
import {
  connect,
  ConnectError,
  type MapEntry,
  ProgramError,
  RemoteError,
  type Target,
  TargetError,
} from "../../packages/host/src/index.js";
import { heldBy, leftInKernel } from "../support/kernel-objects.js";
import { childrenOf, isRunning, RunningCommand, until } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { runWorkload, Workload } from "../support/workload.js";

const tracing = requiresFeature("tracepoint", "raw_tracepoint", "ringbuf");

const root = join(import.meta.dirname, "..", "..");
const examplePath = join(root, "docs/examples/failed-opens.ts");

describe("the example of docs/scripting.md", () => {
  test("is shown there as it is", () => {
    const page = readFileSync(join(root, "docs/scripting.md"), "utf8");
    expect(page).toContain(`\`\`\`ts\n${readFileSync(examplePath, "utf8")}\`\`\``);
  });

  tracing("prints what a program looked for in vain, and how often", async () => {
    const example = await startExample("local:", "60", "scr-example");
    await example.prints(/^2 probes attached$/m);
    await runWorkload(
      "scr-example",
      'open(my $f, "<", $_) for ("/none/a", "/etc/passwd", "/none/b", "/etc/passwd/c");',
    );
    await example.prints(/for \/etc\/passwd\/c$/m);
    example.kill("SIGINT");
    expect(await example.ended).toBe(0);
    await example.closed;
    expect(example.errors).toBe("");
    expect(example.output).toBe(
      [
        "2 probes attached",
        "scr-example: error 2 for /none/a",
        "scr-example: error 2 for /none/b",
        "scr-example: error 20 for /etc/passwd/c",
        "3 scr-example\n",
      ].join("\n"),
    );
  });

  tracing("ends by itself after the time it is given", async () => {
    const example = await startExample("local:", "0.3", "scr-nobody");
    expect(await example.ended).toBe(0);
    await example.closed;
    expect(example.output).toBe("2 probes attached\n");
  });
});

/** As a person would run it: its types taken off, by Node, with the library as it was built. */
async function startExample(...args: readonly string[]): Promise<RunningCommand> {
  const { code } = await transform(readFileSync(examplePath, "utf8"), {
    loader: "ts",
    format: "esm",
    target: "node20",
  });
  const command = new RunningCommand(process.execPath, ["--input-type=module", "-", ...args], {
    cwd: root,
    stdio: ["pipe", "pipe", "pipe"],
  });
  command.child.stdin?.end(code);
  return command;
}

/** The agents that this process has started. */
function ownAgents(): readonly number[] {
  return childrenOf(process.pid).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("sonde-agent"),
  );
}

describe("a script", () => {
  tracing("takes events with typed values", async () => {
    await using target = await connect("local:");
    const program = await target.compile(`
      BEGIN { printf("%d %s", 1 - 3, "text"); print((7, "tuple", (1, 2))); print(5); time("now"); exit(4); }
      END { printf("last"); @count["a", 2] = count(); @plain = "value"; }`);
    await using trace = await target.start(program);
    const events = await all(trace.events());
    expect(events).toMatchObject([
      { kind: "attached", probes: 2 },
      {
        kind: "printf",
        text: "-2 text",
        args: [
          { kind: "integer", value: -2n, isSigned: true },
          { kind: "string", value: "text", isCut: false },
        ],
      },
      {
        kind: "value",
        value: {
          kind: "tuple",
          elements: [
            { kind: "integer", value: 7n },
            { kind: "string", value: "tuple" },
            { kind: "tuple", elements: [{ value: 1n }, { value: 2n }] },
          ],
        },
      },
      { kind: "value", value: { kind: "integer", value: 5n } },
      { kind: "time", text: "now" },
      { kind: "printf", text: "last", args: [] },
      {
        kind: "map",
        name: "@count",
        entries: [
          {
            key: [
              { kind: "string", value: "a" },
              { kind: "integer", value: 2n },
            ],
            value: { kind: "number", value: 1n },
          },
        ],
      },
      { kind: "map", name: "@plain", entries: [{ value: { kind: "plain" } }] },
    ]);
    expect((await trace.stop()).exitCode).toBe(4);
  });

  tracing("reads maps while the trace runs and when it has ended", async () => {
    const workload = await Workload.start(
      "scr-maps",
      "umask($_) for (1, 1, 2);",
      "umask(2) for 1..5;",
    );
    await using target = await connect("local:");
    const program = await target.compile(
      'tracepoint:syscalls:sys_enter_umask /comm == "scr-maps"/ { @[args.mask] = count(); @sizes = hist(args.mask); }',
    );
    await using trace = await target.start(program);
    const events = all(trace.events());
    await workload.step();
    expect(await counts(trace.map("@"))).toEqual([
      [2n, 1n],
      [1n, 2n],
    ]);
    await workload.step();
    await workload.end();
    const result = await trace.stop();
    expect(result).toMatchObject({ exitCode: 0, lost: 0n, failedUpdates: 0n });
    expect(await counts(trace.map("@"))).toEqual([
      [1n, 2n],
      [2n, 6n],
    ]);
    const [sizes] = await all(trace.map("@sizes"));
    expect(sizes?.value).toMatchObject({
      kind: "histogram",
      buckets: [
        { low: 1n, high: 1n, count: 2n },
        { low: 2n, high: 3n, count: 6n },
      ],
    });
    await expect(all(trace.map("@nothing"))).rejects.toThrow(TargetError);
    expect((await events).map(({ kind }) => kind)).toEqual(["attached", "map", "map"]);
  });

  tracing("may leave the loop at any time, and leaves nothing in the kernel", async () => {
    let held: ReadonlySet<string>;
    let agents: readonly number[];
    {
      await using target = await connect("local:");
      const program = await target.compile('interval:ms:10 { printf("tick"); }');
      await using trace = await target.start(program);
      agents = ownAgents();
      held = new Set(agents.flatMap((pid) => [...heldBy(pid)]));
      for await (const event of trace.events()) if (event.kind === "printf") break;
    }
    expect(held.size).toBeGreaterThan(2);
    expect(await leftInKernel(held)).toEqual([]);
    expect(await until(() => !agents.some(isRunning), 2000)).toBe(true);
  });

  tracing("runs one trace after the other on a connection, and two on two", async () => {
    await using target = await connect("local:");
    await using other = await connect("local:");
    const ticks = (of: Target): Promise<string[]> => tickTwice(of);
    expect(await ticks(target)).toEqual(["tick", "tick"]);
    const program = await target.compile('interval:ms:10 { printf("tick"); }');
    const first = await target.start(program);
    await expect(target.start(program)).rejects.toThrow(
      "a trace is running on this connection already",
    );
    expect(await ticks(other)).toEqual(["tick", "tick"]);
    await first.close();
    await using second = await target.start(program);
    // Closed already: this is not about the second.
    await first.close();
    for await (const event of second.events()) if (event.kind === "printf") break;
  });

  tracing("hears what is wrong as errors of different classes", async () => {
    await using target = await connect("local:");
    await expect(target.compile("BEGIN { oops }")).rejects.toThrow(ProgramError);
    await expect(target.compile("tracepoint:no:such { }")).rejects.toMatchObject({
      diagnostics: [
        { severity: "error", hints: expect.arrayContaining([expect.stringContaining("no:such")]) },
      ],
    });
    await expect(connect("unix:/no/socket")).rejects.toThrow(ConnectError);
    await expect(connect("nonsense")).rejects.toThrow(TargetError);
    const program = await target.compile("interval:s:1 { @ = count(); }");
    await expect(target.start(program, { record: "/no/such/folder" })).rejects.toThrow(TargetError);
    const [map] = program.spec.object.maps;
    const tooLarge = { ...program.spec.object, maps: [{ ...map, valueSizeBytes: 1 << 30 }] };
    const broken = { ...program, spec: { ...program.spec, object: tooLarge as never } };
    await expect(target.start(broken)).rejects.toThrow(RemoteError);
    // None of that is in the way of a trace.
    await using trace = await target.start(program);
    expect((await trace.stop()).exitCode).toBe(0);
  });

  tracing("hears that its agent has gone", async () => {
    await using target = await connect("local:");
    const [agent = 0] = ownAgents();
    await using trace = await target.start(await target.compile('interval:s:9 { printf("x"); }'));
    const events = all(trace.events());
    process.kill(agent, "SIGKILL");
    await expect(events).rejects.toThrow(/closed|link|agent/);
  });
});

async function tickTwice(target: Target): Promise<string[]> {
  const program = await target.compile(
    'interval:ms:5 { printf("tick"); @n++; if (@n == 2) { exit(); } }',
  );
  await using trace = await target.start(program);
  const texts: string[] = [];
  for await (const event of trace.events()) if (event.kind === "printf") texts.push(event.text);
  return texts.slice(0, 2);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const gathered: T[] = [];
  for await (const item of items) gathered.push(item);
  return gathered;
}

async function counts(entries: AsyncIterable<MapEntry>): Promise<unknown[]> {
  return (await all(entries)).map(({ key, value }) => [
    key[0]?.kind === "integer" ? key[0].value : undefined,
    value.kind === "number" ? value.value : undefined,
  ]);
}
