import { type Line } from "@sonde/protocol";

/** A raw line of bytes to a board that is open. */
export interface RawLine extends Line {
  /** For messages: "serial:/dev/ttyUSB0", "tcp://bridge:2000". */
  readonly name: string;
  /** Says who hears what comes, and that the line has gone; called once, as soon as the line is open. */
  listen(listener: RawLineListener): void;
  /** Hangs up; resolves when another may open the line. Idempotent. */
  close(): Promise<void>;
}

export interface RawLineListener {
  readonly onBytes: (bytes: Uint8Array) => void;
  /** At most once, and not for `close`. */
  readonly onLost: (reason: string) => void;
}
