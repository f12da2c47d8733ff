import { afterAll } from "@jest/globals";
import { RunningCommand, until } from "./processes.js";

const running = new Set<RunningCommand>();
const stepLimitMilliseconds = 30_000;

afterAll(() => {
  for (const command of running) command.kill("SIGKILL");
});

/** A process with a name of its own that does what some Perl says, step by step, each when it is told to. */
export class Workload {
  readonly #command: RunningCommand;
  #stepCount = 0;

  private constructor(command: RunningCommand) {
    this.#command = command;
  }

  /** Starts the process; it waits. It has its name ("comm", at most 15 bytes) from before the first step on. */
  static async start(comm: string, ...steps: readonly string[]): Promise<Workload> {
    const parts = steps.map(
      (step) =>
        `sysread(STDIN, my $go, 1) or exit; $0 = "${comm}"; { ${step} } syswrite(STDOUT, "done\\n");`,
    );
    // It stays until it is told to end, without a system call that others watch.
    const wait = "vec(my $input = '', fileno(STDIN), 1) = 1; select($input, undef, undef, undef);";
    const script = `syswrite(STDOUT, "ready\\n"); ${parts.join("\n")} ${wait}`;
    const command = new RunningCommand("perl", ["-e", script], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    running.add(command);
    void command.ended.then(() => running.delete(command));
    await command.prints(/^ready$/m);
    return new Workload(command);
  }

  get pid(): number {
    return this.#command.pid;
  }

  /** What its steps have printed. */
  get output(): string {
    return this.#command.output.replace(/^(ready|done)\n/gm, "");
  }

  /** Lets it begin with the next step. */
  begin(): void {
    this.#stepCount++;
    this.#command.child.stdin?.write("g");
  }

  /** Lets it do the next step and waits until that is done. */
  async step(): Promise<void> {
    this.begin();
    const isDone = (): boolean => this.#command.output.split(/^done$/m).length > this.#stepCount;
    await until(() => isDone() || this.#command.hasEnded, stepLimitMilliseconds);
    if (!isDone()) {
      throw new Error(`step ${this.#stepCount} of the workload failed: ${this.#command.errors}`);
    }
  }

  /** Ends it in the middle of a step. */
  async stop(): Promise<void> {
    this.#command.kill("SIGKILL");
    await this.#command.ended;
  }

  /** Ends it, without further steps; resolves when it has ended. */
  async end(): Promise<void> {
    this.#command.child.stdin?.end();
    await this.#command.ended;
  }
}

/** Lets a process of this name do some Perl and waits until it has ended; gives what it printed. */
export async function runWorkload(comm: string, perl: string): Promise<string> {
  const workload = await Workload.start(comm, perl);
  await workload.step();
  await workload.end();
  return workload.output;
}
