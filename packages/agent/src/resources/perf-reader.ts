import { type Target } from "../features/target.js";
import { CancelledError, RequestError } from "../kernel/errors.js";
import { enablePerfEvent, openPerfEvent } from "../kernel/perf.js";
import {
  PERF_COUNT_SW_BPF_OUTPUT,
  PERF_COUNT_SW_DUMMY,
  PERF_SAMPLE_RAW,
  PERF_SAMPLE_TIME,
  PERF_TYPE_SOFTWARE,
} from "../kernel/uapi.js";
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
import { PerfBuffer } from "./perf-buffer.js";
import { type ChannelProgress, SpanSender } from "./span-sender.js";
import { type DrainOutcome, StreamPump } from "./stream-pump.js";

/** The kernel wakes us when so much is in a buffer, or half of a small one; the timer sees to what is less. */
const watermarkBytes = 65_536;
const flushMilliseconds = 50;

/** One CPU's part. */
interface CpuBuffer {
  readonly cpu: number;
  readonly event: number;
  readonly mapping: NativeMapping;
  readonly buffer: PerfBuffer;
  /** Low word of the position up to which all has been sent. */
  sent: number;
}

interface PerfReaderParts {
  readonly target: Target;
  readonly buffers: readonly CpuBuffer[];
  readonly losses: LossCounter;
  readonly sender: SpanSender;
  readonly gatherMilliseconds: number;
  readonly budget: CpuBudget | undefined;
  readonly onRelease: () => void;
}

/** Opens a perf event array as a stream with a channel for each CPU. Throws SyscallError, RequestError. */
export function openPerfStream(
  target: Target,
  request: StreamRequest,
  outlet: StreamOutlet,
): EventStream {
  const { map, creditBytes, gatherMilliseconds, perfPages } = request;
  const losses = openLossCounter(target, request.lossMap);
  try {
    const buffers = openCpuBuffers(target, map.describe("open"), perfPages, (action, cpu) =>
      openOutput(target, action, map, cpu, bufferWatermark(target, perfPages)),
    );
    const sender = new SpanSender({ ...outlet, creditBytes, readLost: losses.read });
    map.hasStream = true;
    const onRelease = (): void => {
      map.hasStream = false;
    };
    const { budget } = outlet;
    const parts = { target, buffers, losses, sender, gatherMilliseconds, budget, onRelease };
    return new PerfReader(parts);
  } catch (error) {
    losses.close();
    throw error;
  }
}

/**
 * Opens as a stream what the kernel records of tasks on each CPU: what they map to run code of, their names, beginnings and
 * ends. Throws SyscallError, RequestError.
 */
export function openTaskStream(
  target: Target,
  request: Omit<StreamRequest, "map" | "lossMap"> & {
    /** Of this process and what it starts from now on; undefined for all. */
    readonly pid: number | undefined;
  },
  outlet: StreamOutlet,
): EventStream {
  const { creditBytes, gatherMilliseconds, perfPages, pid } = request;
  const buffers = openCpuBuffers(target, "record tasks", perfPages, (action, cpu) =>
    openTaskEvent(target, action, cpu, pid, bufferWatermark(target, perfPages)),
  );
  const losses = { read: () => 0n, close: () => undefined };
  const sender = new SpanSender({ ...outlet, creditBytes, readLost: losses.read });
  const onRelease = (): undefined => undefined;
  const { budget } = outlet;
  const parts = { target, buffers, losses, sender, gatherMilliseconds, budget, onRelease };
  return new PerfReader(parts);
}

/** A buffer for each CPU, of events that `open` opens, disabled. Throws what `open` throws, SyscallError, RequestError. */
function openCpuBuffers(
  target: Target,
  what: string,
  pages: number,
  open: (action: string, cpu: number) => OpenedEvent,
): readonly CpuBuffer[] {
  const isPowerOfTwo = pages > 0 && (pages & (pages - 1)) === 0;
  if (!isPowerOfTwo) throw new RequestError(`${what}: ${pages} pages are no power of two`);
  const buffers: CpuBuffer[] = [];
  try {
    for (const cpu of target.onlineCpus) {
      const action = `${what} on CPU ${cpu}`;
      buffers.push(openCpuBuffer(target, action, cpu, pages, open(action, cpu)));
    }
    return buffers;
  } catch (error) {
    for (const { mapping, event } of buffers) {
      mapping.close();
      target.kernel.call("close", event);
    }
    throw error;
  }
}

