/** A stretch of a stream: from `start` up to, not including, `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A set of positions as few ascending stretches that do not touch. */
export class Ranges {
  #ranges: Range[] = [];

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  get first(): Range | undefined {
    return this.#ranges[0];
  }

  add(start: number, end: number): void {
    if (start >= end) return;
    const before: Range[] = [];
    const after: Range[] = [];
    let merged = { start, end };
    for (const range of this.#ranges) {
      if (range.end < merged.start) before.push(range);
      else if (range.start > merged.end) after.push(range);
      else {
        merged = {
          start: Math.min(merged.start, range.start),
          end: Math.max(merged.end, range.end),
        };
      }
    }
    this.#ranges = [...before, merged, ...after];
  }

  remove(start: number, end: number): void {
    if (this.#ranges.length === 0) return;
    const left: Range[] = [];
    for (const range of this.#ranges) {
      if (range.start < start) left.push({ start: range.start, end: Math.min(range.end, start) });
      if (range.end > end) left.push({ start: Math.max(range.start, end), end: range.end });
    }
    this.#ranges = left.filter((range) => range.start < range.end);
  }

  /** What of the stretch is not in the set. */
  missing(start: number, end: number): Range[] {
    const gaps: Range[] = [];
    let at = start;
    for (const range of this.#ranges) {
      if (range.end <= at) continue;
      if (range.start >= end) break;
      if (range.start > at) gaps.push({ start: at, end: range.start });
      at = range.end;
    }
    if (at < end) gaps.push({ start: at, end });
    return gaps;
  }
}
