import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { compile } from "../support/c-program.js";
import { RunningCommand } from "../support/processes.js";
import { requiresFeature } from "../support/requires.js";
import { runSonde } from "../support/sonde.js";

const tracing = requiresFeature("tracepoint", "uprobe", "get_stack", "ringbuf", "bounded_loops");

const folder = mkdtempSync(join(tmpdir(), "sonde-stack-tools-"));

/** One process wakes the other through a pipe, from a function, fifty times a second; it also leaks. */
const source = `
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#define APART __attribute__((noinline, noclone))
static int ends[2];
static volatile long sum;
APART long call(long number, long a, long b, long c) {
  return syscall(number, a, b, c) + (__builtin_frame_address(0) == 0);
}
APART long waitForByte(void) { char byte; return call(SYS_read, ends[0], (long)&byte, 1) + 1; }
APART long giveByte(void) { return call(SYS_write, ends[1], (long)"x", 1) + 1; }
APART char *leak(int bytes) { char *p = malloc(bytes); p[0] = 1; return p + 1; }
APART char *keep(void) { return leak(1000) + 1; }
int main(void) {
  pipe(ends);
  if (fork() == 0) {
    prctl(PR_SET_NAME, "st-sleeper");
    prctl(PR_SET_PDEATHSIG, 9);
    for (;;) sum += waitForByte();
  }
  prctl(PR_SET_NAME, "st-waker");
  write(1, "ready\\n", 6);
  for (;;) {
    sum += giveByte();
    sum += *keep();
    free(malloc(77));
    usleep(20000);
  }
}`;

let program = "";
let pair: RunningCommand | undefined;

beforeAll(async () => {
  program = compile("stack-tools", source, ["-fno-builtin"]);
  pair = new RunningCommand(program, []);
  await pair.prints(/^ready$/m);
});

afterAll(() => {
  pair?.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

async function run(...args: readonly string[]): Promise<string> {
  const sonde = await runSonde(args, { limitMilliseconds: 55_000 });
  expect({ args, code: sonde.code, errors: sonde.errors }).toMatchObject({ code: 0 });
  return sonde.output;
}

describe("tools of stacks", () => {
  tracing("offcputime shows where a thread stopped, and for how long", async () => {
    const output = await run("offcputime", "-u", "-d", "2");
    expect(output).toMatch(
      /^Tracing off-CPU time \(us\) of user threads by user \+ kernel stack for 2 secs\.\n\n/,
    );
    const stack = /( {4}__schedule\n(?: {4}\S.*\n)+ {4}- {16}st-sleeper \(\d+\)\n {8}\d+\n)/.exec(
      output,
    )?.[1];
    expect(stack).toMatch(/ {4}entry_SYSCALL_64\w*\n {4}--\n/);
    expect(stack).toMatch(/ {4}waitForByte\n {4}main\n/);
  });

  tracing("wakeuptime and offwaketime show who ended a sleep, by which stack", async () => {
    const woken = await run("wakeuptime", "2");
    expect(woken).toMatch(
      / {4}target: {10}st-sleeper\n(?: {4}\S.*\n)+ {4}waker: {11}st-waker\n {8}\d+\n/,
    );
    const folded = await run("offwaketime", "-f", "2");
    expect(folded).toMatch(
      /^st-sleeper;(?:[^;]+;)*main;waitForByte;(?:[^;]+;)*--;(?:[^;]+;)*giveByte;main;(?:[^;]+;)*st-waker \d+$/m,
    );
  });

  tracing("funccount and stackcount count functions of processes, and tracepoints", async () => {
    const [functions, events] = [
      await run("funccount", "-d", "1.5", `${program}:*Byte`),
      await run("funccount", "-d", "1", "-p", String(pair?.pid), "t:sched:sched_wak*"),
    ];
    expect(functions).toMatch(
      /^Tracing 2 functions for ".*:\*Byte"\.\.\. Hit Ctrl-C to end\.\n\nFUNC {23,}COUNT\n/,
    );
    expect(functions).toMatch(/^giveByte {18} +\d+$/m);
    expect(functions).toMatch(/^Detaching\.\.\.\n$/m);
    expect(events).toMatch(/^sched:sched_waking +\d+$/m);
    const stacks = await run("stackcount", "-D", "1.5", "-P", "-U", `${program}:call`);
    expect(stacks).toMatch(
      / {2}call\n {2}giveByte\n {2}main\n(?: {2}\S.*\n)* {4}st-waker \[\d+\]\n {4}\d+\n/,
    );
  });

  tracing(
    "memleak shows what was not released, and by whom, as text and as a picture",
    async () => {
      const file = join(folder, "leaks.html");
      const pid = String(pair?.pid);
      const output = await run("memleak", "-p", pid, "-o", "0", "1", "1");
      expect(output).toMatch(
        /^Attaching to pid \d+, Ctrl\+C to quit\.\n\[\d\d:\d\d:\d\d\] Top 10 stacks with outstanding allocations:\n/,
      );
      const found =
        /\t(\d+) bytes in (\d+) allocations from stack\n\t\tleak\+0x\w+ \[stack-tools\]\n\t\tkeep\+/.exec(
          output,
        );
      expect(Number(found?.[1])).toBe(1000 * Number(found?.[2]));
      expect(output).not.toContain("\t77 bytes");
      await run("memleak", "-p", pid, "--combined-only", "--flamegraph", file, "1", "1");
      expect(readFileSync(file, "utf8")).toContain('"name":"keep"');
    },
  );
});
