import { existsSync } from "node:fs";
import { RunningCommand, until } from "./processes.js";

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
