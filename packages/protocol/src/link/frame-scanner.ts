import { delimiter } from "./stuffing.js";

const xon = 0x11;
const xoff = 0x13;

/** Cuts what comes over the line at the delimiters. Whatever comes, at most `limitBytes` are kept. */
export class FrameScanner {
  readonly #buffer: Uint8Array;
  #length = 0;
  readonly #onSegment: (segment: Uint8Array) => void;
  readonly #onFlowControl: () => void;

  /** A segment handed out is valid during the call only. */
  constructor(
    limitBytes: number,
    handlers: {
      readonly onSegment: (segment: Uint8Array) => void;
      readonly onFlowControl: () => void;
    },
  ) {
    this.#buffer = new Uint8Array(limitBytes);
    this.#onSegment = handlers.onSegment;
    this.#onFlowControl = handlers.onFlowControl;
  }

  receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === delimiter) this.flush();
      else if (byte === xon || byte === xoff) this.#onFlowControl();
      else {
        // Longer than any frame: no frame.
        if (this.#length === this.#buffer.length) this.flush();
        this.#buffer[this.#length++] = byte;
      }
    }
  }

  /** Hands out what there is, ended or not. */
  flush(): void {
    if (this.#length === 0) return;
    const segment = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    this.#onSegment(segment);
  }
}
