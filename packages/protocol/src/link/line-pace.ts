/** A byte on a line without parity: a start bit, eight bits, a stop bit. */
const bitsPerByte = 10;
/** At most so much line time is outside our own queues. */
export const outsideMilliseconds = 100;
/** The line must not run dry between two looks at the clock. */
const shortestLeadMilliseconds = 15;

/** Keeps what has been given to the line, and has not yet left it, within bounds, by the clock. */
export class LinePace {
  #bytesPerSecond = 1;
  #freeAt = -Infinity;

  constructor(baud: number) {
    this.setBaud(baud);
  }

  setBaud(baud: number): void {
    this.#bytesPerSecond = baud / bitsPerByte;
  }

  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  milliseconds(bytes: number): number {
    return (bytes * 1000) / this.#bytesPerSecond;
  }

  /**
   * When a frame of so many bytes may be given to the line: at or before `now` means at once. `outsideBytes`: what the
   * operating system says it still holds.
   */
  readyAt(lineBytes: number, now: number, outsideBytes: number): number {
    const freeAt = Math.max(this.#freeAt, now + this.milliseconds(outsideBytes));
    const lead = Math.max(
      shortestLeadMilliseconds,
      outsideMilliseconds - this.milliseconds(lineBytes),
    );
    return freeAt - lead;
  }

  given(lineBytes: number, now: number): void {
    this.#freeAt = Math.max(this.#freeAt, now) + this.milliseconds(lineBytes);
  }
}
