import { LimitError } from "../kernel/errors.js";
import { type LineVisitor } from "./line-reader.js";

const newline = 0x0a;
const star = 0x2a;
const questionMark = 0x3f;

/** Keeps the lines that match a pattern with * (any bytes) and ? (one byte). Throws LimitError when they are too many. */
export class LineFilter implements LineVisitor {
  readonly #pattern: Uint8Array;
  /** Behind the last star: what lines end with. */
  readonly #tail: Uint8Array;
  readonly #limitBytes: number;
  readonly #kept: Uint8Array[] = [];
  #keptBytes = 0;

  constructor(pattern: Uint8Array, limitBytes: number) {
    this.#pattern = pattern;
    this.#tail = pattern.subarray(pattern.lastIndexOf(star) + 1);
    this.#limitBytes = limitBytes;
  }

  onLine(bytes: Uint8Array, start: number, end: number): void {
    // Most lines are told by their last bytes.
    if (!endsWith(this.#tail, bytes, start, end)) return;
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

/** Whether a line ends as a pattern without stars says. */
function endsWith(pattern: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  let index = end;
  for (let at = pattern.length - 1; at >= 0; at--) {
    const wanted = pattern[at];
    if (--index < start || (wanted !== bytes[index] && wanted !== questionMark)) return false;
  }
  return true;
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
