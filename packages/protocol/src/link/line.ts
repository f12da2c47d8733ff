/** A raw line of bytes: a serial port, or a connection to a bridge that has one. */
export interface Line {
  write(bytes: Uint8Array): void;
  /** Bytes written that the operating system has not passed on, as far as it tells. */
  outsideBytes(): number;
}

/** A steady clock in milliseconds, and timers. */
export interface Clock {
  now(): number;
  after(milliseconds: number, callback: () => void): { cancel(): void };
}
