import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { RunningCommand, until } from "../support/processes.js";
import { requiresCommand } from "../support/requires.js";
import { interrupt, startAttached, startSonde } from "../support/sonde.js";

const withCompiler = requiresCommand("gcc", "gcc", "uprobe", "ringbuf");

/** What sys/sdt.h makes of DTRACE_PROBE2 and a semaphore, without the header. */
const source = String.raw`
#include <stdio.h>
unsigned short marked_semaphore __attribute__((section(".probes")));
#define MARK(first, second) __asm__ volatile ( \
  "990: nop\n" \
  ".pushsection .note.stapsdt,\"\",\"note\"\n" \
  ".balign 4\n.4byte 992f-991f, 994f-993f, 3\n" \
  "991: .asciz \"stapsdt\"\n" \
  "992: .balign 4\n" \
  "993: .8byte 990b\n.8byte 0\n.8byte marked_semaphore\n" \
  ".asciz \"probed\"\n.asciz \"marked\"\n.asciz \"-4@%0 8@%1 -2@%2\"\n" \
  "994: .balign 4\n.popsection\n" \
  : : "nor" (first), "nor" (second), "n" (-7))
__attribute__((noinline)) long add_numbers(long a, long b) { __asm__ volatile (""); return a + b; }
__attribute__((noinline)) long add_names(const char *a, int b) { __asm__ volatile (""); return a[0] + b; }
__attribute__((noinline)) void mark(int first, unsigned long second) { MARK(first, second); }
int main(void) {
  char line[8];
  while (fgets(line, sizeof line, stdin) != NULL) {
    for (int i = 1; i <= 3; i++) {
      add_numbers(i, 40);
      add_names("name", i);
      mark(-i, 1ul << 40);
    }
    printf("done, %d listen\n", marked_semaphore);
    fflush(stdout);
  }
}
`;

const folder = mkdtempSync(join(tmpdir(), "sonde-user-probes-"));
const program = join(folder, "probed");
const running = new Set<RunningCommand>();
afterAll(() => {
  for (const command of running) command.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

beforeAll(() => {
  const file = join(folder, "probed.c");
  writeFileSync(file, source);
  // At an address that is not its place in the file.
  execFileSync("gcc", ["-O1", "-no-pie", "-o", program, file]);
});

/** The program, which works once for each line that it is given. */
class Probed {
  readonly command = new RunningCommand(program, [], { stdio: ["pipe", "pipe", "pipe"] });

  constructor() {
    running.add(this.command);
  }

  async work(): Promise<void> {
    const count = (): number => this.command.output.split("done").length;
    const before = count();
    this.command.child.stdin?.write("\n");
    expect(await until(() => count() > before, 10_000)).toBe(true);
  }
}

async function traceWork(source: string, ...options: readonly string[]): Promise<string> {
  const probed = new Probed();
  const sonde = await startAttached([...options, "-e", source]);
  await probed.work();
  const { output } = await interrupt(sonde);
  return output;
}

describe("functions of a program", () => {
  withCompiler("are probed by name and by wildcard, with arguments and results", async () => {
    const output = await traceWork(
      `uprobe:${program}:add_numbers { printf("%d + %d\\n", arg0, arg1); }
       uretprobe:${program}:add_numbers { printf("= %d\\n", retval); }
       uprobe:${program}:add_n* { @[func] = count(); @probes[probe] = count(); }`,
    );
    expect(output).toContain("1 + 40\n= 41\n2 + 40\n= 42\n3 + 40\n= 43\n");
    expect(output).toContain("@[add_names]: 3\n");
    expect(output).toContain(`@probes[uprobe:${program}:add_numbers]: 3\n`);
  });

  withCompiler(
    "are probed in files by wildcard, by relative path, and at their addresses",
    async () => {
      const symbols = execFileSync("nm", [program]).toString();
      const address = /^([0-9a-f]+) T add_names$/m.exec(symbols)?.[1] ?? "";
      const output = await traceWork(
        `uprobe:${folder}/pro*d:add_numbers { @wild = count(); }
       uprobe:${relative(process.cwd(), program)}:add_numbers { @relative = count(); }
       uprobe:${program}:0x${address} { @address = count(); @text = str(arg0); }
       uprobe:${program}:add_names+0 { @offset = count(); }`,
      );
      for (const name of ["wild", "relative", "address", "offset"]) {
        expect(output).toContain(`@${name}: 3\n`);
      }
      expect(output).toContain("@text: name\n");
    },
  );

  withCompiler("of one process are probed in whatever it runs", async () => {
    const other = new Probed();
    const probed = new Probed();
    await Promise.all([other.work(), probed.work()]);
    const sonde = await startAttached([
      ...["-p", String(probed.command.pid), "-e"],
      `uprobe:*:add_numbers { printf("%d %d\\n", pid, arg0); }`,
    ]);
    await other.work();
    await probed.work();
    const { output } = await interrupt(sonde);
    const { pid } = probed.command;
    expect(output).toBe(`${pid} 1\n${pid} 2\n${pid} 3\n\n\n`);
  });

  withCompiler("that are not there are told, with others like them", async () => {
    const sonde = startSonde(["trace", "-e", `uprobe:${program}:add_nunbers { }`]);
    await sonde.ended;
    expect(sonde.errors).toContain(`There is no function add_nunbers in ${program}`);
    expect(sonde.errors).toContain("HINT: Did you mean add_numbers");
  });
});

describe("marks in a program", () => {
  withCompiler("are probed with their arguments, and know that someone listens", async () => {
    const probed = new Probed();
    const sonde = await startAttached([
      "-e",
      `usdt:${program}:marked { printf("%d %llu %d\\n", arg0, arg1, arg2); }
       usdt:${program}:prob*:mark* { @[probe] = count(); }`,
    ]);
    await probed.work();
    const { output } = await interrupt(sonde);
    expect(output).toContain("-1 1099511627776 -7\n-2 1099511627776 -7\n-3 1099511627776 -7\n");
    expect(output).toContain(`@[usdt:${program}:probed:marked]: 3\n`);
    expect(probed.command.output).toContain("done, 1 listen\n");
    await probed.work();
    expect(probed.command.output).toContain("done, 0 listen\n");
  });
});
