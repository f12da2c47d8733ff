import { existsSync } from "node:fs";
import { RunningCommand, until } from "./processes.js";

/** A terminal of socat's under this path, which leads to what socat calls an address. */
export async function openTerminal(path: string, address: string): Promise<RunningCommand> {
  const socat = new RunningCommand("socat", [`PTY,link=${path},rawer`, address]);
  if (!(await until(() => existsSync(path), 5000))) {
    socat.kill("SIGKILL");
    throw new Error(`socat made no terminal: ${socat.errors}`);
  }
  return socat;
}

/** Two terminals of socat's that are joined, as two ends of a serial cable: what is written at one is read at the other. */
export class TerminalPair {
  readonly #socat: RunningCommand;

  private constructor(socat: RunningCommand) {
    this.#socat = socat;
  }

  /** Under these two paths. */
  static async open(left: string, right: string): Promise<TerminalPair> {
    const socat = new RunningCommand("socat", [
      `PTY,link=${left},rawer`,
      `PTY,link=${right},rawer`,
    ]);
    if (!(await until(() => existsSync(left) && existsSync(right), 5000))) {
      throw new Error(`socat made no terminals: ${socat.errors}`);
    }
    return new TerminalPair(socat);
  }

  /** Pulls the cable out: both terminals go. */
  async close(): Promise<void> {
    this.#socat.kill("SIGTERM");
    await this.#socat.ended;
  }
}
