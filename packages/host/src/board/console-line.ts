import { setTimeout as sleep } from "node:timers/promises";
import { ConnectError } from "../session/errors.js";
import { type RawLine } from "../session/raw-line.js";

/** What is kept of what has come. */
const keptCharacters = 65_536;
const quietMilliseconds = 100;

/** A raw line to a terminal: text out, text in. Each character is a byte. */
export class ConsoleLine {
  readonly name: string;
  readonly #line: RawLine;
  #heard = "";
  #fault: string | undefined;
  #wake: () => void = () => undefined;

  constructor(line: RawLine) {
    this.#line = line;
    this.name = line.name;
    line.listen({
      onBytes: (bytes) => {
        this.#heard = (this.#heard + Buffer.from(bytes).toString("latin1")).slice(-keptCharacters);
        this.#wake();
      },
      onLost: (reason) => {
        this.#fault = reason;
        this.#wake();
      },
    });
  }

  /** What has come and was not taken. */
  get heard(): string {
    return this.#heard;
  }

  write(text: string): void {
    this.#line.write(Buffer.from(text, "latin1"));
  }

  /**
   * The first match in what has come or comes; it and all before it is taken. Undefined when none comes in time. Throws
   * ConnectError when the line is lost.
   */
  async take(pattern: RegExp, milliseconds: number): Promise<RegExpExecArray | undefined> {
    const endsAt = performance.now() + milliseconds;
    for (;;) {
      const match = pattern.exec(this.#heard);
      if (match !== null) {
        this.#heard = this.#heard.slice(match.index + match[0].length);
        return match;
      }
      if (this.#fault !== undefined) throw new ConnectError(`${this.name}: ${this.#fault}`);
      const left = endsAt - performance.now();
      if (left <= 0) return undefined;
      await this.#somethingComes(left);
    }
  }

  /** Waits until nothing has come for a moment; not for ever. */
  async quiet(): Promise<void> {
    for (let count = 0; count < 100; count++) {
      const before = this.#heard.length;
      await sleep(quietMilliseconds);
      if (this.#heard.length === before) return;
    }
  }

  async close(): Promise<void> {
    await this.#line.close();
  }

  async #somethingComes(milliseconds: number): Promise<void> {
    const stop = new AbortController();
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const late = sleep(milliseconds, undefined, { signal: stop.signal }).catch(() => undefined);
    await Promise.race([woken, late]);
    stop.abort();
  }
}
