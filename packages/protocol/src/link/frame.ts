import { crc32c } from "./crc32c.js";
import { delimiter, stuff, stuffedLength, unstuff } from "./stuffing.js";

/** Of the link layer; hosts and agents of other versions refuse each other. */
export const linkVersion = 1;

export type LinkRole = "host" | "agent";

/** Which frames have been received: the one with the largest number, and which of those before it. */
export interface Acknowledgement {
  /** The lower 16 bits of the number. */
  readonly largest: number;
  /** Bit i of byte j: whether frame `largest - 1 - 8 * j - i` has come. At most 8 bytes. */
  readonly earlier: Uint8Array;
}

/** A piece of one of the two streams of bytes. */
export interface Chunk {
  /** The lower 24 bits of its first byte's position in the stream. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What the two sides say to each other; docs/links.md has the layouts. */
export type Frame =
  | {
      readonly kind: "open";
      readonly version: number;
      readonly host: number;
      readonly baud: number;
    }
  | {
      readonly kind: "accept";
      readonly version: number;
      readonly host: number;
      readonly agent: number;
      readonly baud: number;
    }
  | {
      readonly kind: "refuse";
      readonly version: number;
      readonly host: number;
      readonly why: RefusalReason;
    }
  | { readonly kind: "reset" }
  | DataFrame
  | { readonly kind: "acknowledge"; readonly acknowledgement: Acknowledgement }
  | { readonly kind: "close"; readonly reason: string }
  | { readonly kind: "closed" };

export interface DataFrame {
  readonly kind: "data";
  /** The lower 16 bits. */
  readonly number: number;
  readonly acknowledgement?: Acknowledgement;
  readonly control?: Chunk;
  readonly stream?: Chunk;
}

export type RefusalReason = "busy" | "version";

const kinds = [
  "open",
  "accept",
  "refuse",
  "reset",
  "data",
  "acknowledge",
  "close",
  "closed",
] as const satisfies readonly Frame["kind"][];
const refusals = ["busy", "version"] as const satisfies readonly RefusalReason[];

/** The first byte of a frame: bit 7 always set (a line of seven bits shows), flags, the sender's role, the kind. */
const alwaysBit = 0x80;
const acknowledgementFlag = 0x40;
const controlFlag = 0x20;
const streamFlag = 0x10;
const agentBit = 0x08;
const kindMask = 0x07;

const checksumSizeBytes = 4;
const reasonLimitBytes = 120;

/** What a data frame with one chunk has on the line beside the chunk's bytes and their stuffing. */
export const dataFrameOverheadBytes = 2 + 1 + 1 + 2 + 3 + checksumSizeBytes;

/** Room on the line for an `open` or an `accept`. */
export const handshakeFrameBytes = 32;

/** What both sides make of their two nonces. */
export function connectionSeed(host: number, agent: number): number {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, host, true);
  view.setUint32(4, agent, true);
  return crc32c(bytes);
}

/**
 * A frame as it goes onto the line, delimiters included. `seed`: of the connection that the frame belongs to; those of
 * the handshake belong to none.
 */
export function encodeFrame(frame: Frame, role: LinkRole, seed: number): Uint8Array {
  const content = new ContentWriter(contentLimit(frame));
  writeContent(content, frame, role);
  const covered = content.bytes();
  content.u32(crc32c(covered, isOfConnection(frame.kind) ? seed : 0));
  const bytes = content.bytes();
  const line = new Uint8Array(stuffedLength(bytes.length) + 2);
  line[0] = delimiter;
  const end = stuff(bytes, line, 1);
  line[end] = delimiter;
  return line.subarray(0, end + 1);
}

/** What lies between two delimiters. */
export type Segment =
  | { readonly kind: "frame"; readonly role: LinkRole; readonly frame: Frame }
  /** Looks like a frame of a connection, but not of the one whose seed was given; or it was damaged. */
  | { readonly kind: "unknown"; readonly role: LinkRole }
  | { readonly kind: "noise" };

/** Reads a segment; `seed` is that of the connection there is, or undefined. */
export function decodeSegment(segment: Uint8Array, seed: number | undefined): Segment {
  const bytes = unstuff(segment);
  if (bytes === undefined || bytes.length < 1 + checksumSizeBytes) return { kind: "noise" };
  const first = bytes[0] ?? 0;
  if ((first & alwaysBit) === 0) return { kind: "noise" };
  const role = (first & agentBit) === 0 ? "host" : "agent";
  const kind = kinds[first & kindMask] ?? "reset";
  const unreadable: Segment = isOfConnection(kind) ? { kind: "unknown", role } : { kind: "noise" };
  const frameSeed = isOfConnection(kind) ? seed : 0;
  if (frameSeed === undefined) return unreadable;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = bytes.length - checksumSizeBytes;
  if (crc32c(bytes.subarray(0, end), frameSeed) !== view.getUint32(end, true)) return unreadable;
  const frame = readContent(kind, first, new ContentReader(bytes.subarray(0, end)));
  return frame === undefined ? { kind: "noise" } : { kind: "frame", role, frame };
}

/** Such a frame's CRC begins with the connection's seed: it is valid there only. */
function isOfConnection(kind: Frame["kind"]): boolean {
  return kind === "data" || kind === "acknowledge" || kind === "close" || kind === "closed";
}

