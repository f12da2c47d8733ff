import { Flight, type Landing, type Priority } from "./flight.js";
import { type Chunk, type DataFrame, dataFrameOverheadBytes, type Frame } from "./frame.js";
import { FrameSize } from "./frame-size.js";
import { IncomingStream } from "./incoming-stream.js";
import { type LinePace, outsideMilliseconds } from "./line-pace.js";
import { OutgoingStream } from "./outgoing-stream.js";
import { ReceivedFrames } from "./received-frames.js";
import { type RoundTrip } from "./round-trip.js";
import { stuffedLength } from "./stuffing.js";

/** Acknowledgements alone are at least so far apart, unless one is asked for or something is missing. */
const acknowledgementMilliseconds = 10;
/** Probes of a line that does not answer come at least so often, and after a while half as often. */
const slowestProbeMilliseconds = 500;
const impatienceMilliseconds = 10_000;
/** Where the second chunk of a frame is not worth its offset and length. */
const smallestSecondChunkBytes = 16;

export interface ConnectionOptions {
  readonly pace: LinePace;
  readonly roundTrip: RoundTrip;
  readonly messageLimitBytes: number;
  readonly onMessage: (message: Uint8Array, priority: Priority) => void;
}

/** How often what happened, for people. */
export interface ConnectionCounts {
  readonly sentFrames: number;
  readonly receivedFrames: number;
  readonly lostFrames: number;
  readonly probes: number;
}