interface OpenedEvent {
  readonly fd: number;
  /** Called when its buffer is mapped. */
  readonly onMapped: () => void;
}

function bufferWatermark({ pageSize }: Target, pages: number): number {
  return Math.min(watermarkBytes, (pages * pageSize) / 2);
}

/** An event that collects what programs put into the array on one CPU. Throws SyscallError. */
function openOutput(
  target: Target,
  action: string,
  map: LoadedMap,
  cpu: number,
  wakeupWatermarkBytes: number,
): OpenedEvent {
  const { kernel } = target;
  const attributes = {
    type: PERF_TYPE_SOFTWARE,
    config: BigInt(PERF_COUNT_SW_BPF_OUTPUT),
    sampleType: PERF_SAMPLE_RAW,
    sampling: { period: 1n },
    wakeupWatermarkBytes,
  };
  const fd = kernel.check(
    action,
    "perf_event_open",
    openPerfEvent(kernel, attributes, { pid: -1, cpu }),
  );
  return {
    fd,
    onMapped: () => {
      map.putDescriptor(cpu, fd);
    },
  };
}

/** Without build ids where the kernel does not record them (before 5.12). Throws SyscallError. */
function openTaskEvent(
  { kernel }: Target,
  action: string,
  cpu: number,
  pid: number | undefined,
  wakeupWatermarkBytes: number,
): OpenedEvent {
  const attributes = {
    type: PERF_TYPE_SOFTWARE,
    config: BigInt(PERF_COUNT_SW_DUMMY),
    sampleType: PERF_SAMPLE_TIME,
    sampling: { period: 1n },
    wakeupWatermarkBytes,
    isInherited: pid !== undefined,
  };
  const open = (records: "tasks" | "tasks with build ids"): number =>
    openPerfEvent(kernel, { ...attributes, records }, { pid: pid ?? -1, cpu });
  const first = open("tasks with build ids");
  const result = first === -kernel.errno.EINVAL ? open("tasks") : first;
  return { fd: kernel.check(action, "perf_event_open", result), onMapped: () => undefined };
}

/** Maps an event's buffer and lets it record; closes it where that fails. Throws SyscallError. */
function openCpuBuffer(
  target: Target,
  action: string,
  cpu: number,
  pages: number,
  { fd, onMapped }: OpenedEvent,
): CpuBuffer {
  const { kernel, pageSize } = target;
  let mapping: NativeMapping | undefined;
  try {
    const lengthBytes = (1 + pages) * pageSize;
    mapping = mapMemory(target, action, { fd, offset: 0, lengthBytes, isWritable: true });
    onMapped();
    kernel.check(action, "ioctl(PERF_EVENT_IOC_ENABLE)", enablePerfEvent(kernel, fd));
    const buffer = new PerfBuffer(mapping.bytes, pageSize, kernel.isLittleEndian);
    return { cpu, event: fd, mapping, buffer, sent: 0 };
  } catch (error) {
    mapping?.close();
    kernel.call("close", fd);
    throw error;
  }
}

/** Sends the records of every CPU's buffer as they are; each buffer is the only copy until the host acknowledges. */
class PerfReader implements EventStream {
  readonly #parts: PerfReaderParts;
  readonly #pump: StreamPump;
  /** Which CPU is drained first: with little credit each gets its turn. */
  #first = 0;
  #isReleased = false;

