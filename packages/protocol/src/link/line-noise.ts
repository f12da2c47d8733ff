import { delimiter } from "./stuffing.js";

const linesKept = 16;
const lineLimit = 200;
/** Between the bytes of a damaged frame so many printable ones in a row are text. */
const shortestText = 8;

/** What has come over the line beside good frames. */
export interface NoiseReport {
  /** Bytes outside good frames. */
  readonly noiseBytes: number;
  /** What looked like frames of ours and was damaged. */
  readonly damagedFrames: number;
  /** Damaged frames in which every byte's highest bit was 0, since the last one with another. */
  readonly sevenBitFrames: number;
  /** XON and XOFF, which we never send: software flow control is on somewhere. */
  readonly flowControlBytes: number;
  /** Frames of our own that came back, as they were or as a terminal shows them. */
  readonly echoedFrames: number;
  /** The last lines of text (a console's, a login prompt's). */
  readonly text: readonly string[];
}

/** Keeps account of what is not ours. */
export class LineNoise {
  #noiseBytes = 0;
  #damagedFrames = 0;
  #sevenBitFrames = 0;
  #flowControlBytes = 0;
  #echoedFrames = 0;
  readonly #lines: string[] = [];

  report(): NoiseReport {
    return {
      noiseBytes: this.#noiseBytes,
      damagedFrames: this.#damagedFrames,
      sevenBitFrames: this.#sevenBitFrames,
      flowControlBytes: this.#flowControlBytes,
      echoedFrames: this.#echoedFrames,
      text: [...this.#lines],
    };
  }

  flowControl(): void {
    this.#flowControlBytes++;
  }

  echo(): void {
    this.#echoedFrames++;
  }

  /** A stretch between two delimiters that is no good frame. */
  discard(segment: Uint8Array): void {
    this.#noiseBytes += segment.length;
    const text = isText(segment);
    const echoes = countShownDelimiters(segment);
    this.#echoedFrames += echoes;
    if (!text && echoes === 0) this.#countDamaged(segment);
    for (const line of printable(segment, text ? 1 : shortestText)) {
      this.#lines.push(line.slice(0, lineLimit));
    }
    this.#lines.splice(0, Math.max(0, this.#lines.length - linesKept));
  }

  /** In every frame the second byte on the line, its kind, has its highest bit set. */
  #countDamaged(segment: Uint8Array): void {
    this.#damagedFrames++;
    if (segment.every((byte) => byte < 0x80)) this.#sevenBitFrames++;
    else this.#sevenBitFrames = 0;
  }
}

/** What a person should know of the line, or undefined when nothing is odd about it. */
export function describeNoise(report: NoiseReport): string | undefined {
  if (report.sevenBitFrames >= 3) {
    return "the line passes seven bits of each byte: set both ends to 8 data bits and no parity";
  }
  if (report.echoedFrames >= 2) {
    return "what is sent comes back: a terminal or a shell is at the other end, not an agent";
  }
  if (report.text.length > 0) {
    return `the line carries text: ${JSON.stringify(report.text.at(-1))}`;
  }
  if (report.damagedFrames > 0) {
    return `${report.damagedFrames} damaged frames came: do both ends have the same baud rate?`;
  }
  if (report.noiseBytes > 0) return `${report.noiseBytes} bytes came that make no sense`;
  return undefined;
}

/** A terminal that echoes shows the delimiter as "^@". */
function countShownDelimiters(segment: Uint8Array): number {
  return segment.filter((byte, at) => byte === 0x40 && segment[at - 1] === 0x5e).length;
}

function isText(segment: Uint8Array): boolean {
  return segment.every((byte) => isPrintable(byte) || byte === 0x0a || byte === 0x0d);
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x1b;
}

function printable(segment: Uint8Array, shortest: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const byte of [...segment, delimiter]) {
    if (isPrintable(byte)) {
      line += String.fromCharCode(byte);
      continue;
    }
    if (line.trim().length >= shortest) lines.push(line.trim());
    line = "";
  }
  return lines;
}
