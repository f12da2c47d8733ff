import { type ControlRecord } from "../output/decoded-record.js";
import { type RecordCursor } from "../output/record-cursor.js";
import { type MessageCall, type TraceEvent } from "../output/value.js";
import { type SourceSpan, type TargetAction, type TraceSource } from "./trace-source.js";

/** What becomes of a trace's records: text, events for a script, a tool's lines. */
export interface RecordSink {
  /** One ordinary record; its bytes are valid during the call only. */
  record(bytes: Uint8Array, offset: number, length: number): void;
  /** A map that was printed, or records that were lost, at their place between the records. */
  event(event: TraceEvent): void;
  /** A span has been dealt with: what was gathered may go out. */
  flush(): void;
  /** `undefined` when the sink can take more; else resolves when it can. Until then no credit is given back. */
  ready(): Promise<void> | undefined;
}

/** How far a trace has come. */
export interface TraceProgress {
  /** Records that went to the sink. */
  readonly events: number;
  /** Records lost, as far as is known. */
  readonly lost: bigint;
  /** For how long the sink was not ready for more. */
  readonly blockedMilliseconds: number;
}

/** What the pump does when a program asks something of its reader. */
export interface ControlHandler {
  /** The control record with this id; `undefined` for ordinary ones. */
  controlOf(bytes: Uint8Array, offset: number, length: number): ControlRecord | undefined;
  printMap(control: ControlRecord & { kind: "printMap" }): Promise<void>;
  clearMap(map: number): Promise<void>;
  zeroMap(map: number): Promise<void>;
  exit(code: number): void;
  message(text: string, call: MessageCall): void;
  perform(action: TargetAction): Promise<void>;
}

/** What others have dealt with, of a source that does not begin at its start. */
export interface EarlierRecords {
  /** Records that were lost, which need not be told. */
  readonly lost: bigint;
  /** Where its channels go on; at 0 those that are not named. */
  readonly positions: readonly { readonly channel: number; readonly position: bigint }[];
}

/**
 * Takes spans from a source and deals with their records one after the other, in program order: ordinary ones go to the
 * sink, and while a map is being read or cleared for one, those behind it wait. A span's credit goes back when the sink
 * is ready for more, so a slow reader slows the agent and not the memory.
 */
export class RecordPump {
  readonly #source: TraceSource;
  readonly #cursor: RecordCursor & { readonly lost?: bigint };
  readonly #sink: RecordSink;
  readonly #control: ControlHandler;
  readonly #waiting: SourceSpan[] = [];
  readonly #positions = new Map<number, bigint>();
  readonly #watchers = new Set<() => void>();
  #isBusy = false;
  #events = 0;
  #blockedMilliseconds = 0;
  #isOver = false;
  #isHalted = false;
  #passesOver = false;
  #lost: bigint;
  #lostTold: bigint;
  #lostToldAt: bigint | undefined;
  #failure: Error | undefined;

  constructor(
    source: TraceSource,
    cursor: RecordCursor & { readonly lost?: bigint },
    sink: RecordSink,
    control: ControlHandler,
    earlier: EarlierRecords = { lost: 0n, positions: [] },
  ) {
    this.#lost = earlier.lost;
    this.#lostTold = earlier.lost;
    for (const { channel, position } of earlier.positions) this.#positions.set(channel, position);
    this.#source = source;
    this.#cursor = cursor;
    this.#sink = sink;
    this.#control = control;
  }

  /** Records lost so far, as far as is known here. */
  get lost(): bigint {
    return this.#lost;
  }

  get progress(): TraceProgress {
    return {
      events: this.#events,
      lost: this.#lost,
      blockedMilliseconds: this.#blockedMilliseconds,
    };
  }