  constructor(parts: PerfReaderParts) {
    const { target, buffers, sender, gatherMilliseconds, budget } = parts;
    this.#parts = parts;
    this.#pump = new StreamPump({
      system: target.kernel.system,
      descriptors: buffers.map(({ event }) => event),
      gatherMilliseconds,
      budget,
      flushMilliseconds: Math.max(flushMilliseconds, gatherMilliseconds),
      drain: () => this.#drain(),
      hasUnacknowledged: () => sender.hasUnacknowledged,
    });
  }

  start(): void {
    this.#pump.start();
  }

  acknowledge(channel: number, position: bigint): void {
    this.#parts.sender.acknowledged(channel, position);
    this.#buffer(channel)?.buffer.consume(position);
    this.#pump.acknowledged();
  }

  get lost(): bigint {
    return this.#parts.sender.lost;
  }

  requireProgress(progress: readonly ChannelProgress[]): void {
    for (const one of progress) this.#parts.sender.requireProgress(one);
  }

  resume(progress: readonly ChannelProgress[]): void {
    this.#rewind(progress);
    this.#pump.pump();
  }

  /** The kernel counts what it finds no room for in a record of its own, which must not be dropped. */
  readonly canKeepNewest = false;

  goOnAlone(): void {
    this.#rewind([]);
  }

  readonly dropped = 0n;

  get waitingBytes(): number {
    const { buffers, sender } = this.#parts;
    const consumed = new Map(sender.consumed.map(({ channel, position }) => [channel, position]));
    return buffers.reduce(
      (sum, { cpu, buffer }) =>
        sum + buffer.available(Number((consumed.get(cpu) ?? 0n) & 0xffff_ffffn)),
      0,
    );
  }

  get consumed(): readonly { readonly channel: number; readonly position: bigint }[] {
    return this.#parts.sender.consumed;
  }

  #rewind(progress: readonly ChannelProgress[]): void {
    const { sender } = this.#parts;
    for (const { channel, consumed } of progress) this.#buffer(channel)?.buffer.consume(consumed);
    sender.resume(progress, (channel, position) => {
      const part = this.#buffer(channel);
      if (part !== undefined) part.sent = Number(position & 0xffff_ffffn);
    });
  }

  #buffer(channel: number): CpuBuffer | undefined {
    return this.#parts.buffers.find(({ cpu }) => cpu === channel);
  }

  flush(): Promise<{ positions: readonly bigint[]; lost: bigint }> {
    if (this.#isReleased) throw new CancelledError("flush: the stream is closed");
    this.#pump.pump();
    const { buffers, sender } = this.#parts;
    const last = Math.max(...buffers.map(({ cpu }) => cpu));
    const positions = Array.from({ length: last + 1 }, (_, channel) => sender.position(channel));
    for (const { cpu, buffer, sent } of buffers) {
      positions[cpu] = sender.position(cpu) + BigInt(buffer.available(sent));
    }
    return Promise.resolve({ positions, lost: sender.lost });
  }

  release(): readonly number[] {
    const { buffers, losses, sender, onRelease } = this.#parts;
    this.#isReleased = true;
    this.#pump.close();
    sender.end();
    for (const { mapping } of buffers) mapping.close();
    losses.close();
    onRelease();
    return buffers.map(({ event }) => event);
  }

  #drain(): DrainOutcome {
    const { buffers } = this.#parts;
    const inTurn = [...buffers.slice(this.#first), ...buffers.slice(0, this.#first)];
    let outcome: DrainOutcome = "empty";
    for (const part of inTurn) {
      const partOutcome = this.#drainCpu(part);
      if (partOutcome === "credit" || partOutcome === "queue") {
        // With no room for one CPU there is none for the next.
        this.#first = (buffers.indexOf(part) + 1) % buffers.length;
        return partOutcome;
      }
      if (partOutcome === "sent") outcome = "sent";
    }
    return outcome;
  }

  #drainCpu(part: CpuBuffer): DrainOutcome {
    const { sender } = this.#parts;
    const { cpu, buffer } = part;
    // What comes while we send is the next drain's, or each message would carry a few records.
    const end = part.sent + buffer.available(part.sent);
    for (let hasSent = false; ; hasSent = true) {
      const rest = (end - part.sent) >>> 0;
      if (rest === 0) return hasSent ? "sent" : "empty";
      const room = sender.room();
      if (room.kind !== "room") return room.kind;
      let length = buffer.scan(part.sent, Math.min(rest, room.lengthBytes));
      if (length === 0) {
        // A record larger than all the credit goes alone.
        if (sender.hasUnacknowledged) return "credit";
        length = buffer.recordLength(part.sent);
      }
      const [first, second] = buffer.pieces(part.sent, length);
      sender.send(cpu, first, second);
      part.sent = (part.sent + length) >>> 0;
    }
  }
}
