import { Ranges } from "./ranges.js";

/** Messages of one priority on their way: a stream of bytes, each message behind its length (LEB128). */
export class OutgoingStream {
  readonly #messages: { readonly end: number; readonly onDelivered: (() => void) | undefined }[] =
    [];
  /** What may have to be sent again, with where it begins. */
  readonly #pieces: { readonly start: number; readonly bytes: Uint8Array }[] = [];
  readonly #lost = new Ranges();
  readonly #acknowledged = new Ranges();
  /** Everything before has arrived; everything from `#next` on has never been sent; `#end` is the last message's. */
  #base = 0;
  #next = 0;
  #end = 0;

  /** Bytes that have never been sent, or that have to be sent again. */
  get queuedBytes(): number {
    return this.#end - this.#next;
  }

  get hasWork(): boolean {
    return this.#next < this.#end || !this.#lost.isEmpty;
  }

  /** Whether everything has arrived. */
  get isDrained(): boolean {
    return this.#base === this.#end;
  }

  /** The message's bytes must not change until `onDelivered` has been called. */
  push(message: Uint8Array, onDelivered?: () => void): void {
    this.#append(lengthPrefix(message.length));
    this.#append(message);
    this.#messages.push({ end: this.#end, onDelivered });
  }

  /** The next bytes to send, what was lost first; at most `limit`. */
  take(limit: number): { readonly start: number; readonly bytes: Uint8Array } | undefined {
    const lost = this.#lost.first;
    const start = lost?.start ?? this.#next;
    const end = Math.min(start + limit, lost?.end ?? this.#end);
    if (start >= end) return undefined;
    if (lost === undefined) this.#next = end;
    else this.#lost.remove(start, end);
    return { start, bytes: this.#copy(start, end) };
  }

  /** These bytes have to be sent again, unless they have arrived all the same. */
  lost(start: number, end: number): void {
    for (const gap of this.#acknowledged.missing(Math.max(start, this.#base), end)) {
      this.#lost.add(gap.start, gap.end);
    }
  }

  arrived(start: number, end: number): void {
    this.#lost.remove(start, end);
    if (end <= this.#base) return;
    this.#acknowledged.add(Math.max(start, this.#base), end);
    const first = this.#acknowledged.first;
    if (first?.start !== this.#base) return;
    this.#base = first.end;
    this.#acknowledged.remove(first.start, first.end);
    this.#release();
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push({ start: this.#end, bytes });
    this.#end += bytes.length;
  }

  #copy(start: number, end: number): Uint8Array {
    const copy = new Uint8Array(end - start);
    for (const piece of this.#pieces) {
      if (piece.start >= end) break;
      const from = Math.max(start, piece.start);
      const to = Math.min(end, piece.start + piece.bytes.length);
      if (from < to) {
        copy.set(piece.bytes.subarray(from - piece.start, to - piece.start), from - start);
      }
    }
    return copy;
  }

  #release(): void {
    let piecesDone = 0;
    for (const piece of this.#pieces) {
      if (piece.start + piece.bytes.length > this.#base) break;
      piecesDone++;
    }
    this.#pieces.splice(0, piecesDone);
    while ((this.#messages[0]?.end ?? Infinity) <= this.#base) {
      this.#messages.shift()?.onDelivered?.();
    }
  }
}

function lengthPrefix(length: number): Uint8Array {
  const bytes: number[] = [];
  let rest = length;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
