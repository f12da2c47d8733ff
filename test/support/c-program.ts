import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "@jest/globals";
import { RunningCommand, until } from "./processes.js";

const folder = mkdtempSync(join(tmpdir(), "sonde-c-"));
const running = new Set<RunningCommand>();
const stepLimitMilliseconds = 30_000;

afterAll(() => {
  for (const command of running) command.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** Compiles some C so that its stacks can be followed by frame pointers; gives the program's path. */
export function compile(name: string, source: string, options: readonly string[] = []): string {
  const path = join(folder, name);
  writeFileSync(`${path}.c`, source);
  const frames = ["-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls"];
  execFileSync("gcc", [...frames, `${path}.c`, "-o", path, ...options]);
  return path;
}

/**
 * C of a program that goes a step for each byte that it reads: innermost(), called by middle(), outermost() and main(), makes a
 * umask() by itself, without the C library. `extra` is done in each step before that.
 */
export function chainSource({ globals = "", extra = "" } = {}): string {
  return `
#include <unistd.h>
#include <sys/syscall.h>
#define APART __attribute__((noinline))
${globals}
APART static long innermost(long n) {
  // Else it has no frame of its own.
  n += __builtin_frame_address(0) == 0;
#if defined(__x86_64__)
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(SYS_umask), "D"(022) : "rcx", "r11", "memory");
#else
  register long number asm("x8") = SYS_umask;
  register long result asm("x0") = 022;
  asm volatile("svc 0" : "+r"(result) : "r"(number) : "memory");
#endif
  return result + n;
}
APART long middle(long n) { return innermost(n) + 1; }
APART long outermost(long n) { return middle(n) + 2; }
int main(void) {
  char step;
  volatile long sum = 0;
  write(1, "ready\\n", 6);
  while (read(0, &step, 1) == 1) {
    ${extra}
    sum += outermost(step);
    write(1, "done\\n", 5);
  }
  return 0;
}`;
}

/** A process that goes step by step. */
export class SteppedProgram {
  readonly #command: RunningCommand;
  #steps = 0;

  private constructor(command: RunningCommand) {
    this.#command = command;
  }

  static async start(
    path: string,
    args: readonly string[] = [],
    { cwd }: { readonly cwd?: string } = {},
  ): Promise<SteppedProgram> {
    const stdio: ["pipe", "pipe", "pipe"] = ["pipe", "pipe", "pipe"];
    const command = new RunningCommand(path, args, { stdio, cwd });
    running.add(command);
    void command.ended.then(() => running.delete(command));
    await command.prints(/^ready$/m);
    return new SteppedProgram(command);
  }

  get pid(): number {
    return this.#command.pid;
  }

  async step(): Promise<void> {
    this.#steps++;
    this.#command.child.stdin?.write("g");
    const isDone = (): boolean => this.#command.output.split(/^done$/m).length > this.#steps;
    await until(() => isDone() || this.#command.hasEnded, stepLimitMilliseconds);
    if (!isDone()) throw new Error(`the program failed: ${this.#command.errors}`);
  }

  async end(): Promise<void> {
    this.#command.child.stdin?.end();
    await this.#command.ended;
  }
}
