import { LimitError } from "../kernel/errors.js";
import { type LineVisitor } from "./line-reader.js";

const newline = 0x0a;
const star = 0x2a;
const questionMark = 0x3f;

/** Keeps the lines that match a pattern with * (any bytes) and ? (one byte). Throws LimitError when they are too many. */
export class LineFilter implements LineVisitor {
  readonly #pattern: Uint8Array;
  readonly #limitBytes: number;
  readonly #kept: Uint8Array[] = [];
  #keptBytes = 0;

  constructor(pattern: Uint8Array, limitBytes: number) {
    this.#pattern = pattern;
    this.#limitBytes = limitBytes;
  }

  onLine(bytes: Uint8Array, start: number, end: number): void {
    if (!matches(this.#pattern, bytes, start, end)) return;
    this.#kept.push(bytes.slice(start, end));
    this.#keptBytes += end - start + 1;
    if (this.#keptBytes > this.#limitBytes) {
      throw new LimitError("pick lines of a file: too many match", this.#limitBytes);
    }
  }

  /** The lines that match, each with a newline behind it. */
  takeLines(): Uint8Array {
    const lines = new Uint8Array(this.#keptBytes);
    let at = 0;
    for (const line of this.#kept) {
      lines.set(line, at);
      at += line.length;
      lines[at++] = newline;
    }
    return lines;
  }
}

/** Whether a whole line is as the pattern says. Goes back to the last star only: its time is bounded by both lengths. */
function matches(pattern: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  let at = 0;
  let lastStar = -1;
  let starEnd = start;
  for (let index = start; index < end;) {
    const wanted = pattern[at];
    if (wanted === star) {
      lastStar = at++;
      starEnd = index;
    } else if (wanted === questionMark || wanted === bytes[index]) {
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
