/** Things that come in order and are asked for in order, each asked for before or after it comes. */
export class AnswerQueue<T> {
  readonly #given: T[] = [];
  readonly #waiters: ((answer: T | Error) => void)[] = [];
  readonly #onWait: () => void;
  #end: Error | undefined;

  /** `onWait`: someone waits for what has not come. */
  constructor(onWait: () => void) {
    this.#onWait = onWait;
  }

  get isAwaited(): boolean {
    return this.#waiters.length > 0;
  }

  give(answer: T): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#given.push(answer);
    else waiter(answer);
  }

  /** Nothing more comes. */
  end(error: Error): void {
    this.#end = error;
    for (const waiter of this.#waiters.splice(0)) waiter(error);
  }

  /** The next one. Rejects when there is no more. */
  async take(): Promise<T> {
    const given = this.#given.shift();
    if (given !== undefined) return given;
    if (this.#end !== undefined) throw this.#end;
    return await new Promise((resolve, reject) => {
      this.#waiters.push((answer) => {
        if (answer instanceof Error) reject(answer);
        else resolve(answer);
      });
      this.#onWait();
    });
  }
}
