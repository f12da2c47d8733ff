import {
  type ControlGroupPath,
  type KeptStack,
  type SymbolName,
} from "../output/decode-context.js";
import { type MapDump } from "../output/map-dump.js";

/** A stretch of a stream: whole records, as the kernel wrote them. */
export interface SourceSpan {
  /** 0 for a ring buffer, the CPU for a perf event array. */
  readonly channel: number;
  /** Of the first byte, counted from the channel's start. */
  readonly position: bigint;
  /** Records that did not fit, counted by the programs, since the stream's start. */
  readonly lost: bigint;
  readonly bytes: Uint8Array;
}

/** What a program has its reader do on the target: run a command (with sh), read a file. */
export interface TargetAction {
  readonly kind: "system" | "cat";
  readonly text: string;
}

export interface ActionResult {
  readonly output: string;
  /** For standard error. */
  readonly messages: readonly string[];
}

/** Who deals with a stream's records while a trace ends. */
export interface FinishingReader {
  /** Resolves when the channels have been dealt with up to these positions. */
  reach(positions: readonly bigint[]): Promise<void>;
  /** What comes until `listen` does not count. */
  passOver(): void;
  listen(): void;
}

/** Everything a running program's reader needs of the far side: a live target or a recording. */
export interface TraceSource {
  /** Called once: spans in order, then the end (with the error, when it was not asked for). */
  open(receiver: { onSpan(span: SourceSpan): void; onEnd(error?: Error): void }): void;
  /** The span has been dealt with; its room can be used again. */
  acknowledge(span: SourceSpan): void;
  dump(map: string, options: { readonly clear: boolean }): Promise<MapDump>;
  fill(
    map: string,
    entries: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[],
  ): Promise<void>;
  /**
   * Ends recording, runs what runs at the end; gives the positions where the stream's channels will then stand.
   */
  finish(reader: FinishingReader): Promise<FinalCounts>;
  perform(action: TargetAction): Promise<ActionResult>;
  /** Resolves when the reader has dealt with all that was recorded before. */
  catchUp(reader: Pick<FinishingReader, "reach">): Promise<void>;
  /** Runs a program by its name, once unless said; 1000 times at most. */
  run(program: string, times?: number): Promise<void>;
  /** Has an iterator, one of the object's attachments, go through all that it does; it is over when this resolves. */
  iterate(attachment: number): Promise<void>;
  /** Nanoseconds since 1970. */
  now(): bigint;
  resolveKernelSymbol(
    address: bigint,
  ): { readonly name: string; readonly offset: bigint } | undefined;
  resolveUserSymbol(address: bigint, pid: number): SymbolName | undefined;
  /** A stack that a program kept, by its number and the frames that it was cut to. */
  resolveStack(stack: bigint, limit: number): KeptStack | undefined;
  /** Where a control group is. */
  resolveControlGroup(id: bigint): readonly ControlGroupPath[];
}

export interface FinalCounts {
  readonly positions: readonly bigint[];
  readonly lost: bigint;
  /** Map updates that the kernel refused: a map was full. */
  readonly failedUpdates: bigint;
  /**
   * Times that the kernel did not run a program because another was running on that CPU, or a map system call was being
   * made there (bpf_prog_info.recursion_misses). Programs of perf events are not counted by the kernel.
   */
  readonly missedRuns: bigint;
}