function contentLimit(frame: Frame): number {
  switch (frame.kind) {
    case "data":
      return 32 + (frame.control?.bytes.length ?? 0) + (frame.stream?.bytes.length ?? 0);
    case "close":
      return 8 + frame.reason.length * 3;
    default:
      return 32;
  }
}

function writeContent(content: ContentWriter, frame: Frame, role: LinkRole): void {
  const flags =
    frame.kind === "data"
      ? (frame.acknowledgement === undefined ? 0 : acknowledgementFlag) |
        (frame.control === undefined ? 0 : controlFlag) |
        (frame.stream === undefined ? 0 : streamFlag)
      : 0;
  content.u8(alwaysBit | flags | (role === "agent" ? agentBit : 0) | kinds.indexOf(frame.kind));
  switch (frame.kind) {
    case "open":
      content.u8(frame.version);
      content.u32(frame.host);
      content.u32(frame.baud);
      break;
    case "accept":
      content.u8(frame.version);
      content.u32(frame.host);
      content.u32(frame.agent);
      content.u32(frame.baud);
      break;
    case "refuse":
      content.u8(frame.version);
      content.u32(frame.host);
      content.u8(refusals.indexOf(frame.why));
      break;
    case "data":
      content.u16(frame.number);
      if (frame.acknowledgement !== undefined) content.acknowledgement(frame.acknowledgement);
      if (frame.control !== undefined) content.chunk(frame.control, frame.stream !== undefined);
      if (frame.stream !== undefined) content.chunk(frame.stream, false);
      break;
    case "acknowledge":
      content.acknowledgement(frame.acknowledgement);
      break;
    case "close":
      content.ascii(frame.reason.slice(0, reasonLimitBytes));
      break;
    case "reset":
    case "closed":
      break;
  }
}

function readContent(
  kind: Frame["kind"],
  first: number,
  content: ContentReader,
): Frame | undefined {
  content.u8();
  const frame = readFields(kind, first, content);
  return content.isIntact ? frame : undefined;
}

function readFields(kind: Frame["kind"], first: number, content: ContentReader): Frame | undefined {
  switch (kind) {
    case "open":
      return { kind, version: content.u8(), host: content.u32(), baud: content.u32() };
    case "accept":
      return {
        kind,
        version: content.u8(),
        host: content.u32(),
        agent: content.u32(),
        baud: content.u32(),
      };
    case "refuse": {
      const [version, host] = [content.u8(), content.u32()];
      const why = refusals[content.u8()];
      return why === undefined ? undefined : { kind, version, host, why };
    }
    case "data": {
      const hasStream = (first & streamFlag) !== 0;
      const number = content.u16();
      const acknowledgement =
        (first & acknowledgementFlag) === 0 ? undefined : content.acknowledgement();
      const control = (first & controlFlag) === 0 ? undefined : content.chunk(hasStream);
      const stream = hasStream ? content.chunk(false) : undefined;
      return {
        kind,
        number,
        ...(acknowledgement === undefined ? {} : { acknowledgement }),
        ...(control === undefined ? {} : { control }),
        ...(stream === undefined ? {} : { stream }),
      };
    }
    case "acknowledge":
      return { kind, acknowledgement: content.acknowledgement() };
    case "close":
      return { kind, reason: content.ascii() };
    case "reset":
    case "closed":
      return { kind };
  }
}

class ContentWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(limit: number) {
    this.#bytes = new Uint8Array(limit + checksumSizeBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  u8(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  u16(value: number): void {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }

  u24(value: number): void {
    this.u16(value & 0xffff);
    this.u8(value >>> 16);
  }

  u32(value: number): void {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  acknowledgement({ largest, earlier }: Acknowledgement): void {
    this.u16(largest);
    this.u8(earlier.length);
    this.#append(earlier);
  }

  chunk({ offset, bytes }: Chunk, hasLength: boolean): void {
    this.u24(offset);
    if (hasLength) this.u16(bytes.length);
    this.#append(bytes);
  }

  /** Reasons are in English; whatever else is in one becomes a question mark. */
  ascii(text: string): void {
    for (const character of text) {
      const code = character.charCodeAt(0);
      this.u8(code >= 0x20 && code < 0x7f ? code : 0x3f);
    }
  }

  #append(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }
}

/** Reads zeros beyond the end and then says so: `isIntact`. */
class ContentReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #isShort = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether all of it has been read, and no more. */
  get isIntact(): boolean {
    return !this.#isShort && this.#at === this.#bytes.length;
  }

  u8(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) this.#isShort = true;
    return byte ?? 0;
  }

  u16(): number {
    return this.u8() | (this.u8() << 8);
  }

  u24(): number {
    return this.u16() | (this.u8() << 16);
  }

  u32(): number {
    return (this.u24() | (this.u8() << 24)) >>> 0;
  }

  acknowledgement(): Acknowledgement {
    const largest = this.u16();
    const length = this.u8();
    if (length > 8) this.#isShort = true;
    return { largest, earlier: this.#take(Math.min(8, length)) };
  }

  chunk(hasLength: boolean): Chunk {
    const offset = this.u24();
    const length = hasLength ? this.u16() : this.#bytes.length - this.#at;
    return { offset, bytes: this.#take(length) };
  }

  ascii(): string {
    const characters = [...this.#take(this.#bytes.length - this.#at)];
    return String.fromCharCode(...characters).replaceAll(/[^ -~]/g, "?");
  }

  #take(length: number): Uint8Array {
    const end = this.#at + Math.max(0, length);
    if (end > this.#bytes.length) this.#isShort = true;
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}
