/** What came out of order is kept up to so much, or the longest message's length between the two; a sender's window is far smaller. */
const aheadLimitBytes = { least: 1 << 16, most: 1 << 20 };
/** A message is given memory as it comes, in steps, whatever length it announces. */
const firstBufferBytes = 4096;

/** Puts the pieces of one stream in order and cuts the messages out of it. */
export class IncomingStream {
  readonly #onMessage: (message: Uint8Array) => void;
  #limitBytes: number;
  /** Ascending, each wholly beyond `#next`. */
  #ahead: { readonly start: number; readonly bytes: Uint8Array }[] = [];
  #aheadBytes = 0;
  #next = 0;

  #prefix = 0;
  #prefixScale = 1;
  #message: Uint8Array | undefined;
  #messageLength = 0;
  #filled = 0;

  constructor(limitBytes: number, onMessage: (message: Uint8Array) => void) {
    this.#limitBytes = limitBytes;
    this.#onMessage = onMessage;
  }

  /** The longest message from now on. */
  limitMessages(limitBytes: number): void {
    this.#limitBytes = limitBytes;
  }

  /** Where the next byte in order stands. */
  get next(): number {
    return this.#next;
  }

  /**
   * Takes a piece. "full": there is no room for it, as if it had not come. "oversized": a message is longer than the
   * limit, and the stream is of no use any more.
   */
  receive(start: number, bytes: Uint8Array): "taken" | "full" | "oversized" {
    if (start > this.#next) return this.#keep(start, bytes) ? "taken" : "full";
    if (!this.#consume(start, bytes)) return "oversized";
    for (let first = this.#ahead[0]; first !== undefined; first = this.#ahead[0]) {
      if (first.start > this.#next) break;
      this.#ahead.shift();
      this.#aheadBytes -= first.bytes.length;
      if (!this.#consume(first.start, first.bytes)) return "oversized";
    }
    return "taken";
  }

  #keep(start: number, bytes: Uint8Array): boolean {
    const { least, most } = aheadLimitBytes;
    const limit = Math.min(most, Math.max(least, this.#limitBytes));
    if (this.#aheadBytes + bytes.length > limit) return false;
    const at = this.#ahead.findIndex((piece) => piece.start >= start);
    const twin = at < 0 ? undefined : this.#ahead[at];
    if (twin?.start === start && twin.bytes.length >= bytes.length) return true;
    this.#ahead.splice(at < 0 ? this.#ahead.length : at, 0, { start, bytes });
    this.#aheadBytes += bytes.length;
    return true;
  }

  #consume(start: number, bytes: Uint8Array): boolean {
    const fresh = bytes.subarray(Math.min(bytes.length, this.#next - start));
    this.#next += fresh.length;
    let at = 0;
    while (at < fresh.length) {
      if (this.#message === undefined) {
        if (!this.#readPrefix(fresh[at++] ?? 0)) return false;
      } else {
        at += this.#fill(fresh.subarray(at));
      }
      this.#finish();
    }
    return true;
  }

  #readPrefix(byte: number): boolean {
    this.#prefix += (byte & 0x7f) * this.#prefixScale;
    this.#prefixScale *= 0x80;
    if (this.#prefix > this.#limitBytes || this.#prefixScale > 2 ** 42) return false;
    if (byte >= 0x80) return true;
    this.#messageLength = this.#prefix;
    this.#message = new Uint8Array(Math.min(this.#messageLength, firstBufferBytes));
    this.#filled = 0;
    this.#prefix = 0;
    this.#prefixScale = 1;
    return true;
  }

  /** Returns how many of the bytes belong to the message. */
  #fill(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.#messageLength - this.#filled);
    let message = this.#message ?? new Uint8Array(0);
    if (this.#filled + taken > message.length) {
      const larger = new Uint8Array(
        Math.min(this.#messageLength, Math.max(2 * message.length, this.#filled + taken)),
      );
      larger.set(message);
      this.#message = message = larger;
    }
    message.set(bytes.subarray(0, taken), this.#filled);
    this.#filled += taken;
    return taken;
  }

  #finish(): void {
    if (this.#message === undefined || this.#filled < this.#messageLength) return;
    const message = this.#message;
    this.#message = undefined;
    this.#onMessage(message);
  }
}
