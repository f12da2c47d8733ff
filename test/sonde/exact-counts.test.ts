import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect } from "@jest/globals";
import { startGenerator } from "../../bench/generator.js";
import { connect, type TraceEvent } from "../../packages/host/src/index.js";
import { type RunningCommand, until } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { endOf, interrupt, startSonde, type Outcome } from "../support/sonde.js";

/** Every event that a program wrote arrives or is counted as lost: produced = delivered + lost, exactly. */
const tracing = requiresFeature("tracepoint", "raw_tracepoint", "ringbuf");

const folder = mkdtempSync(join(tmpdir(), "sonde-exact-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Run {
  /** Of the tracing language; `$1` is the generator's process. */
  readonly program: string;
  readonly count: number;
  readonly options?: readonly string[];
  /** How the trace ends: interrupted once all has been produced, or by itself. */
  readonly endsItself?: boolean;
}

interface Counted extends Outcome {
  /** What came in the file that the output went to. */
  readonly text: string;
  /** As the end of the trace told it. */
  readonly lost: number;
}

let runCount = 0;

/** Traces one generator at full speed, the output going to a file. */
async function traceGenerator(run: Run): Promise<Counted> {
  const generator = await startGenerator({ count: run.count });
  const file = join(folder, String(runCount++));
  const fd = openSync(file, "w");
  try {
    const sonde = startSonde(
      ["trace", ...(run.options ?? []), "-e", run.program, String(generator.pid)],
      { stdio: ["ignore", fd, "pipe"] },
    );
    await untilAttached(sonde, file);
    await generator.run();
    const outcome = await (run.endsItself === true ? endOf(sonde) : interrupt(sonde));
    return { ...outcome, text: readFileSync(file, "latin1"), lost: reportedLost(outcome.errors) };
  } finally {
    closeSync(fd);
    generator.stop();
  }
}

async function untilAttached(sonde: RunningCommand, file: string): Promise<void> {
  const isAttached = (): boolean =>
    sonde.errors.includes("Attached") || readFileSync(file, "latin1").includes("attached_probes");
  await until(() => isAttached() || sonde.hasEnded, 20_000);
  if (!isAttached()) throw new Error(`not attached: ${sonde.errors}`);
}

function reportedLost(errors: string): number {
  return Number(/^Lost (\d+) events in all/m.exec(errors)?.[1] ?? 0);
}

function countMatches(text: string, pattern: RegExp): number {
  let count = 0;
  const matches = text.matchAll(pattern);
  while (matches.next().done !== true) count++;
  return count;
}

const onCall = "tracepoint:syscalls:sys_enter_getppid /pid == $1/";
const tinyRing = "config = { perf_rb_pages = 1 }";

describe("at full speed, delivered plus lost equals produced", () => {
  tracing("with every event printed to a file", async () => {
    const count = 1_000_000;
    const { text, lost, code } = await traceGenerator({
      program: `${onCall} { printf("%d %s %llu\\n", pid, comm, nsecs); }`,
      count,
    });
    expect(countMatches(text, /^\d+ \S+ \d+$/gm) + lost).toBe(count);
    expect(code).toBe(130);
  });

  tracing("with a ring of one page, which loses most", async () => {
    const count = 400_000;
    const { text, lost } = await traceGenerator({
      program: `${tinyRing} ${onCall} { printf("%d %s %llu\\n", pid, comm, nsecs); }`,
      count,
    });
    const delivered = countMatches(text, /^\d+ \S+ \d+$/gm);
    expect(delivered + lost).toBe(count);
    expect(lost).toBeGreaterThan(0);
    expect(delivered).toBeGreaterThan(0);
  });

  tracing("as JSON, which says where they were lost", async () => {
    const count = 300_000;
    const { text, lost } = await traceGenerator({
      program: `${tinyRing} ${onCall} { printf("%llu\\n", nsecs); }`,
      count,
      options: ["-f", "json"],
    });
    const losses = [...text.matchAll(/^\{"type": "lost_events", "data": \{"events": (\d+)\}\}$/gm)];
    const lostInPlaces = losses.reduce((sum, [, events]) => sum + Number(events), 0);
    expect(countMatches(text, /^\{"type": "printf"/gm) + lostInPlaces).toBe(count);
    expect(lostInPlaces).toBe(lost);
  });

  tracing("from two processes on all CPUs", async () => {
    const count = 200_000;
    const generators = await Promise.all([startGenerator({ count }), startGenerator({ count })]);
    const [first, second] = generators;
    const program = `tracepoint:syscalls:sys_enter_getppid /pid == ${first.pid} || pid == ${second.pid}/ { printf("%d\\n", pid); @[pid] = count(); }`;
    const file = join(folder, "two");
    const fd = openSync(file, "w");
    const sonde = startSonde(["trace", "-e", program], { stdio: ["ignore", fd, "pipe"] });
    await untilAttached(sonde, file);
    await Promise.all(generators.map((generator) => generator.run()));
    const { errors } = await interrupt(sonde);
    closeSync(fd);
    for (const generator of generators) generator.stop();
    const text = readFileSync(file, "latin1");
    expect(countMatches(text, /^\d+$/gm) + reportedLost(errors)).toBe(2 * count);
    for (const { pid } of generators) expect(text).toContain(`@[${pid}]: ${count}\n`);
  });

  tracing("when the reader of the output stops for a while", async () => {
    const count = 600_000;
    const generator = await startGenerator({ count });
    const program = `config = { perf_rb_pages = 16 } ${onCall} { printf("%d %s %llu\\n", pid, comm, nsecs); }`;
    const sonde = startSonde(["trace", "-e", program, String(generator.pid)]);
    await sonde.says(/^Attached/m);
    sonde.child.stdout?.pause();
    await generator.run();
    sonde.child.stdout?.resume();
    const { output, errors } = await interrupt(sonde);
    generator.stop();
    const lost = reportedLost(errors);
    expect(countMatches(output, /^\d+ \S+ \d+$/gm) + lost).toBe(count);
    expect(lost).toBeGreaterThan(0);
  });
});

describe("what a program asks for is not lost with its events", () => {
  tracing("exit() comes through a full ring, and ends the trace", async () => {
    const count = 300_000;
    const { text, lost, code } = await traceGenerator({
      program: `${tinyRing} ${onCall} { @n++; printf("%d\\n", pid); if (@n == ${count}) { exit(9); } }`,
      count,
      endsItself: true,
    });
    expect(code).toBe(9);
    expect(countMatches(text, /^\d+$/gm) + lost).toBe(count);
    expect(text).toContain(`\n@n: ${count}\n`);
  });

  tracing("maps that are printed and cleared in the middle of a flood add up", async () => {
    const count = 300_000;
    const { text, lost } = await traceGenerator({
      program: `${tinyRing} ${onCall} { @all = count(); @by[pid] = count(); @sum = sum(2); printf("%d\\n", pid); }
        interval:ms:20 { print(@all); clear(@all); print(@by); clear(@by); print(@sum); clear(@sum); }`,
      count,
    });
    const add = (pattern: RegExp): number =>
      [...text.matchAll(pattern)].reduce((sum, [, number]) => sum + Number(number), 0);
    expect(countMatches(text, /^\d+$/gm) + lost).toBe(count);
    expect(add(/^@all: (\d+)$/gm)).toBe(count);
    expect(add(/^@sum: (\d+)$/gm)).toBe(2 * count);
    // A program may be adding to an entry that is being taken out: one for each CPU and clear, at most.
    const clears = countMatches(text, /^@by\[/gm);
    const missing = count - add(/^@by\[\d+\]: (\d+)$/gm);
    expect(missing).toBeGreaterThanOrEqual(0);
    expect(missing).toBeLessThanOrEqual(clears * availableParallelism());
    expect(countMatches(text, /^@all: /gm)).toBeGreaterThan(2);
  });

  tracing("updates that a full map refused are counted", async () => {
    const count = 50_000;
    const { text, errors } = await traceGenerator({
      program: `config = { max_map_keys = 100 } ${onCall} { @n++; @[@n] = count(); }`,
      count,
    });
    const failed = Number(/^(\d+) map updates failed/m.exec(errors)?.[1]);
    expect(countMatches(text, /^@\[\d+\]: 1$/gm)).toBe(100);
    expect(failed).toBe(count - 100);
  });
});

describe("in a script", () => {
  tracing("events and losses add up, and come in order", async () => {
    const count = 300_000;
    const generator = await startGenerator({ count });
    await using target = await connect("local:");
    const program = await target.compile(
      `config = { perf_rb_pages = 8 } ${onCall} { printf("%llu", nsecs); @ = count(); }`,
      { positional: [String(generator.pid)] },
    );
    await using trace = await target.start(program);
    const counting = countEvents(trace.events());
    await generator.run();
    const result = await trace.stop();
    const counted = await counting;
    generator.stop();
    expect(counted.printed + counted.lost).toBe(count);
    expect(BigInt(counted.lost)).toBe(result.lost);
    expect(counted.isInOrder).toBe(true);
    expect(counted.map).toBe(BigInt(count));
  });
});

async function countEvents(
  events: AsyncIterable<TraceEvent>,
): Promise<{ printed: number; lost: number; isInOrder: boolean; map: bigint }> {
  const counted = { printed: 0, lost: 0, isInOrder: true, map: 0n };
  let last = 0n;
  for await (const event of events) {
    if (event.kind === "lost") counted.lost += Number(event.count);
    if (event.kind === "map") {
      const value = event.entries[0]?.value;
      if (value?.kind === "number") counted.map = value.value;
    }
    if (event.kind !== "printf") continue;
    counted.printed++;
    const [time] = event.args;
    if (time?.kind !== "integer" || time.value < last) counted.isInOrder = false;
    else last = time.value;
  }
  return counted;
}
