/** A name is not mangled as it begins to be, or too deeply. The only error that leaves a parser of this folder. */
export class MangledNameError extends Error {
  override readonly name = "MangledNameError";
}

/** Of things within things: compilers make less. */
const deepest = 256;

/** A place in a mangled name. What it expects and does not find throws MangledNameError. */
export class MangledCursor {
  readonly text: string;
  at: number;
  #depth = 0;

  constructor(text: string, at: number) {
    this.text = text;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** "" behind the end. */
  peek(ahead = 0): string {
    return this.text[this.at + ahead] ?? "";
  }

  startsWith(expected: string): boolean {
    return this.text.startsWith(expected, this.at);
  }

  /** Whether it stood here; then it is passed over. */
  take(expected: string): boolean {
    if (!this.startsWith(expected)) return false;
    this.at += expected.length;
    return true;
  }

  expect(expected: string): void {
    if (!this.take(expected)) this.fail();
  }

  next(length = 1): string {
    if (this.at + length > this.text.length) this.fail();
    const taken = this.text.slice(this.at, this.at + length);
    this.at += length;
    return taken;
  }

  /** What a pattern (sticky) matches here, passed over; undefined for no match. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.text) ?? [];
    this.at += found?.length ?? 0;
    return found;
  }

  /** Decimal digits as a number: a zero stands alone. */
  number(): number {
    const digits = this.match(/0|[1-9][0-9]{0,8}/y);
    return digits === undefined ? this.fail() : Number(digits);
  }

  /** Runs what may come to itself again. */
  nested<T>(parse: () => T): T {
    if (++this.#depth > deepest) this.fail();
    const result = parse();
    this.#depth--;
    return result;
  }

  fail(): never {
    throw new MangledNameError(`"${this.text}" is no mangled name from character ${this.at} on`);
  }
}