/**
 * What two sides that have found each other do: two streams each way, numbered frames, acknowledgements, probes. Makes
 * frames when asked; the caller puts them onto the line and asks again at `wakeAt`.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #outgoing = { control: new OutgoingStream(), stream: new OutgoingStream() };
  readonly #incoming: Readonly<Record<Priority, IncomingStream>>;
  readonly #flight = new Flight();
  readonly #received = new ReceivedFrames();
  readonly #frameSize: FrameSize;
  /** Where the chunks of the frame that `next` gave last begin. */
  readonly #carriedFrom = { control: 0, stream: 0 };
  #acknowledgeAt = Infinity;
  #lastAcknowledged = -Infinity;
  #probeAt = Infinity;
  #probesInARow = 0;
  #wantsProbe = false;
  #lastHeard: number;
  #counts = { sentFrames: 0, receivedFrames: 0, lostFrames: 0, probes: 0 };

  constructor(options: ConnectionOptions, now: number) {
    this.#options = options;
    this.#frameSize = new FrameSize(options.pace.bytesPerSecond);
    this.#lastHeard = now;
    const incoming = (priority: Priority): IncomingStream =>
      new IncomingStream(options.messageLimitBytes, (message) => {
        options.onMessage(message, priority);
      });
    this.#incoming = { control: incoming("control"), stream: incoming("stream") };
  }

  send(message: Uint8Array, priority: Priority, onDelivered?: () => void): void {
    this.#outgoing[priority].push(message, onDelivered);
  }

  /** The longest message from now on. */
  limitMessages(limitBytes: number): void {
    this.#incoming.control.limitMessages(limitBytes);
    this.#incoming.stream.limitMessages(limitBytes);
  }

  /** Of messages that have never been on the line. */
  get queuedBytes(): number {
    return this.#outgoing.control.queuedBytes + this.#outgoing.stream.queuedBytes;
  }

  /** Whether everything that was sent has arrived. */
  get isDrained(): boolean {
    return this.#outgoing.control.isDrained && this.#outgoing.stream.isDrained;
  }

  /** Whether the other side owes no answer. */
  get isQuiet(): boolean {
    return this.#flight.isEmpty;
  }

  /** When the last good frame came. */
  get lastHeard(): number {
    return this.#lastHeard;
  }

  get counts(): ConnectionCounts {
    return this.#counts;
  }

  /** As the losses of late say. */
  get payloadBytes(): number {
    return this.#frameSize.payloadBytes;
  }

  /** Asks the other side for a sign of life. */
  probe(): void {
    this.#wantsProbe = true;
  }

  /** Takes a frame of this connection. "oversized": the other side sent a message longer than the limit. */
  receive(frame: Frame, now: number): "taken" | "oversized" {
    this.#lastHeard = now;
    this.#counts.receivedFrames++;
    if (frame.kind === "acknowledge") this.#land(frame.acknowledgement, now);
    if (frame.kind !== "data") return "taken";
    if (frame.acknowledgement !== undefined) this.#land(frame.acknowledgement, now);
    for (const priority of ["control", "stream"] as const) {
      const chunk = frame[priority];
      if (chunk === undefined) continue;
      const incoming = this.#incoming[priority];
      const start = expandOffset(chunk.offset, incoming.next);
      // Its bytes are a view of the frame, which nobody else keeps.
      const outcome = start < 0 ? "taken" : incoming.receive(start, chunk.bytes);
      if (outcome === "oversized") return outcome;
      if (outcome === "full") return "taken";
    }
    this.#owe(frame, now);
    return "taken";
  }

  /** The next frame to put onto the line now, if there is one, and if the line may have it. */
  next(
    now: number,
    outsideBytes: number,
  ): DataFrame | Extract<Frame, { kind: "acknowledge" }> | undefined {
    if (this.#probeAt <= now && !this.#flight.isEmpty) this.#wantsProbe = true;
    const { pace } = this.#options;
    const isReady = (lineBytes: number): boolean =>
      pace.readyAt(lineBytes, now, outsideBytes) <= now;
    if (this.#hasRoom && this.#hasData && isReady(this.#frameBytes)) return this.#data(true, now);
    if (!isReady(dataFrameOverheadBytes)) return undefined;
    if (this.#wantsProbe) return this.#data(false, now);
    return this.#acknowledgeAt <= now ? this.#acknowledge(now) : undefined;
  }

  /** The caller has put the frame that `next` gave onto the line: so many bytes. */
  sent(frame: Frame, lineBytes: number, now: number): void {
    this.#counts.sentFrames++;
    if (frame.kind !== "data") return;
    const carried = (["control", "stream"] as const).flatMap((priority) => {
      const chunk = frame[priority];
      if (chunk === undefined) return [];
      const start = this.#carriedFrom[priority];
      return [{ priority, start, end: start + chunk.bytes.length }];
    });
    if (carried.length === 0) this.#counts.probes++;
    this.#flight.sent({ sentAt: now, lineBytes, carried });
    this.#armProbe(now);
  }

  /** When `next` may have something, if nothing comes before. */
  wakeAt(now: number, outsideBytes: number): number {
    const { pace } = this.#options;
    let wakeAt = this.#flight.isEmpty ? Infinity : this.#probeAt;
    if (this.#hasData && this.#hasRoom) {
      wakeAt = Math.min(wakeAt, pace.readyAt(this.#frameBytes, now, outsideBytes));
    }
    const small = Math.min(this.#wantsProbe ? now : Infinity, this.#acknowledgeAt);
    if (small === Infinity) return wakeAt;
    const readyAt = pace.readyAt(dataFrameOverheadBytes, now, outsideBytes);
    return Math.min(wakeAt, Math.max(small, readyAt));
  }

  get #hasData(): boolean {
    return this.#outgoing.control.hasWork || this.#outgoing.stream.hasWork;
  }

  get #frameBytes(): number {
    return lineBytesOf(this.#frameSize.payloadBytes);
  }

  /** What may be on its way unacknowledged: the line's time that is ours, and what a round trip itself holds. */
  get #hasRoom(): boolean {
    if (this.#flight.isEmpty) return true;
    const { pace, roundTrip } = this.#options;
    const milliseconds = outsideMilliseconds + roundTrip.shortestMilliseconds;
    const window = Math.max(
      (pace.bytesPerSecond * milliseconds) / 1000,
      2 * lineBytesOf(this.#frameSize.largestPayloadBytes),
    );
    // While the other side does not answer, nothing more is piled onto the line.
    return this.#probesInARow < 2 && this.#flight.bytes + this.#frameBytes <= window;
  }

  #data(carries: boolean, now: number): DataFrame {
    this.#wantsProbe = false;
    if (!carries) this.#probesInARow++;
    const acknowledgement =
      this.#acknowledgeAt === Infinity ? undefined : this.#received.acknowledgement();
    if (acknowledgement !== undefined) this.#acknowledged(now);
    const limit = carries ? this.#frameSize.payloadBytes : 0;
    const control = this.#take("control", limit);
    const room = limit - (control === undefined ? 0 : control.bytes.length + 5);
    const stream =
      control !== undefined && room < smallestSecondChunkBytes
        ? undefined
        : this.#take("stream", room);
    return {
      kind: "data",
      number: this.#flight.nextNumber & 0xffff,
      ...(acknowledgement === undefined ? {} : { acknowledgement }),
      ...(control === undefined ? {} : { control }),
      ...(stream === undefined ? {} : { stream }),
    };
  }

  #take(priority: Priority, limit: number): Chunk | undefined {
    const taken = this.#outgoing[priority].take(limit);
    if (taken === undefined) return undefined;
    this.#carriedFrom[priority] = taken.start;
    return { offset: taken.start % 0x100_0000, bytes: taken.bytes };
  }

  #acknowledge(now: number): Extract<Frame, { kind: "acknowledge" }> | undefined {
    const acknowledgement = this.#received.acknowledgement();
    this.#acknowledged(now);
    return acknowledgement === undefined ? undefined : { kind: "acknowledge", acknowledgement };
  }

  #acknowledged(now: number): void {
    this.#acknowledgeAt = Infinity;
    this.#lastAcknowledged = now;
  }

  #owe(frame: DataFrame, now: number): void {
    const { isNext } = this.#received.receive(frame.number);
    const isProbe = frame.control === undefined && frame.stream === undefined;
    const dueAt =
      isProbe || !isNext
        ? now
        : Math.max(now, this.#lastAcknowledged + acknowledgementMilliseconds);
    this.#acknowledgeAt = Math.min(this.#acknowledgeAt, dueAt);
  }

  #land(acknowledgement: Parameters<Flight["acknowledged"]>[0], now: number): void {
    const landing = this.#flight.acknowledged(acknowledgement);
    this.#settle(landing);
    const newest = landing.arrived.at(-1);
    if (newest === undefined) return;
    const { roundTrip, pace } = this.#options;
    roundTrip.sample(now - newest.sentAt, pace.milliseconds(newest.lineBytes), now);
    this.#probesInARow = 0;
    this.#armProbe(now);
  }

  #settle({ arrived, lost }: Landing): void {
    const byNumber = [
      ...arrived.map((frame) => ({ frame, wasLost: false })),
      ...lost.map((frame) => ({ frame, wasLost: true })),
    ].sort((left, right) => left.frame.number - right.frame.number);
    for (const { frame, wasLost } of byNumber) {
      this.#frameSize.record(frame.lineBytes, wasLost);
      if (wasLost) this.#counts.lostFrames++;
      for (const { priority, start, end } of frame.carried) {
        if (wasLost) this.#outgoing[priority].lost(start, end);
        else this.#outgoing[priority].arrived(start, end);
      }
    }
  }

  #armProbe(now: number): void {
    const { roundTrip } = this.#options;
    const silence = now - this.#lastHeard;
    const slowest = Math.max(
      silence > impatienceMilliseconds ? 2 * slowestProbeMilliseconds : slowestProbeMilliseconds,
      2 * roundTrip.shortestMilliseconds,
    );
    const timeout = roundTrip.timeoutMilliseconds + acknowledgementMilliseconds;
    this.#probeAt = now + Math.min(slowest, timeout * 2 ** Math.min(8, this.#probesInARow));
  }
}

/** Of a frame that carries so much, at most. */
function lineBytesOf(payloadBytes: number): number {
  return stuffedLength(payloadBytes + dataFrameOverheadBytes);
}

/** The position with these lower 24 bits that is closest to the one that is due. */
function expandOffset(low: number, due: number): number {
  const distance = (low - (due % 0x100_0000) + 0x100_0000) % 0x100_0000;
  return due + (distance < 0x80_0000 ? distance : distance - 0x100_0000);
}
