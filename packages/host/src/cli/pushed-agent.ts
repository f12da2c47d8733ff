import { isConsole, startOnConsole } from "../board/console-agent.js";
import { openShell } from "../board/open-shell.js";
import { pushAgent, type PushedAgent, removeAgent } from "../board/push.js";
import { stopRunning } from "../board/running-agent.js";
import { type SessionOptions } from "../session/session.js";
import { withProgram } from "../session/shell-address.js";
import { Target } from "../trace/target.js";
import { listenForInterrupts } from "./interrupts.js";
import { showProgress } from "./progress-bar.js";

/** An agent on a console that nobody uses for so long gives it back: the laptop has gone. */
const consoleIdleSeconds = 120;

export interface PushToOptions {
  /** Undefined: the first place that will do. */
  readonly folder?: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Puts an agent on the board of a target, with a bar of what has gone. Throws TargetError and ConnectError, and the signal's
 * reason: nothing is left there then.
 */
export async function pushTo(
  target: string,
  { folder, signal }: PushToOptions,
): Promise<PushedAgent> {
  await using shell = await openShell(target);
  const progress = showProgress("agent");
  try {
    return await pushAgent(shell, { folder, signal, onProgress: progress.update });
  } finally {
    progress.stop();
  }
}

/**
 * Connects to an agent that is put on the board first. What was not there before is removed when the target is closed, unless it
 * shall be kept; also when Ctrl-C comes before anything is traced. Throws what pushing and connecting throw, and
 * InterruptedError.
 */
export async function connectByPush(
  target: string,
  options: SessionOptions,
  { keep = false }: { readonly keep?: boolean },
): Promise<Target> {
  const interrupts = listenForInterrupts();
  const { signal } = interrupts;
  const board = new PushedBoard(target, options, { keeps: keep });
  const onClosed = async (): Promise<void> => {
    await board.cleanUp();
    interrupts[Symbol.dispose]();
  };
  try {
    const url = await board.prepare(signal);
    const connected = await Target.connect(url, options, onClosed);
    // Whoever waits for its answers then hears that the connection was closed.
    signal.addEventListener("abort", () => void connected.close());
    if (signal.aborted) await connected.close();
    signal.throwIfAborted();
    return connected;
  } catch (error) {
    await onClosed();
    signal.throwIfAborted();
    throw error;
  }
}

/** What is put on a board for one command. */
class PushedBoard {
  readonly #target: string;
  readonly #options: SessionOptions;
  readonly #keeps: boolean;
  #pushed: PushedAgent | undefined;
  #hasConsole = false;

  constructor(target: string, options: SessionOptions, { keeps }: { readonly keeps: boolean }) {
    this.#target = target;
    this.#options = options;
    this.#keeps = keeps;
  }

  /** Gives the address of the agent. */
  async prepare(signal: AbortSignal): Promise<string> {
    const target = this.#target;
    this.#pushed = await pushTo(target, { signal });
    const { program } = this.#pushed;
    if (!isConsole(target)) return withProgram(target, program);
    const start = { program, idleSeconds: consoleIdleSeconds, signal };
    await startOnConsole(target, this.#options, start);
    this.#hasConsole = true;
    return target;
  }

  /** What cannot be done is told on standard error: the command itself is over. Idempotent. */
  async cleanUp(): Promise<void> {
    if (this.#keeps || this.#pushed === undefined) return;
    const { folder, isNew, program } = this.#pushed;
    this.#pushed = undefined;
    try {
      await this.#endAgent(program, isNew);
      if (!isNew) return;
      await using shell = await openShell(this.#target);
      await removeAgent(shell, folder);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      process.stderr.write(`sonde: the agent stays in ${folder}: ${why}\n`);
      process.stderr.write(
        `HINT: sonde agent remove -t ${this.#target} --dir ${folder} removes it\n`,
      );
    }
  }

  /** One that was there before stays, but not on a console: that had a shell. */
  async #endAgent(program: string, isNew: boolean): Promise<void> {
    if (isConsole(this.#target)) {
      if (this.#hasConsole) await stopRunning(this.#target, this.#options, { force: false });
    } else if (isNew) {
      await stopRunning(withProgram(this.#target, program), this.#options, { force: false });
    }
  }
}
