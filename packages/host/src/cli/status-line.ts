const clearLine = "\r\u001b[K";
const usualColumns = 80;

/** Where a person is told, and whether that is a terminal, on which a line can be written anew. */
export interface StatusOutput {
  readonly isTTY: boolean;
  /** Of the terminal; 0 when it does not know. */
  readonly columns?: number;
  write(text: string): unknown;
}

/** What the line can tell of; the first that has something to tell has it. */
const topics = ["link", "rate"] as const;
export type StatusTopic = (typeof topics)[number];

/** The last line of a terminal, which tells how things stand. What is said for good goes above it. */
export class StatusLine {
  readonly #output: StatusOutput;
  readonly #texts = new Map<StatusTopic, string>();
  #isShown = false;

  constructor(output: StatusOutput) {
    this.#output = output;
  }

  /** Whether there is such a line; if not, only `print` does something. */
  get isLive(): boolean {
    return this.#output.isTTY;
  }

  /** Shows one line of text, until another of the same topic or `clear`. */
  show(topic: StatusTopic, text: string): void {
    this.#texts.set(topic, text);
    this.#draw();
  }

  /** Has nothing to tell of this any more. */
  clear(topic: StatusTopic): void {
    if (this.#texts.delete(topic)) this.#draw();
  }

  /** Writes whole lines, which stay. */
  print(text: string): void {
    this.#erase();
    this.#output.write(text);
    this.#draw();
  }

  #draw(): void {
    if (!this.isLive) return;
    const topic = topics.find((one) => this.#texts.has(one));
    if (topic === undefined) {
      this.#erase();
      return;
    }
    // A line that is longer than the terminal could not be written anew.
    const { columns = 0 } = this.#output;
    const room = columns > 0 ? columns - 1 : usualColumns - 1;
    this.#output.write(`${clearLine}${(this.#texts.get(topic) ?? "").slice(0, room)}`);
    this.#isShown = true;
  }

  #erase(): void {
    if (this.#isShown) this.#output.write(clearLine);
    this.#isShown = false;
  }
}

/** The one of standard error. */
export const statusLine = new StatusLine(process.stderr);
