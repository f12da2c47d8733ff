/** Two sizes: most messages at low rates hold a few records, those at full speed as much as one may. */
const smallSizeBytes = 4096;
/** How many of each size are kept for the next message. */
const kept = 8;

/**
 * Buffers for messages that are on their way, used again once they have left: at full speed a fresh one for each message
 * would cost more than filling it.
 */
export class BufferPool {
  readonly #largeSizeBytes: number;
  readonly #small: Uint8Array[] = [];
  readonly #large: Uint8Array[] = [];

  constructor(largeSizeBytes: number) {
    this.#largeSizeBytes = largeSizeBytes;
  }

  /** At least so long; whoever takes it gives it back, or drops it. */
  take(sizeBytes: number): Uint8Array {
    if (sizeBytes <= smallSizeBytes) return this.#small.pop() ?? new Uint8Array(smallSizeBytes);
    if (sizeBytes > this.#largeSizeBytes) return new Uint8Array(sizeBytes);
    return this.#large.pop() ?? new Uint8Array(this.#largeSizeBytes);
  }

  give(buffer: Uint8Array): void {
    if (buffer.length === smallSizeBytes && this.#small.length < kept) this.#small.push(buffer);
    if (buffer.length === this.#largeSizeBytes && this.#large.length < kept) {
      this.#large.push(buffer);
    }
  }
}
