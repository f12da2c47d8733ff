import { spawn, type ChildProcess } from "node:child_process";
import { Duplex, type Readable, type Writable } from "node:stream";

/** An agent's process on this side (itself, or an ssh that leads to it), with its stdio as one byte stream. */
export interface ChildLink {
  readonly duplex: Duplex;
  /** What the child has said or how it ended, for an error message; "" when nothing is known. Waits a moment for its end. */
  explain(): Promise<string>;
  /** Ends the child: by closing its input, and by SIGKILL when it is still there after a while. */
  end(): Promise<void>;
}

/** How much of what a child says is kept. */
const tailBytes = 4096;
/** Detaching ten tracepoints may take the kernel most of a second; an agent that needs longer goes on by itself. */
const endMilliseconds = 5000;
/** Between a child's last word and its end. */
const lastWordMilliseconds = 300;

/** On Windows a child of its own group would open a window. */
const isGroupLeader = process.platform !== "win32";

/** Starts a command whose stdio is an agent's. `showsLog`: its standard error is passed on to ours. */
export function startChild(
  command: {
    readonly file: string;
    readonly args: readonly string[];
    readonly usesShell?: boolean;
  },
  options: { readonly showsLog: boolean },
): ChildLink {
  const child = spawn(command.file, command.args, {
    stdio: ["pipe", "pipe", "pipe"],
    shell: command.usesShell ?? false,
    // Ctrl-C in the terminal reaches only us: we end the trace first, then the agent.
    detached: isGroupLeader,
    windowsHide: true,
  });
  return new SpawnedLink(child, options.showsLog);
}

class SpawnedLink implements ChildLink {
  readonly duplex: Duplex;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #log = "";
  #firstOutput = Buffer.alloc(0);
  #end: string | undefined;

  constructor(child: ReturnType<typeof spawn>, showsLog: boolean) {
    this.#child = child;
    const { stdin, stdout, stderr } = child;
    if (stdin === null || stdout === null || stderr === null)
      throw new TypeError("the child has no pipes");
    this.duplex = joinPipes(stdin, stdout);
    stdout.once("data", (data: Buffer) => {
      this.#firstOutput = Buffer.from(data.subarray(0, 200));
    });
    stderr.on("data", (data: Buffer) => {
      if (showsLog) process.stderr.write(data);
      this.#log = (this.#log + data.toString()).slice(-tailBytes);
    });
    this.#ended = new Promise((resolve) => {
      child.once("error", (error) => {
        this.#end = describeStartFault(error);
        this.duplex.destroy();
        resolve();
      });
      // Not "exit": what it said last may still be on its way.
      child.once("close", (code, signal) => {
        this.#end ??=
          signal === null ? `ended with exit code ${code ?? 0}` : `was ended by ${signal}`;
        resolve();
      });
    });
  }

  async explain(): Promise<string> {
    await this.#endedWithin(lastWordMilliseconds);
    const first = this.#firstOutput.toString().trim();
    if (first !== "" && !first.startsWith("HTTP/")) {
      return `not an agent: it answered ${JSON.stringify(first)}`;
    }
    const said = this.#log.trim();
    if (this.#end === undefined) return said;
    return `${this.#end}${said === "" ? "" : `: ${said}`}`;
  }

  async end(): Promise<void> {
    this.#child.stdin?.end();
    if (!(await this.#endedWithin(endMilliseconds))) {
      this.#kill();
      await this.#ended;
    }
    this.duplex.destroy();
  }

  async #endedWithin(milliseconds: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => {
        resolve(false);
      }, milliseconds);
    });
    const isEnded = await Promise.race([this.#ended.then(() => true as const), late]);
    clearTimeout(timer);
    return isEnded;
  }

  /** With what it has started: that would hold its pipes open. */
  #kill(): void {
    const { pid } = this.#child;
    if (pid === undefined || !isGroupLeader) this.#child.kill("SIGKILL");
    else process.kill(-pid, "SIGKILL");
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }
}

/** Why a program of this machine could not be started, where Node says "spawn adb ENOENT". */
export function describeStartFault(error: NodeJS.ErrnoException): string {
  const program = error.path ?? "the program";
  return error.code === "ENOENT" ? `${program}: no such program on this machine` : error.message;
}

/** One byte stream of two pipes. A pipe that breaks on writing is no end of it: what the child said last is still to be read. */
function joinPipes(input: Writable, output: Readable): Duplex {
  const duplex = new Duplex({
    read: () => {
      output.resume();
    },
    write: (data: Buffer, _encoding, done) => {
      input.write(data, () => {
        done();
      });
    },
    final: (done) => {
      input.end();
      done();
    },
  });
  output.on("data", (data: Buffer) => {
    if (!duplex.push(data)) output.pause();
  });
  output.once("close", () => {
    duplex.push(null);
  });
  duplex.once("end", () => duplex.destroy());
  input.on("error", () => undefined);
  return duplex;
}
