import { joinBytes, type CancelSignal } from "@sonde/protocol";
import { type Kernel } from "../kernel/kernel.js";
import { NotSupportedError, MissingError } from "../kernel/errors.js";
import { tryReadTextFile } from "../kernel/files.js";
import { StartError, type StartedProgram, type System } from "../system/system.js";
import { type Resource } from "./resource.js";

/** Of its output, and of its errors, that nobody has taken yet; with more it waits. */
const keptBytes = 65_536;
const pollMilliseconds = 2;
const stopFirst =
  'command -v "$1" >/dev/null || exit 127; case "$1" in */*) test -f "$1" -a -x "$1" || exit 127;; esac; kill -STOP $$; exec "$@"';
/** A program that has not ended so long after it was asked to is ended. */
const killMilliseconds = 1000;

/** What has come of a process since it was last asked. */
export interface ProcessNews {
  readonly output: Uint8Array;
  readonly errors: Uint8Array;
  /** `null` while it runs. */
  readonly end: { readonly code: number; readonly signal: string } | null;
}

/** A process that was started for a session, and ends with it. */
export class OwnProcess implements Resource {
  readonly #system: System;
  readonly #program: StartedProgram;
  readonly #kept = { output: new ByteQueue(), errors: new ByteQueue() };
  readonly #watchers = new Set<() => void>();
  #end: ProcessNews["end"] = null;

  /** Throws NotSupportedError, MissingError. */
  constructor(system: System, argv: readonly string[]) {
    if (system.startProgram === undefined) {
      throw new NotSupportedError("start a program: this agent starts none");
    }
    this.#system = system;
    try {
      this.#program = system.startProgram(argv, {
        onOutput: (from, bytes) => {
          this.#kept[from].push(bytes);
          if (this.#isFull) this.#program.pause();
          this.#notify();
        },
        onEnd: (status) => {
          this.#end = status;
          this.#notify();
        },
      });
    } catch (cause) {
      if (!(cause instanceof StartError)) throw cause;
      throw new MissingError(cause.message, { cause });
    }
  }

  /**
   * A process that stops itself before it becomes the program: `go` lets it. Resolves when it has stopped, so that it can be
   * traced from its first instruction. Throws MissingError, NotSupportedError.
   */
  static async startStopped(kernel: Kernel, argv: readonly string[]): Promise<OwnProcess> {
    const { system } = kernel;
    const own = new OwnProcess(system, ["sh", "-c", stopFirst, "sh", ...argv]);
    while (!isStopped(kernel, own.pid)) {
      if (own.#end !== null) throw new MissingError(`start ${argv[0] ?? ""}: no such program`);
      await new Promise<void>((resolve) => {
        system.after(pollMilliseconds, resolve);
      });
    }
    return own;
  }

  get pid(): number {
    return this.#program.pid;
  }

  go(): void {
    this.#program.signal("SIGCONT");
  }

  /** What it has written; resolves when there is something, when it has ended, or when nobody waits any more. */
  async read(signal: CancelSignal): Promise<ProcessNews> {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!this.#hasNews && !signal.aborted) return;
        this.#watchers.delete(look);
        signal.removeEventListener("abort", look);
        resolve();
      };
      this.#watchers.add(look);
      signal.addEventListener("abort", look);
      look();
    });
    const { output, errors } = this.#kept;
    const news = { output: output.take(), errors: errors.take(), end: this.#end };
    this.#program.resume();
    return news;
  }

  release(): readonly number[] {
    if (this.#end !== null) return [];
    this.#program.signal("SIGTERM");
    // One that is still stopped would not hear of it.
    this.#program.signal("SIGCONT");
    this.#program.resume();
    const timer = this.#system.after(killMilliseconds, () => {
      this.#program.signal("SIGKILL");
    });
    this.#watchers.add(() => {
      if (this.#end !== null) timer.cancel();
    });
    return [];
  }

  get #isFull(): boolean {
    return this.#kept.output.length >= keptBytes || this.#kept.errors.length >= keptBytes;
  }

  get #hasNews(): boolean {
    return this.#kept.output.length > 0 || this.#kept.errors.length > 0 || this.#end !== null;
  }

  #notify(): void {
    for (const look of [...this.#watchers]) look();
  }
}

/** State T in /proc/PID/stat (proc_pid_stat(5)), behind the name, which may hold anything. */
function isStopped(kernel: Kernel, pid: number): boolean {
  const text = tryReadTextFile(kernel, `/proc/${pid}/stat`) ?? "";
  return text.slice(text.lastIndexOf(")")).startsWith(") T");
}

class ByteQueue {
  #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  take(): Uint8Array {
    const whole = joinBytes(this.#pieces, this.#length);
    this.#pieces = [];
    this.#length = 0;
    return whole;
  }
}