  start(): void {
    this.#source.open({
      onSpan: (span) => {
        this.#waiting.push(span);
        this.#work();
      },
      onEnd: (error) => {
        this.#isOver = true;
        if (error === undefined) this.#notify();
        else this.#fail(error);
      },
    });
  }

  /** Takes the final count of lost records and tells the sink of those it has not been told of. */
  endLosses(total: bigint): void {
    this.#lost = this.#allLost(total);
    this.#tellLosses();
  }

  /** Losses are told as they happen, but not more than once a second: a flood of events is no reason for one of lines. */
  #countLost(counted: bigint): void {
    const total = this.#allLost(counted);
    if (total === this.#lost) return;
    this.#lost = total;
    const now = this.#source.now();
    if (this.#lostToldAt !== undefined && now - this.#lostToldAt < 1_000_000_000n) return;
    this.#lostToldAt = now;
    this.#tellLosses();
  }

  /**
   * A perf buffer's losses are counted by the program, and by the kernel in the buffer itself: before 5.1 the program did not
   * learn of them, and the kernel tells of the last ones only when a record has found room again.
   */
  #allLost(counted: bigint): bigint {
    const counts = [this.#lost, counted, this.#cursor.lost ?? 0n];
    return counts.reduce((most, count) => (count > most ? count : most));
  }

  #tellLosses(): void {
    const count = this.#lost - this.#lostTold;
    if (count === 0n) return;
    this.#lostTold = this.#lost;
    this.#sink.event({ kind: "lost", count });
  }

  /** Resolves when each channel has been dealt with up to its position; rejects when the source fails before. */
  async reach(positions: readonly bigint[]): Promise<void> {
    const isReached = (): boolean =>
      positions.every((position, channel) => (this.#positions.get(channel) ?? 0n) >= position);
    await this.#until(isReached);
  }

  /** Deals with no more spans until `goOn`; resolves when the one at hand has been dealt with. */
  async halt(): Promise<void> {
    this.#isHalted = true;
    await this.#until(() => !this.#isBusy);
  }

  goOn(): void {
    this.#isHalted = false;
    this.#work();
  }

  /** After exit() nothing counts that programs still write until `listen` is called: by those that run at the end. */
  passOver(): void {
    this.#passesOver = true;
  }

  listen(): void {
    this.#passesOver = false;
  }

  /** Resolves when the source has ended by itself; rejects when it has failed. */
  async ended(): Promise<void> {
    await this.#until(() => this.#isOver);
  }

  async #until(isTrue: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (this.#failure !== undefined) reject(this.#failure);
        else if (isTrue()) resolve();
        else return;
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      look();
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#notify();
  }

  #notify(): void {
    for (const look of [...this.#watchers]) look();
  }

  /** Deals with what waits; goes on by itself when something has to be waited for. */
  #work(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#failure === undefined && !this.#isHalted) {
      const span = this.#waiting[0];
      if (span === undefined) break;
      let pause: Promise<void> | undefined;
      try {
        this.#begin(span);
        pause = this.#walk();
      } catch (error) {
        this.#fail(asError(error));
        break;
      }
      if (pause !== undefined) {
        void this.#resume(span, pause);
        return;
      }
      const full = this.#end(span);
      if (full !== undefined) {
        void this.#resume(undefined, full);
        return;
      }
    }
    this.#isBusy = false;
    if (this.#isHalted) this.#notify();
  }

  /** Goes on once a pause within a span, or a full sink, is over. */
  async #resume(span: SourceSpan | undefined, pause: Promise<void>): Promise<void> {
    try {
      await pause;
      if (span !== undefined) {
        for (let next = this.#walk(); next !== undefined; next = this.#walk()) await next;
        await this.#end(span);
      }
    } catch (error) {
      this.#fail(asError(error));
    }
    this.#isBusy = false;
    this.#work();
  }

  #begin(span: SourceSpan): void {
    this.#cursor.reset(span.bytes);
    this.#countLost(span.lost);
  }

  /** Acknowledges the span, at once or when the sink is ready for more: then it gives what to wait for. */
  #end(span: SourceSpan): Promise<void> | undefined {
    this.#waiting.shift();
    this.#sink.flush();
    const done = (): void => {
      this.#source.acknowledge(span);
      this.#positions.set(span.channel, span.position + BigInt(span.bytes.length));
      this.#notify();
    };
    const full = this.#sink.ready();
    if (full !== undefined) {
      const since = performance.now();
      return full.then(() => {
        this.#blockedMilliseconds += performance.now() - since;
        done();
      });
    }
    done();
    return undefined;
  }

  /** Walks on through the span; stops with a promise when a control record has to be waited for. */
  #walk(): Promise<void> | undefined {
    const cursor = this.#cursor;
    let events = 0;
    let pause: Promise<void> | undefined;
    while (pause === undefined && cursor.next()) {
      if (this.#passesOver) continue;
      const control = this.#control.controlOf(cursor.bytes, cursor.offset, cursor.length);
      if (control === undefined) {
        this.#sink.record(cursor.bytes, cursor.offset, cursor.length);
        events++;
      } else pause = this.#obey(control);
    }
    this.#events += events;
    return pause;
  }

  #obey(control: ControlRecord): Promise<void> | undefined {
    switch (control.kind) {
      case "exit":
        this.passOver();
        this.#control.exit(control.code);
        return undefined;
      case "message":
        this.#control.message(control.text, control.call);
        return undefined;
      case "system":
      case "cat":
        this.#sink.flush();
        return this.#control.perform(control);
      case "clearMap":
        return this.#control.clearMap(control.map);
      case "zeroMap":
        return this.#control.zeroMap(control.map);
      case "printMap":
        this.#sink.flush();
        return this.#control.printMap(control);
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new TypeError(String(error));
}
