import { type DecodeContext } from "../output/decode-context.js";
import { PerfCursor } from "../output/perf-span.js";
import { RingCursor } from "../output/ring-span.js";
import { createRecordDecoder } from "../output/record-decoder.js";
import { type MapDump } from "../output/map-dump.js";
import { type MapEvent } from "../output/trace-writer.js";
import { type MapEntry, type TraceEvent } from "../output/value.js";
import { type RunSpec } from "../spec/attachment-spec.js";
import { type TraceLayout } from "../spec/trace-layout.js";
import { type ObjectSpec } from "../spec/object-spec.js";
import { type TraceSpec } from "../spec/trace-spec.js";
import { TargetError } from "../session/errors.js";
import { ControlReader } from "./control-reader.js";
import { EventQueue } from "./event-queue.js";
import { MapAccess } from "./map-access.js";
import {
  RecordPump,
  type EarlierRecords,
  type RecordSink,
  type TraceProgress,
} from "./record-pump.js";
import { type TraceSource } from "./trace-source.js";

/** How a trace ended. */
export interface TraceResult {
  /** What the script gave to exit(); 0 when it did not. */
  readonly exitCode: number;
  /** Records that were written by programs and did not arrive. */
  readonly lost: bigint;
  /** Map updates that failed because the map was full. */
  readonly failedUpdates: bigint;
  /** Times that the kernel did not run a program at its probe, as far as it counts them. */
  readonly missedRuns: bigint;
  /** The maps that are printed at the end, in the script's order; none when the script says so. */
  readonly maps: readonly MapEvent[];
}

/** For a program that was at work before, while nobody read what it recorded. */
export interface EarlierWork extends EarlierRecords {
  /** Nothing is recorded any more: what is there is read, and the trace ends. */
  readonly isOver: boolean;
  readonly baselines: readonly (readonly [number, MapDump])[];
  /** Leaves the program to itself again. */
  readonly leave: (baselines: readonly (readonly [number, MapDump])[]) => Promise<void>;
}

/** A program at work on a target (or in a recording). */
export class Trace implements AsyncDisposable {
  readonly #spec: TraceSpec;
  readonly #source: TraceSource;
  readonly #maps: MapAccess;
  /** What decoders of its records need to know of the world. */
  readonly context: DecodeContext;
  readonly #close: () => Promise<void>;
  readonly #earlier: EarlierWork | undefined;
  #exitCode: number | undefined;
  #testCode = 0;
  #isLeaving = false;
  #outcome: "running" | "left" | "ended" = "running";
  #pump: RecordPump | undefined;
  #result: Promise<TraceResult> | undefined;
  #requestStop: () => void = () => undefined;
  #failIteration: (error: unknown) => void = () => undefined;
  #closing: Promise<void> | undefined;
  readonly #stopRequest: Promise<void>;
  readonly #iterationFailure: Promise<never>;

