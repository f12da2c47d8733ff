/** A way for bytes, both ways, as long as it lasts. */
export interface ByteStream {
  /** Queues bytes, which must not change until they are sent; `onSent` is called once the kernel has taken them all. */
  write(parts: readonly Uint8Array[], onSent?: () => void): void;
  /** Queued and not yet taken by the kernel. */
  readonly queuedBytes: number;
  /** Who gets what comes, from now on. The bytes are good during the call only. */
  onBytes(handler: (bytes: Uint8Array) => void): void;
  /** Called once, whoever closed. */
  onClose(handler: () => void): void;
  /** Sends what is queued and says that nothing more will come; closes when the other side has closed, or after a while. */
  end(): void;
  /** Closes at once. Idempotent. */
  destroy(): void;
}
