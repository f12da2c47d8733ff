import { type Acknowledgement } from "./frame.js";

/** A part of a stream that a frame carries. */
export interface Carried {
  readonly priority: Priority;
  readonly start: number;
  readonly end: number;
}

export type Priority = "control" | "stream";

export interface SentFrame {
  /** From 0, one more for each frame; never used again. */
  readonly number: number;
  readonly sentAt: number;
  readonly lineBytes: number;
  readonly carried: readonly Carried[];
}

/** What an acknowledgement tells of the frames that were on their way. */
export interface Landing {
  readonly arrived: readonly SentFrame[];
  readonly lost: readonly SentFrame[];
}

/** The frames on their way. A line keeps the order: whatever was sent before a frame that arrived, and did not, is lost. */
export class Flight {
  #frames: SentFrame[] = [];
  #bytes = 0;
  #nextNumber = 0;

  /** On the line, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  get nextNumber(): number {
    return this.#nextNumber;
  }

  /** Frames that carry something or ask for an acknowledgement. */
  sent(frame: Omit<SentFrame, "number">): void {
    this.#frames.push({ ...frame, number: this.#nextNumber++ });
    this.#bytes += frame.lineBytes;
  }

  /** Ignores what acknowledges frames that were never sent. */
  acknowledged({ largest, earlier }: Acknowledgement): Landing {
    const number = this.#expand(largest);
    if (number === undefined) return { arrived: [], lost: [] };
    const arrived: SentFrame[] = [];
    const lost: SentFrame[] = [];
    const left: SentFrame[] = [];
    for (const frame of this.#frames) {
      if (frame.number > number) left.push(frame);
      else if (frame.number === number || hasCome(earlier, number - 1 - frame.number)) {
        arrived.push(frame);
      } else lost.push(frame);
    }
    this.#frames = left;
    this.#bytes = left.reduce((sum, frame) => sum + frame.lineBytes, 0);
    return { arrived, lost };
  }

  #expand(low: number): number | undefined {
    const distance = (this.#nextNumber - 1 - low) & 0xffff;
    const number = this.#nextNumber - 1 - distance;
    return number < 0 ? undefined : number;
  }
}

function hasCome(earlier: Uint8Array, index: number): boolean {
  return (((earlier[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
}