  constructor(
    spec: TraceSpec,
    source: TraceSource,
    context: DecodeContext,
    /** Removes the program from the target. */
    close: () => Promise<void>,
    earlier?: EarlierWork,
  ) {
    this.#earlier = earlier;
    this.#spec = spec;
    this.#source = source;
    this.context = context;
    this.#maps = new MapAccess(spec.layout, source, context, earlier?.baselines);
    this.#close = close;
    this.#stopRequest = new Promise((resolve) => {
      this.#requestStop = resolve;
    });
    this.#iterationFailure = new Promise((_, reject) => {
      this.#failIteration = reject;
    });
    // Nobody may wait for it.
    this.#iterationFailure.catch(() => undefined);
  }

  /**
   * Gives every record to a sink until the script exits, `stop` is called or the source fails (then it rejects). A script
   * that only begins and ends is over at once. May be called once.
   */
  run(sink: RecordSink): Promise<TraceResult> {
    if (this.#result !== undefined) throw new TargetError("the trace is running already");
    this.#result = this.#run(sink);
    return this.#result;
  }

  /** The trace's events in program order, with typed values; ends when the trace does. May be called once. */
  events(): AsyncIterable<TraceEvent> {
    const queue = new EventQueue(createRecordDecoder(this.#spec.layout, this.context));
    this.run(queue).then(
      (result) => {
        for (const map of result.maps) queue.event(map);
        queue.end();
      },
      (error: unknown) => {
        queue.fail(error);
      },
    );
    return queue;
  }

  /** The entries of one of the script's maps, as they are now, sorted as they would be printed. */
  async *map(name: string): AsyncGenerator<MapEntry> {
    const { maps } = this.#spec.layout;
    const index = maps.findIndex((one) => one.name === name);
    if (index < 0) {
      const names = maps.map((one) => one.name).join(", ");
      throw new TargetError(`the program has no map ${name}`, { hint: `its maps are: ${names}` });
    }
    yield* (await this.#maps.read(index, { clears: false })).entries;
  }

  /** Whether the program has probes for SIGUSR1. */
  get awaitsSignal(): boolean {
    return this.#spec.object.runs.some(({ when }) => when === "signal");
  }

  /** Runs the program's probes for SIGUSR1. */
  async signal(): Promise<void> {
    for (const { when, program } of this.#spec.object.runs) {
      if (when === "signal") await this.#source.run(program);
    }
  }

  /** Its probes that are run when its user sees fit. */
  get tests(): readonly (RunSpec & { readonly name: string })[] {
    return this.#spec.object.runs.flatMap((run) => {
      return run.name === undefined ? [] : [{ ...run, name: run.name }];
    });
  }

  /**
   * Runs one of `tests`, so often as said (1000 times at most), while the trace runs; resolves when the sink has had all that it recorded. Gives what it returned or gave
   * to exit(): the last that was not 0.
   */
  async test({ program }: Pick<RunSpec, "program">, times = 1): Promise<number> {
    const pump = this.#pump;
    if (pump === undefined) throw new TargetError("the trace is not running");
    this.#testCode = 0;
    await this.#source.run(program, times);
    await this.#source.catchUp(pump);
    return this.#testCode;
  }

  /** Ends the trace in an orderly way: what was recorded still comes, END runs, maps are read. */
  async stop(): Promise<TraceResult> {
    this.#requestStop();
    this.#result ??= this.#run(discard);
    return await this.#result;
  }

  /**
   * Stops reading and leaves the program at work, for whoever attaches next: of a detached trace alone. One whose script has
   * exited ends all the same.
   */
  async leave(): Promise<TraceResult> {
    if (this.#earlier === undefined) throw new TargetError("the trace is not detached");
    this.#isLeaving = true;
    return await this.stop();
  }

  /** "left": the program is at work; "ended": it is not, and all that it recorded has been dealt with. */
  get outcome(): "running" | "left" | "ended" {
    return this.#outcome;
  }

  async #run(sink: RecordSink): Promise<TraceResult> {
    const { layout, object } = this.#spec;
    const control = new ControlReader(
      layout,
      this.#maps,
      this.context,
      this.#source,
      sink,
      (code) => {
        this.#exit(code);
      },
    );
    const usesRing = object.maps.some((map) => map.type === "ringbuf");
    const { byteOrder } = this.context;
    const cursor = usesRing ? new RingCursor(byteOrder) : new PerfCursor(byteOrder);
    const pump = new RecordPump(this.#source, cursor, sink, control, this.#earlier);
    this.#pump = pump;
    if (this.#earlier === undefined) sink.event({ kind: "attached", probes: layout.probeCount });
    // One that is left before it is read keeps all that waits.
    if (!this.#isLeaving) pump.start();
    if (isBusy(object)) void this.#iterate();
    else this.#requestStop();
    if (this.#earlier?.isOver === true) this.#requestStop();
    await Promise.race([this.#stopRequest, pump.ended(), this.#iterationFailure]);
    return (await this.#tryToLeave(pump, sink)) ?? (await this.#finish(pump, sink));
  }

  /** A trace of tests goes on until it is stopped: each of them has its own end. */
  #exit(code: number): void {
    if (this.tests.length > 0) {
      this.#pump?.listen();
      if (code !== 0) this.#testCode = code;
      return;
    }
    this.#exitCode = code;
    this.#requestStop();
  }

  /** Has iterators go through what they do; a trace that has nothing else is over then. */
  async #iterate(): Promise<void> {
    const { attachments } = this.#spec.object;
    const iterators = attachments.flatMap((attachment, index) =>
      attachment.kind === "iterator" ? [{ index, isPinned: attachment.pinPath !== undefined }] : [],
    );
    if (iterators.length === 0 || this.#earlier !== undefined) return;
    try {
      for (const { index, isPinned } of iterators) {
        if (!isPinned) await this.#source.iterate(index);
      }
      if (iterators.length === attachments.length) this.#requestStop();
    } catch (error) {
      this.#failIteration(error);
    }
  }

  /** Undefined: the trace is to end. */
  async #tryToLeave(pump: RecordPump, sink: RecordSink): Promise<TraceResult | undefined> {
    if (!this.#isLeaving || this.#earlier === undefined) return undefined;
    await pump.halt();
    if (this.#exitCode !== undefined) {
      pump.goOn();
      return undefined;
    }
    sink.flush();
    await this.#earlier.leave(this.#maps.baselines);
    this.#outcome = "left";
    return { exitCode: 0, lost: pump.lost, failedUpdates: 0n, missedRuns: 0n, maps: [] };
  }

  async #finish(pump: RecordPump, sink: RecordSink): Promise<TraceResult> {
    const counts = await this.#source.finish(pump);
    await pump.reach(counts.positions);
    pump.endLosses(counts.lost);
    sink.flush();
    const maps: MapEvent[] = [];
    if (this.#spec.layout.printsMapsAtExit) {
      for (const index of this.#spec.layout.maps.keys()) {
        maps.push(await this.#maps.read(index, { clears: false }));
      }
    }
    this.#outcome = "ended";
    const { failedUpdates, missedRuns } = counts;
    return { exitCode: this.#exitCode ?? 0, lost: pump.lost, failedUpdates, missedRuns, maps };
  }

  /** How its records and maps are read. */
  get layout(): TraceLayout {
    return this.#spec.layout;
  }

  /** Records lost so far, as far as the host knows. */
  get lost(): bigint {
    return this.#pump?.lost ?? 0n;
  }

  /** How far it has come. */
  get progress(): TraceProgress {
    return this.#pump?.progress ?? { events: 0, lost: 0n, blockedMilliseconds: 0 };
  }

  /** Removes the program from the target, with what it recorded; a detached one only when it has ended. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Whether something can still happen by itself: a program that only begins and ends is over at once. */
function isBusy({ attachments, runs }: ObjectSpec): boolean {
  return attachments.length > 0 || runs.some(({ when }) => when !== "start" && when !== "end");
}

const discard: RecordSink = {
  record: () => undefined,
  event: () => undefined,
  flush: () => undefined,
  ready: () => undefined,
};
