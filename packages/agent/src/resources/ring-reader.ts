import { type Keeps } from "@sonde/protocol";
import { type Target } from "../features/target.js";
import { CancelledError } from "../kernel/errors.js";
import { type NativeMapping } from "../system/system.js";
import {
  type EventStream,
  type LossCounter,
  mapMemory,
  openLossCounter,
  type StreamOutlet,
  type StreamRequest,
} from "./event-stream.js";
import { type CpuBudget } from "./cpu-budget.js";
import { type LoadedMap } from "./loaded-map.js";
import { delay } from "./pacer.js";
import { RingMemory } from "./ring-memory.js";
import { RingTrimmer } from "./ring-trimmer.js";
import { type ChannelProgress, SpanSender } from "./span-sender.js";
import { type DrainOutcome, StreamPump } from "./stream-pump.js";

/** A program that is still writing its record when we flush is done in microseconds, unless it was interrupted. */
const flushAttempts = 20;

interface RingReaderParts {
  readonly target: Target;
  readonly map: LoadedMap;
  readonly memory: RingMemory;
  readonly mappings: readonly NativeMapping[];
  readonly losses: LossCounter;
  readonly sender: SpanSender;
  readonly gatherMilliseconds: number;
  readonly budget: CpuBudget | undefined;
}

/** Opens a ring buffer as a stream. Throws SyscallError, RequestError. */
export function openRingStream(
  target: Target,
  request: StreamRequest,
  outlet: StreamOutlet,
): EventStream {
  const { map, creditBytes, gatherMilliseconds } = request;
  const action = map.describe("open ring");
  const { pageSize, pointerSize, kernel } = target;
  const sizeBytes = map.attributes.maxEntries;
  const losses = openLossCounter(target, request.lossMap);
  const mappings: NativeMapping[] = [];
  const mapPart = (offset: number, lengthBytes: number, isWritable: boolean): Uint8Array => {
    const mapping = mapMemory(target, action, { fd: map.fd, offset, lengthBytes, isWritable });
    mappings.push(mapping);
    return mapping.bytes;
  };
  try {
    const memory = new RingMemory({
      consumer: mapPart(0, pageSize, true),
      producer: mapPart(pageSize, pageSize + 2 * sizeBytes, false),
      pageSize,
      sizeBytes,
      pointerSize,
      isLittleEndian: kernel.isLittleEndian,
    });
    const sender = new SpanSender({ ...outlet, creditBytes, readLost: losses.read });
    map.hasStream = true;
    const { budget } = outlet;
    const parts = { target, map, memory, mappings, losses, sender, gatherMilliseconds, budget };
    return new RingReader(parts);
  } catch (error) {
    for (const mapping of mappings) mapping.close();
    losses.close();
    throw error;
  }
}

/**
 * Sends a ring buffer's records as they are. The ring is the only copy until the host has acknowledged: the consumer's
 * position in the kernel moves then, and not before.
 */
class RingReader implements EventStream {
  readonly #parts: RingReaderParts;
  readonly #pump: StreamPump;
  readonly #trimmer: RingTrimmer;
  /** Low word of the position up to which all has been sent. */
  #sent: number;
  #dropped = 0n;
  #isReleased = false;

