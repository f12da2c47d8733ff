const step = "  ";

/** Text that is written line by line. */
export class Page {
  readonly #lines: string[] = [];
  #line = "";
  #depth = 0;

  /** Whether nothing is on the line yet. */
  get isAtStart(): boolean {
    return this.#line === "";
  }

  indent(): void {
    this.#depth++;
  }

  outdent(): void {
    this.#depth = Math.max(0, this.#depth - 1);
  }

  write(text: string): void {
    this.#line += this.isAtStart ? step.repeat(this.#depth) + text : text;
  }

  space(): void {
    if (!this.isAtStart && !this.#line.endsWith(" ")) this.#line += " ";
  }

  endLine(): void {
    if (this.#line.trim() !== "") this.#lines.push(this.#line.trimEnd());
    this.#line = "";
  }

  /** An empty line, unless there is one or nothing is above it. */
  leaveLine(): void {
    this.endLine();
    const last = this.#lines.at(-1);
    if (last !== undefined && last !== "" && !last.endsWith("{")) this.#lines.push("");
  }

  /** Behind what has been written last. */
  append(text: string): void {
    const last = this.#lines.pop();
    if (this.isAtStart && last !== undefined && last !== "") {
      this.#lines.push(`${last} ${text}`);
      return;
    }
    if (last !== undefined) this.#lines.push(last);
    this.space();
    this.write(text);
  }

  /** Lines as they are. */
  writeVerbatim(text: string): void {
    this.endLine();
    this.#lines.push(...text.split("\n").map((line) => line.trimEnd()));
  }

  finish(): string {
    this.endLine();
    while (this.#lines.at(-1) === "") this.#lines.pop();
    return this.#lines.length === 0 ? "" : `${this.#lines.join("\n")}\n`;
  }
}
