import {
  type ControlGroupPath,
  type KeptStack,
  type SymbolName,
} from "../output/decode-context.js";
import { type MapDump } from "../output/map-dump.js";
import { TargetError } from "../session/errors.js";
import { AnswerQueue } from "./answer-queue.js";
import { stackName, userAddressName, type RecordingHeader } from "./recording-line.js";
import { readRecording } from "./recording.js";
import {
  type ActionResult,
  type FinalCounts,
  type SourceSpan,
  type TraceSource,
} from "./trace-source.js";

/** Spans read ahead of those that were dealt with. */
const readAhead = 64;

/** What addresses and numbers stood for. */
interface RecordedNames {
  readonly symbols: ReadonlyMap<bigint, { readonly name: string; readonly offset: bigint }>;
  /** By userAddressName(). */
  readonly userSymbols: ReadonlyMap<string, SymbolName>;
  /** By stackName(). */
  readonly stacks: ReadonlyMap<string, KeptStack>;
  readonly controlGroups: ReadonlyMap<bigint, readonly ControlGroupPath[]>;
}

/** Plays a recording: its spans in order, its dumps as they are asked for. */
export class ReplaySource implements TraceSource {
  readonly header: RecordingHeader;
  readonly #path: string;
  readonly #names: RecordedNames;
  readonly #dumps = new AnswerQueue<MapDump>(() => this.#wake?.());
  readonly #actions = new AnswerQueue<ActionResult>(() => this.#wake?.());
  /** When the spans had come that have not been dealt with, in order. */
  readonly #arrivals: bigint[] = [];
  #wake: (() => void) | undefined;
  #finished: Promise<FinalCounts> | undefined;
  #now = 0n;

  private constructor(path: string, header: RecordingHeader, names: RecordedNames) {
    this.#path = path;
    this.header = header;
    this.#names = names;
  }

  /** Reads the header, the symbols and the stacks. Throws TargetError. */
  static async open(path: string): Promise<ReplaySource> {
    let header: RecordingHeader | undefined;
    const symbols = new Map<bigint, { readonly name: string; readonly offset: bigint }>();
    const userSymbols = new Map<string, SymbolName>();
    const stacks = new Map<string, KeptStack>();
    const controlGroups = new Map<bigint, readonly ControlGroupPath[]>();
    for await (const line of readRecording(path)) {
      if (line.kind === "header") header = line.header;
      if (line.kind === "symbol")
        symbols.set(line.address, { name: line.name, offset: line.offset });
      if (line.kind === "userSymbol")
        userSymbols.set(userAddressName(line.address, line.pid), line);
      if (line.kind === "stack") stacks.set(stackName(line.stack, line.limit), line);
      if (line.kind === "controlGroup") controlGroups.set(line.id, line.paths);
    }
    if (header === undefined) throw new TargetError(`recording ${path}: it has no header`);
    return new ReplaySource(path, header, { symbols, userSymbols, stacks, controlGroups });
  }

  open(receiver: { onSpan(span: SourceSpan): void; onEnd(error?: Error): void }): void {
    this.#finished = this.#play((span) => {
      receiver.onSpan(span);
    });
    this.#finished.then(
      () => {
        receiver.onEnd();
      },
      (error: unknown) => {
        receiver.onEnd(error instanceof Error ? error : new TargetError(String(error)));
      },
    );
  }

  async #play(onSpan: (span: SourceSpan) => void): Promise<FinalCounts> {
    const ends = new Map<number, bigint>();
    let lost = 0n;
    let counts: FinalCounts | undefined;
    for await (const line of readRecording(this.#path)) {
      if (line.kind === "span") {
        this.#arrivals.push(line.at);
        ends.set(line.span.channel, line.span.position + BigInt(line.span.bytes.length));
        lost = line.span.lost;
        onSpan(line.span);
      }
      if (line.kind === "dump") this.#dumps.give(line.dump);
      if (line.kind === "action") this.#actions.give(line.result);
      if (line.kind === "finish") ({ counts } = line);
      await this.#pause();
    }
    this.#dumps.end(this.#cutShort("a map that was printed"));
    this.#actions.end(this.#cutShort("what a command wrote"));
    // What the recording has is all there is, also when it was cut short (its writer was killed).
    const channels = Math.max(0, ...ends.keys()) + 1;
    const positions = Array.from({ length: channels }, (_, channel) => ends.get(channel) ?? 0n);
    return { lost, failedUpdates: 0n, missedRuns: 0n, ...counts, positions };
  }

  /** Waits while enough is under way and nobody waits for an answer that stands further on. */
  async #pause(): Promise<void> {
    const isAwaited = (): boolean => this.#dumps.isAwaited || this.#actions.isAwaited;
    while (this.#arrivals.length > readAhead && !isAwaited()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #cutShort(what: string): TargetError {
    return new TargetError(`recording ${this.#path}: it ends before ${what}`);
  }

  acknowledge(): void {
    this.#now = this.#arrivals.shift() ?? this.#now;
    this.#wake?.();
  }

  async dump(): Promise<MapDump> {
    return await this.#dumps.take();
  }

  async perform(): Promise<ActionResult> {
    return await this.#actions.take();
  }

  catchUp(): Promise<void> {
    return Promise.resolve();
  }

  run(): Promise<void> {
    return Promise.resolve();
  }

  /** Resolves when all has been played: what an iterator wrote is in the recording, and there may be nothing else. */
  async iterate(): Promise<void> {
    await this.#finished;
  }

  fill(): Promise<void> {
    return Promise.resolve();
  }

  async finish(): Promise<FinalCounts> {
    return (await this.#finished) ?? { positions: [], lost: 0n, failedUpdates: 0n, missedRuns: 0n };
  }

  now(): bigint {
    return this.#arrivals[0] ?? this.#now;
  }

  resolveKernelSymbol(
    address: bigint,
  ): { readonly name: string; readonly offset: bigint } | undefined {
    return this.#names.symbols.get(address);
  }

  resolveUserSymbol(address: bigint, pid: number): SymbolName | undefined {
    return this.#names.userSymbols.get(userAddressName(address, pid));
  }

  resolveStack(stack: bigint, limit: number): KeptStack | undefined {
    return this.#names.stacks.get(stackName(stack, limit));
  }

  resolveControlGroup(id: bigint): readonly ControlGroupPath[] {
    return this.#names.controlGroups.get(id) ?? [];
  }
}
