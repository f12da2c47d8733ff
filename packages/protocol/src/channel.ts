/**
 * An ordered, reliable way for whole messages: what a WebSocket gives, over any link. Handlers are set once, before the
 * first message can arrive (in the same turn of the event loop in which the channel was handed over).
 */
export interface MessageChannel {
  /** Queues a message. `onSent`, when given, is called once the bytes have left this process's memory. */
  send(message: Uint8Array, onSent?: () => void): void;
  /** Bytes queued here and not yet taken by the operating system. */
  readonly queuedBytes: number;
  /** What the link carries, where that is known: so a sender can keep its queue short. */
  readonly bytesPerSecond?: number;
  /**
   * Over TLS: what both ends of this one TLS connection can compute and nobody between two of them (RFC 9266,
   * tls-exporter). It goes into the handshake's transcript, so that a key proves the TLS connection, too.
   */
  readonly binding?: Uint8Array;
  /** The message's bytes are the handler's to keep. */
  onMessage(handler: (message: Uint8Array) => void): void;
  /** Called once, whoever closed. */
  onClose(handler: (reason: string) => void): void;
  /** Closes; queued messages are sent first where the link still works. Idempotent. */
  close(reason: string): void;
}
