/** At low rates messages hold a few records, at high ones what comes within a millisecond; at full speed as much as one may. */
const smallSizesBytes = [4096, 32_768] as const;
/** How many of each size are kept for the next message. */
const kept = 8;

/**
 * Buffers for messages that are on their way, used again once they have left: at full speed a fresh one for each message
 * would cost more than filling it.
 */
export class BufferPool {
  /** By size, from the smallest. */
  readonly #free: ReadonlyMap<number, Uint8Array[]>;

  constructor(largestSizeBytes: number) {
    const sizes = [...smallSizesBytes.filter((size) => size < largestSizeBytes), largestSizeBytes];
    this.#free = new Map(sizes.map((size) => [size, []]));
  }

  /** At least so long; whoever takes it gives it back, or drops it. */
  take(sizeBytes: number): Uint8Array {
    for (const [size, free] of this.#free) {
      if (size >= sizeBytes) return free.pop() ?? new Uint8Array(size);
    }
    return new Uint8Array(sizeBytes);
  }

  give(buffer: Uint8Array): void {
    const free = this.#free.get(buffer.length);
    if (free !== undefined && free.length < kept) free.push(buffer);
  }

  /** Lets go of all that nobody has taken. */
  clear(): void {
    for (const free of this.#free.values()) free.length = 0;
  }
}
