const newline = 0x0a;
const star = 0x2a;
const questionMark = 0x3f;

/** Picks those lines out of a text that match a pattern with * (any bytes) and ? (one byte), piece by piece. */
export class LineFilter {
  readonly #pattern: Uint8Array;
  readonly #kept: Uint8Array[] = [];
  #keptBytes = 0;
  /** The beginning of a line that the next piece goes on with. */
  #open: Uint8Array = new Uint8Array(0);

  constructor(pattern: Uint8Array) {
    this.#pattern = pattern;
  }

  /** Of the lines that have been picked, and of one that has not ended. */
  get heldBytes(): number {
    return this.#keptBytes + this.#open.length;
  }

  /** Takes the next piece of the text; the bytes may change after. */
  add(piece: Uint8Array): void {
    let start = 0;
    for (let end = piece.indexOf(newline); end !== -1; end = piece.indexOf(newline, start)) {
      this.#take(this.#whole(piece.subarray(start, end)));
      start = end + 1;
    }
    this.#open = this.#whole(piece.slice(start));
  }

  /** The picked lines, each with a newline behind it. */
  finish(): Uint8Array {
    if (this.#open.length > 0) this.#take(this.#open);
    const lines = new Uint8Array(this.#keptBytes);
    let at = 0;
    for (const line of this.#kept) {
      lines.set(line, at);
      lines[at + line.length] = newline;
      at += line.length + 1;
    }
    return lines;
  }

  #whole(rest: Uint8Array): Uint8Array {
    if (this.#open.length === 0) return rest;
    const line = new Uint8Array(this.#open.length + rest.length);
    line.set(this.#open);
    line.set(rest, this.#open.length);
    this.#open = new Uint8Array(0);
    return line;
  }

  #take(line: Uint8Array): void {
    if (!matches(this.#pattern, line)) return;
    this.#kept.push(line.slice());
    this.#keptBytes += line.length + 1;
  }
}

/** Whether the whole line is as the pattern says. Goes back to the last star only: its time is bounded by both lengths. */
function matches(pattern: Uint8Array, line: Uint8Array): boolean {
  let at = 0;
  let lastStar = -1;
  let starEnd = 0;
  for (let index = 0; index < line.length;) {
    const wanted = pattern[at];
    if (wanted === star) {
      lastStar = at++;
      starEnd = index;
    } else if (wanted === questionMark || (wanted !== undefined && wanted === line[index])) {
      at++;
      index++;
    } else if (lastStar !== -1) {
      at = lastStar + 1;
      index = ++starEnd;
    } else {
      return false;
    }
  }
  while (pattern[at] === star) at++;
  return at === pattern.length;
}