  constructor(parts: RingReaderParts) {
    const { target, map, memory, sender, gatherMilliseconds, budget } = parts;
    this.#parts = parts;
    this.#sent = Number(memory.start & 0xffff_ffffn);
    this.#pump = new StreamPump({
      system: target.kernel.system,
      descriptors: [map.fd],
      gatherMilliseconds,
      budget,
      drain: () => this.#drain(),
      hasUnacknowledged: () => sender.hasUnacknowledged,
    });
    this.#trimmer = new RingTrimmer({
      system: target.kernel.system,
      sizeBytes: map.attributes.maxEntries,
      waiting: () => this.waitingBytes,
      drop: (limitBytes) => {
        this.#drop(limitBytes);
      },
    });
  }

  start(): void {
    this.#pump.start();
  }

  acknowledge(channel: number, position: bigint): void {
    const { sender, memory } = this.#parts;
    sender.acknowledged(channel, position);
    memory.consume(memory.start + position);
    this.#pump.acknowledged();
  }

  get lost(): bigint {
    return this.#parts.sender.lost;
  }

  requireProgress(progress: readonly ChannelProgress[]): void {
    for (const one of progress) this.#parts.sender.requireProgress(one);
  }

  resume(progress: readonly ChannelProgress[]): void {
    this.#trimmer.stop();
    this.#rewind(progress);
    this.#pump.pump();
  }

  readonly canKeepNewest = true;

  goOnAlone(keeps: Keeps): void {
    this.#rewind([]);
    if (keeps === "newest") this.#trimmer.start();
  }

  get dropped(): bigint {
    return this.#dropped;
  }

  get waitingBytes(): number {
    const { memory } = this.#parts;
    return (memory.producerPosition - this.#lowWord(this.#consumedPosition)) >>> 0;
  }

  get consumed(): readonly { readonly channel: number; readonly position: bigint }[] {
    return this.#parts.sender.consumed;
  }

  get #consumedPosition(): bigint {
    return this.consumed[0]?.position ?? 0n;
  }

  /** Of a stream's position in the ring. */
  #lowWord(position: bigint): number {
    return Number((this.#parts.memory.start + position) & 0xffff_ffffn);
  }

  #rewind(progress: readonly ChannelProgress[]): void {
    const { sender, memory } = this.#parts;
    for (const { consumed } of progress) memory.consume(memory.start + consumed);
    sender.resume(progress, (_channel, position) => {
      this.#sent = this.#lowWord(position);
    });
  }

  /** The oldest records, while nothing of them is on its way. */
  #drop(limitBytes: number): void {
    const { memory, sender } = this.#parts;
    const length = memory.scan(this.#sent, limitBytes);
    this.#dropped += BigInt(memory.countRecords(this.#sent, length));
    sender.skip(0, length);
    this.#sent = (this.#sent + length) >>> 0;
    memory.consume(memory.start + this.#consumedPosition);
  }

  async flush(): Promise<{ positions: readonly bigint[]; lost: bigint }> {
    const { target, memory, sender } = this.#parts;
    for (let attempt = 0; ; attempt++) {
      if (this.#isReleased) throw new CancelledError("flush: the stream is closed");
      this.#pump.pump();
      const rest = memory.scan(this.#sent, 0xffff_ffff);
      const isComplete = (this.#sent + rest) >>> 0 === memory.producerPosition;
      if (isComplete || attempt === flushAttempts) {
        return { positions: [sender.position(0) + BigInt(rest)], lost: sender.lost };
      }
      await delay(target.kernel.system, 1);
    }
  }

  release(): readonly number[] {
    const { map, mappings, losses, sender } = this.#parts;
    this.#isReleased = true;
    this.#pump.close();
    sender.end();
    this.#trimmer.stop();
    for (const mapping of mappings) mapping.close();
    losses.close();
    map.hasStream = false;
    return [];
  }

  /** What is there now: what comes while we send is the next drain's, or each message would carry a few records. */
  #drain(): DrainOutcome {
    const { memory, sender } = this.#parts;
    const end = memory.producerPosition;
    for (let hasSent = false; ; hasSent = true) {
      const rest = (end - this.#sent) >>> 0;
      if (rest === 0) return hasSent ? "sent" : "empty";
      const room = sender.room();
      if (room.kind !== "room") return room.kind;
      const length = this.#nextLength(Math.min(rest, room.lengthBytes));
      if (length === 0) {
        return memory.recordLength(this.#sent) === 0 ? "incomplete" : "credit";
      }
      sender.send(0, memory.span(this.#sent, length));
      this.#sent = (this.#sent + length) >>> 0;
    }
  }

  /** A record that is larger than all the room there can be goes alone, when nothing else is on its way. */
  #nextLength(room: number): number {
    const { memory, sender } = this.#parts;
    const length = memory.scan(this.#sent, room);
    if (length > 0 || sender.hasUnacknowledged) return length;
    return memory.recordLength(this.#sent);
  }
}
