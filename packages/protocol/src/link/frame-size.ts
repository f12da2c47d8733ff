import { dataFrameOverheadBytes } from "./frame.js";

/** A frame is on the line for at most so long, where that leaves it large enough to be worth its header. */
const frameMilliseconds = 50;
const smallestFrameBytes = 72;
const largestFrameBytes = 1024;
const smallestPayloadBytes = 32;
/** What was seen of the line counts half after so many frames. */
const memoryFrames = 64;

/** How many bytes a frame should carry: as many as pay on a line that loses as much as this one does. */
export class FrameSize {
  readonly #largestPayload: number;
  #bytes = 0;
  #frames = 0;
  #losses = 0;
  #wasLost = false;

  constructor(bytesPerSecond: number) {
    const frameBytes = Math.round((bytesPerSecond * frameMilliseconds) / 1000);
    this.#largestPayload =
      Math.max(smallestFrameBytes, Math.min(largestFrameBytes, frameBytes)) -
      dataFrameOverheadBytes;
  }

  /** A frame's fate. Of frames lost in a row the first counts: a stall or a cut is one event. */
  record(lineBytes: number, wasLost: boolean): void {
    const keep = 1 - Math.LN2 / memoryFrames;
    this.#bytes = this.#bytes * keep + lineBytes;
    this.#frames = this.#frames * keep + 1;
    this.#losses = this.#losses * keep + (wasLost && !this.#wasLost ? 1 : 0);
    this.#wasLost = wasLost;
  }

  /** Bytes beside the header. */
  get payloadBytes(): number {
    const loss = this.lossPerByte;
    if (loss === 0) return this.#largestPayload;
    // n / (n + header) of the line is payload and a frame of n + header bytes arrives with (1 - loss) ** (n + header):
    // the product is largest near the square root of header / loss.
    const best = Math.sqrt(dataFrameOverheadBytes / loss) - dataFrameOverheadBytes / 2;
    return Math.round(Math.max(smallestPayloadBytes, Math.min(this.#largestPayload, best)));
  }

  get largestPayloadBytes(): number {
    return this.#largestPayload;
  }

  /** The probability that one byte on the line is damaged or lost. */
  get lossPerByte(): number {
    if (this.#losses < 0.25) return 0;
    const lostShare = Math.min(0.9, this.#losses / Math.max(this.#frames, memoryFrames / 4));
    const meanBytes = this.#bytes / this.#frames;
    return -Math.log(1 - lostShare) / meanBytes;
  }
}
