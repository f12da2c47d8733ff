import { type Handle, type Keeps } from "@sonde/protocol";
import { type Target } from "../features/target.js";
import { RequestError } from "../kernel/errors.js";
import { BPF_F_MMAPABLE, BPF_MAP_TYPE_ARRAY } from "../kernel/uapi.js";
import { type NativeMapping } from "../system/system.js";
import { type BufferPool } from "./buffer-pool.js";
import { type CpuBudget } from "./cpu-budget.js";
import { type LoadedMap } from "./loaded-map.js";
import { type Resource } from "./resource.js";
import { type ChannelProgress, type StreamChannel } from "./span-sender.js";

/** Events on their way from a buffer in the kernel to the host. */
export interface EventStream extends Resource {
  /** Begins to send. */
  start(): void;

  /** The host has consumed the channel's bytes before the position. Throws ProtocolError when that cannot be. */
  acknowledge(channel: number, position: bigint): void;

  /** Records that did not fit, counted on the kernel's side since the stream's start. */
  readonly lost: bigint;

  /** Throws ProtocolError when the host of a broken link cannot have come so far. */
  requireProgress(progress: readonly ChannelProgress[]): void;

  /** Goes on over a new link from where the host has come to; without a word of a channel, from what was consumed. */
  resume(progress: readonly ChannelProgress[]): void;

  /** Whether it can go on alone and keep the newest records. */
  readonly canKeepNewest: boolean;

  /**
   * There is no host until `resume`: what was not acknowledged is to be sent again. The oldest records are kept, and the
   * programs find no room for more; or the newest, and the oldest are dropped and counted.
   */
  goOnAlone(keeps: Keeps): void;

  /** Records that were dropped since the stream's start. */
  readonly dropped: bigint;

  /** Bytes in the buffer that no host has acknowledged. */
  readonly waitingBytes: number;

  /** Up to where each channel has been acknowledged or dropped; 0 for those that are not named. */
  readonly consumed: readonly { readonly channel: number; readonly position: bigint }[];

  /** Sends what credit allows, and says where each channel will stand when all that is there has been sent. */
  flush(): Promise<{ readonly positions: readonly bigint[]; readonly lost: bigint }>;
}

export interface StreamRequest {
  readonly map: LoadedMap;
  readonly creditBytes: number;
  readonly gatherMilliseconds: number;
  /** Pages of each CPU's buffer; perf event arrays only. */
  readonly perfPages: number;
  readonly lossMap: LoadedMap | undefined;
}

/** Where a stream's messages go, and under which name. */
export interface StreamOutlet {
  /** What draining may cost. */
  readonly budget?: CpuBudget | undefined;
  readonly channel: StreamChannel;
  readonly pool: BufferPool;
  readonly stream: Handle;
}

/** mmap(2). Throws SyscallError. */
export function mapMemory(
  { kernel }: Target,
  action: string,
  request: {
    readonly fd: number;
    readonly offset: number;
    readonly lengthBytes: number;
    readonly isWritable: boolean;
  },
): NativeMapping {
  const mapping = kernel.system.map(request);
  if (typeof mapping === "number") throw kernel.failure(action, "mmap", -mapping);
  return mapping;
}

/** The counter that programs keep of what did not fit. */
export interface LossCounter {
  readonly read: () => bigint;
  readonly close: () => void;
}

/** Reads it in memory, or with a system call where arrays cannot be mapped. Throws RequestError, SyscallError. */
export function openLossCounter(target: Target, map: LoadedMap | undefined): LossCounter {
  const nothing = (): undefined => undefined;
  if (map === undefined) return { read: () => 0n, close: nothing };
  const { type, flags, keySizeBytes, valueSizeBytes } = map.attributes;
  if (type !== BPF_MAP_TYPE_ARRAY || valueSizeBytes < 8) {
    throw new RequestError(`${map.describe("count losses in")}: not an array of a u64`);
  }
  if ((flags & BPF_F_MMAPABLE) === 0) {
    const first = new Uint8Array(keySizeBytes);
    const { kernel } = target;
    const read = (): bigint => {
      const value = map.lookup(first);
      return value === undefined ? 0n : kernel.view(value).getBigUint64(0, kernel.isLittleEndian);
    };
    return { read, close: nothing };
  }
  const mapping = mapMemory(target, map.describe("map"), {
    fd: map.fd,
    offset: 0,
    lengthBytes: target.pageSize,
    isWritable: false,
  });
  const counter = new BigUint64Array(mapping.bytes.buffer, mapping.bytes.byteOffset, 1);
  return {
    read: () => Atomics.load(counter, 0),
    close: () => {
      mapping.close();
    },
  };
}
