import { spawn, type ChildProcess } from "node:child_process";
import { Duplex } from "node:stream";

/** An agent's process on this side (itself, or an ssh that leads to it), with its stdio as one byte stream. */
export interface ChildLink {
  readonly duplex: Duplex;
  /** What the child has said or how it ended, for an error message; "" when nothing is known. */
  explain(): string;
  /** Ends the child: by closing its input, and by SIGKILL when it is still there after a while. */
  end(): Promise<void>;
}

/** How much of what a child says is kept. */
const tailBytes = 4096;
/** Detaching ten tracepoints may take the kernel most of a second; an agent that needs longer goes on by itself. */
const endMilliseconds = 5000;

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
    detached: process.platform !== "win32",
    windowsHide: true,
  });
  return new SpawnedLink(child, command.file, options.showsLog);
}

class SpawnedLink implements ChildLink {
  readonly duplex: Duplex;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #name: string;
  #log = "";
  #firstOutput = Buffer.alloc(0);
  #end: string | undefined;

  constructor(child: ReturnType<typeof spawn>, name: string, showsLog: boolean) {
    this.#child = child;
    this.#name = name;
    const { stdin, stdout, stderr } = child;
    if (stdin === null || stdout === null || stderr === null)
      throw new TypeError("the child has no pipes");
    this.duplex = Duplex.from({ readable: stdout, writable: stdin });
    // Both halves report a broken pipe when the child dies; the channel hears of it by the stream's end.
    this.duplex.on("error", () => this.duplex.destroy());
    stdin.on("error", () => this.duplex.destroy());
    stdout.on("end", () => this.duplex.destroy());
    stdout.once("data", (data: Buffer) => {
      this.#firstOutput = Buffer.from(data.subarray(0, 200));
    });
    stderr.on("data", (data: Buffer) => {
      if (showsLog) process.stderr.write(data);
      this.#log = (this.#log + data.toString()).slice(-tailBytes);
    });
    this.#ended = new Promise((resolve) => {
      child.once("error", (error) => {
        this.#end = error.message;
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

  explain(): string {
    const first = this.#firstOutput.toString().trim();
    if (first !== "" && !first.startsWith("HTTP/")) {
      return `${this.#name} is not an agent: it answered ${JSON.stringify(first)}`;
    }
    const said = this.#log.trim();
    if (this.#end === undefined) return said;
    return `${this.#name} ${this.#end}${said === "" ? "" : `: ${said}`}`;
  }

  async end(): Promise<void> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), endMilliseconds);
    await this.#ended;
    clearTimeout(timer);
    this.duplex.destroy();
  }
}
