import { describe, expect } from "@jest/globals";
import { connect, type MapEntry } from "../../packages/host/src/index.js";
import { compile, SteppedProgram } from "../support/c-program.js";
import { requiresCommand } from "../support/requires.js";

/** Programs at uprobes can be preempted and moved to another CPU in the middle: nothing may be lost of what they count. */
const withCompiler = requiresCommand("gcc", "gcc", "uprobe", "ringbuf");

const threads = 8;
const calls = 5000;

/** Each thread calls hit() so often in each step, all at the same time. */
const source = `
#include <pthread.h>
#include <unistd.h>
__attribute__((noinline)) void hit(long n) { asm volatile("" : : "r"(n)); }
static pthread_barrier_t start;
static void *work(void *unused) {
  (void)unused;
  pthread_barrier_wait(&start);
  for (long n = 1; n <= ${calls}; n++) hit(n);
  return 0;
}
int main(void) {
  char step;
  pthread_barrier_init(&start, 0, ${threads});
  write(1, "ready\\n", 6);
  while (read(0, &step, 1) == 1) {
    pthread_t all[${threads}];
    for (int i = 0; i < ${threads}; i++) pthread_create(&all[i], 0, work, 0);
    for (int i = 0; i < ${threads}; i++) pthread_join(all[i], 0);
    write(1, "done\\n", 5);
  }
  return 0;
}`;

const sum = (threads * calls * (calls + 1)) / 2;
const total = threads * calls;

/** By what a map holds in the end: its only value, or what its values add up to. */
const expected: Readonly<Record<string, string>> = {
  "count()": String(total),
  "sum(arg0)": String(sum),
  "avg(arg0)": String(Math.floor(sum / total)),
  "min(arg0)": "1",
  "max(arg0)": String(calls),
  "stats(arg0)": `count ${total}, average ${Math.floor(sum / total)}, total ${sum}`,
};

describe("eight threads at one uprobe", () => {
  withCompiler("are counted exactly by all that counts, with keys and without", async () => {
    const path = compile("threads", source, ["-pthread"]);
    const program = await SteppedProgram.start(path);
    const functions = Object.keys(expected);
    const statements = functions.flatMap((name, index) => [
      `@plain${index} = ${name};`,
      `@keyed${index}["all"] = ${name};`,
    ]);
    await using target = await connect("local:");
    const compiled = await target.compile(
      `uprobe:${path}:hit {
        ${statements.join(" ")}
        @plain_plus++; @keyed_plus["all"]++; @added["all"] += 2;
        @thread[tid] = count(); @thread_plus[tid]++; @thread_sum[tid] = sum(1);
        @hist = hist(arg0); @keyed_hist["all"] = hist(arg0); @lhist = lhist(arg0, 0, ${calls}, 1000);
      }`,
    );
    await using trace = await target.start(compiled);
    await program.step();
    const { maps, missedRuns } = await trace.stop();
    await program.end();
    expect(missedRuns).toBe(0n);
    const values = new Map(
      maps.map(({ name, entries }) => [name, entries.map(({ value }) => value)]),
    );
    const only = (name: string): string => values.get(name)?.map(textOf).join() ?? "nothing";
    const found = functions.flatMap((_, index) => [only(`@plain${index}`), only(`@keyed${index}`)]);
    expect(found).toEqual(functions.flatMap((name) => [expected[name], expected[name]]));
    expect([only("@plain_plus"), only("@keyed_plus"), only("@added")]).toEqual(
      [total, total, 2 * total].map(String),
    );
    for (const name of ["@thread", "@thread_plus", "@thread_sum"]) {
      expect(only(name)).toBe(Array.from({ length: threads }, () => calls).join());
    }
    for (const name of ["@hist", "@keyed_hist", "@lhist"]) {
      expect(countIn(values.get(name)?.[0])).toBe(total);
    }
  });
});

type MapValue = MapEntry["value"];

function textOf(value: MapValue): string {
  switch (value.kind) {
    case "number":
      return String(value.value);
    case "plain":
      return value.value.kind === "integer" ? String(value.value.value) : value.value.kind;
    case "average":
      return String(value.average);
    case "statistics":
      return `count ${value.count}, average ${value.average}, total ${value.total}`;
    default:
      return value.kind;
  }
}

/** In all buckets of a histogram. */
function countIn(value: MapValue | undefined): number {
  if (value?.kind !== "histogram") return 0;
  return value.buckets.reduce((all, { count }) => all + Number(count), 0);
}
