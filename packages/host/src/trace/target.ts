import { type Keeps } from "@sonde/protocol";
import { type Diagnostic, isError } from "../language/diagnostic.js";
import { type CompileOptions } from "../language/compile.js";
import { globToRegExp } from "../language/glob.js";
import { type DecodeContext } from "../output/decode-context.js";
import { TargetError } from "../session/errors.js";
import { type LoadedObject } from "../session/loaded-object.js";
import { UnattachedError } from "../session/refusals.js";
import { Session, type LoadOptions, type SessionOptions } from "../session/session.js";
import { type TaskStream } from "../session/task-stream.js";
import { type ClockReport } from "../session/target-clock.js";
import { type TargetDescription } from "../spec/target-description.js";
import { type ObjectSpec } from "../spec/object-spec.js";
import { type TraceLayout } from "../spec/trace-layout.js";
import { type KernelSymbolSource } from "../symbols/kernel-symbol-source.js";
import { UserSymbols } from "../symbols/user-symbols.js";
import { type TraceSpec } from "../spec/trace-spec.js";
import { compileProgram } from "./compile-program.js";
import { ControlGroups } from "./control-groups.js";
import { CostMeter, type TraceCost } from "./cost-meter.js";
import { KeptStacks } from "./kept-stacks.js";
import { LiveSource } from "./live-source.js";
import { createNote, decodeNote, encodeNote, toHandles } from "./detached-note.js";
import { localTimeZone } from "./local-time-zone.js";
import { parseUserNames } from "./user-names.js";
import { RecordingSource } from "./recording-source.js";
import { RecordingWriter } from "./recording.js";
import { ResolvingSource } from "./resolving-source.js";
import { type TraceSource } from "./trace-source.js";
import { Trace } from "./trace.js";
import {
  shownStackLimits,
  showsControlGroups,
  showsKernelSymbols,
  showsTargetTimes,
  showsUserSymbols,
  showsUserNames,
} from "./layout-needs.js";
import {
  createTraceClock,
  formatClockDifference,
  isEvidentlyWrong,
  type ClockChoice,
  type TraceClock,
} from "./trace-clock.js";

/** A program that has been compiled for one target. */
export interface Program {
  readonly source: string;
  readonly spec: TraceSpec;
  /** Warnings. */
  readonly diagnostics: readonly Diagnostic[];
  /** The same, where some probes are attached otherwise than is written: for a kernel that refuses that. */
  readonly asWritten?: () => Promise<Program>;
}

/** The program is wrong: the diagnostics say where and why. Nothing was sent to the target. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
  readonly source: string;
  readonly diagnostics: readonly Diagnostic[];
  constructor(source: string, diagnostics: readonly Diagnostic[]) {
    super(
      diagnostics
        .filter(isError)
        .map((one) => one.message)
        .join("; "),
    );
    this.source = source;
    this.diagnostics = diagnostics;
  }
}

export interface StartOptions extends LoadOptions {
  /** Keep what comes from the target, raw, in this file; `ReplaySource` plays it. */
  readonly record?: string;
  /**
   * Whose wall clock strftime() and time() are of. "auto", the default: the target's, unless it is off by more than a second
   * beyond doubt; then this machine's, with the time that passed on the target as exact as it can be known.
   */
  readonly clock?: ClockChoice;
  /** The process that is traced, where it is one: over a slow line it and those that it starts have names when they have ended, others not. */
  readonly pid?: number;
  /** Have the kernel measure how long programs run, and the agent: see `Target.cost`. */
  readonly measuresCost?: boolean;
}

export interface DetachOptions extends LoadOptions {
  /** Letters, digits, "_", "." and "-": 64 at most. */
  readonly name: string;
  /**
   * What is kept when the buffer is full and nobody reads it: "newest" unless the kernel has no ring buffer, which can only
   * keep the "oldest".
   */
  readonly keeps?: Keeps;
  /** Record nothing more after so long; two weeks at most. */
  readonly seconds?: number;
}

export interface AttachOptions extends Pick<StartOptions, "clock"> {
  /** Read what was recorded, and end. */
  readonly endsAtOnce?: boolean;
}

interface TargetNames {
  readonly symbols: KernelSymbolSource | undefined;
  readonly userSymbols: UserSymbols | undefined;
  readonly controlGroups: ControlGroups | undefined;
  readonly resolveUserName: (uid: number) => string | undefined;
}

/** A machine that can be traced, through its agent. Closing it leaves nothing behind there. */
export class Target implements AsyncDisposable {
  readonly session: Session;
  readonly #onClosed: (() => Promise<void>) | undefined;
  #closing: Promise<void> | undefined;
  #isTracing = false;
  #tasks: TaskStream | undefined;
  #cost: (() => Promise<TraceCost>) | undefined;

  private constructor(session: Session, onClosed?: () => Promise<void>) {
    this.session = session;
    this.#onClosed = onClosed;
  }

  /** Connects to "local:", "ws://board:4650", "wss://board:4650", "unix:PATH", "exec:COMMAND" or "ssh://user@board". */
  static async connect(
    target: string,
    options: SessionOptions = {},
    /** Called once the connection has been ended. */
    onClosed?: () => Promise<void>,
  ): Promise<Target> {
    return new Target(await Session.open(target, options), onClosed);
  }

  get description(): TargetDescription {
    return this.session.target;
  }

  /** Compiles a program of the tracing language for this target. Throws ProgramError. */
  async compile(source: string, options: Partial<CompileOptions> = {}): Promise<Program> {
    const { target, eventBufferBytes } = this.session;
    const result = await compileProgram(
      source,
      target,
      async (queries) => await this.session.answer(queries),
      {
        ...(eventBufferBytes === undefined ? {} : { ringSizeBytes: eventBufferBytes }),
        ...options,
      },
    );
    if (result.spec === undefined) throw new ProgramError(source, result.diagnostics);
    const { spec, diagnostics } = result;
    if (!hasStandIns(spec)) return { source, spec, diagnostics };
    const asWritten = async (): Promise<Program> =>
      await this.compile(source, { ...options, attachesAsWritten: true });
    return { source, spec, diagnostics, asWritten };
  }

  /**
   * Loads and attaches a program in one round trip and gives the running trace, which must be run or iterated and closed.
   * One at a time: another connection to the same agent can run another. Throws RemoteError when the target's kernel
   * refuses; nothing is left there then.
   */
  async start(program: Program, options: StartOptions = {}): Promise<Trace> {
    if (this.#isTracing) {
      throw new TargetError("a trace is running on this connection already", {
        hint: "close it first, or connect once more to run both",
      });
    }
    this.#isTracing = true;
    try {
      return await this.#start(program, options);
    } catch (error) {
      if (this.#tasks !== undefined) await this.session.clear();
      this.#tasks = undefined;
      this.#isTracing = false;
      throw error;
    }
  }

  /** What the running trace has cost so far, when it was asked to measure that. */
  async cost(): Promise<TraceCost | undefined> {
    return await this.#cost?.();
  }

  /** Loads and attaches a program; as it is written, where the kernel refuses what should stand for that. */
  async #load(
    program: Program,
    options: LoadOptions,
  ): Promise<{ readonly loaded: LoadedObject; readonly program: Program }> {
    try {
      return { loaded: await this.session.load(program.spec.object, options), program };
    } catch (error) {
      const { asWritten } = program;
      if (!(error instanceof UnattachedError) || asWritten === undefined) throw error;
      return await this.#load(await asWritten(), options);
    }
  }

  async #start(wanted: Program, options: StartOptions): Promise<Trace> {
    const { layout: shown } = wanted.spec;
    const names = await this.#fetchNames(shown);
    await this.#recordProcesses(names.userSymbols, options.pid);
    const clock = this.#createClock(options, shown);
    const { realtimeMinusBoottime, realtimeMinusMonotonic } = clock;
    // Opened first: a file that cannot be written is known before anything is loaded.
    const recording =
      options.record === undefined ? undefined : await RecordingWriter.open(options.record);
    const meter = options.measuresCost === true ? await CostMeter.start(this.session) : undefined;
    const { loaded, program } = await this.#load(wanted, options);
    const { source: text, spec } = program;
    recording?.write({
      kind: "header",
      header: {
        format: "sonde recording",
        version: 1,
        source: text,
        spec,
        target: { ...this.description, realtimeMinusBoottime, realtimeMinusMonotonic },
      },
    });
    this.#cost = meter === undefined ? undefined : async () => await meter.read(loaded);
    const live = this.#read(loaded, spec, names, clock);
    const source = recording === undefined ? live : new RecordingSource(live, recording);
    const context = decodeContext(this.description, clock, source, names.resolveUserName);
    const layout = { ...spec.layout, probeCount: spec.layout.probeCount - loaded.refusedCount };
    const isAllRefused = loaded.refusedCount === spec.object.attachments.length;
    const object = isAllRefused ? { ...spec.object, attachments: [] } : spec.object;
    return new Trace({ object, layout }, source, context, async () => {
      await this.session.clear();
      this.#tasks = undefined;
      this.#isTracing = false;
      await recording?.end();
    });
  }

  /**
   * Loads and attaches a program and leaves it to the agent, under a name, where it goes on without us; ends the connection.
   * Throws TargetError when the agent ends with its link, RemoteError; nothing is left then.
   */
  async startDetached(wanted: Program, options: DetachOptions): Promise<void> {
    this.requireStays();
    const { name, keeps, seconds } = options;
    const { loaded, program } = await this.#load(wanted, options);
    try {
      await this.session.detach({
        name,
        keeps: keeps ?? (usesRing(program.spec.object) ? "newest" : "oldest"),
        note: encodeNote(createNote(program, loaded.handles)),
        ...(seconds === undefined ? {} : { seconds }),
      });
    } catch (error) {
      await this.session.clear();
      throw error;
    }
  }

  /** Throws TargetError when nothing can be left to the agent, because it ends with its link. */
  requireStays(): void {
    if (this.session.hello.leaseSeconds > 0) return;
    throw new TargetError("nothing can be detached here: over this link a session ends with it", {
      hint: "start an agent that stays, sonde-agent --listen ws://127.0.0.1:4650, and use -t ws://127.0.0.1:4650",
    });
  }

  /**
   * The trace that was detached under the name which the connection attached to (SessionOptions). Closing it leaves it at work,
   * unless it has ended. Throws TargetError when it is another version's.
   */
  async attachedTrace(options: AttachOptions = {}): Promise<Trace> {
    const { attached } = this.session;
    if (attached === undefined) throw new TargetError("the connection attached to no session");
    const note = decodeNote(attached.note);
    const { spec } = note;
    const names = await this.#fetchNames(spec.layout);
    const clock = this.#createClock(options, spec.layout);
    const source = this.#read(this.session.loaded(toHandles(note)), spec, names, clock);
    const context = decodeContext(this.description, clock, source, names.resolveUserName);
    const close = async (): Promise<void> => {
      if (trace.outcome === "ended") await this.session.clear();
    };
    const trace = new Trace(spec, source, context, close, {
      lost: attached.streams.reduce((sum, { lost }) => sum + lost, 0n),
      // There is one stream at most.
      positions: attached.streams.flatMap(({ positions }) => positions),
      isOver: attached.isOver || options.endsAtOnce === true,
      baselines: note.baselines,
      leave: async (baselines) => {
        const isKnown = baselines.length === 0;
        await this.session.leave(isKnown ? undefined : encodeNote({ ...note, baselines }));
      },
    });
    return trace;
  }

  /** So that those that have ended when they are printed have names, too. */
  async #recordProcesses(names: UserSymbols | undefined, pid: number | undefined): Promise<void> {
    if (names === undefined) return;
    this.#tasks = await this.session.openTaskStream(pid, (records) => {
      names.record(records);
    });
  }

  /** What of the target records and maps are printed with. */
  async #fetchNames(layout: TraceLayout): Promise<TargetNames> {
    const [symbols, passwords] = await Promise.all([
      showsKernelSymbols(layout) ? this.session.kernelSymbols() : undefined,
      showsUserNames(layout) ? this.session.files.text("/etc/passwd") : "",
    ]);
    const userNames = parseUserNames(passwords);
    const userSymbols = showsUserSymbols(layout)
      ? new UserSymbols(
          {
            readMaps: async (pid) => await this.session.processes.readMaps(pid),
            readJitMap: async (pid) => await this.session.processes.readJitMap(pid),
            openImage: async (pid, mapping) => await this.session.processes.openImage(pid, mapping),
            catchUp: async () => await this.#tasks?.catchUp(),
            ...(layout.showsSourceLines === true
              ? {
                  openLines: async (pid, mapping) =>
                    await this.session.processes.openLines(pid, mapping),
                }
              : {}),
          },
          { keepsMangledNames: layout.keepsMangledNames === true },
        )
      : undefined;
    const controlGroups = showsControlGroups(layout)
      ? new ControlGroups(this.session.files)
      : undefined;
    return { symbols, userSymbols, controlGroups, resolveUserName: (uid) => userNames.get(uid) };
  }

  #read(
    loaded: LoadedObject,
    spec: TraceSpec,
    { symbols, userSymbols, controlGroups }: TargetNames,
    clock: TraceClock,
  ): TraceSource {
    const { byteOrder } = this.description;
    const now = (): bigint => clock.now();
    const limits = shownStackLimits(spec.layout);
    // Who attaches to a detached trace later must find the stacks.
    const clears = this.session.attached === undefined;
    const stacks = new KeptStacks(loaded, spec.object.maps, limits, { byteOrder, clears });
    const live = new LiveSource(loaded, spec.object, {
      symbols,
      userSymbols,
      stacks,
      controlGroups,
      byteOrder,
      now,
    });
    this.session.clock.watch();
    const isAllKnown =
      symbols?.prepare === undefined &&
      userSymbols === undefined &&
      controlGroups === undefined &&
      limits.length === 0;
    return isAllKnown
      ? live
      : new ResolvingSource(live, spec, { symbols, userSymbols, stacks, controlGroups }, byteOrder);
  }

  /** The trace's clock; a recording's stays as it is now, since that is what it will be replayed with. */
  #createClock(options: StartOptions, layout: TraceLayout): TraceClock {
    const { description } = this;
    const { clock, warn } = this.session;
    const choice = options.clock ?? "auto";
    const chosen = createTraceClock(choice, description, clock);
    if (choice === "auto" && isEvidentlyWrong(clock.report) && showsTargetTimes(layout)) {
      warn(
        `the target's clock is ${formatClockDifference(clock.report)}: times are this machine's (--clock target: its own)`,
      );
    }
    return options.record === undefined ? chosen : { ...chosen };
  }

  /**
   * This machine's wall clock, in nanoseconds since 1970, when `nsecs` on the target was this. By it, events of several
   * targets can be put in order: each is right within its `clock.boundNanoseconds`.
   */
  toHostTime(nsecs: bigint): bigint {
    const hasBoottime = this.description.features.includes("ktime_get_boot_ns");
    return this.session.clock.toHostTime(nsecs, hasBoottime ? "boottime" : "monotonic");
  }

  /** How the target's clock stands to this machine's, as far as is known; more becomes known while a trace runs. */
  get clock(): ClockReport {
    return this.session.clock.report;
  }

  /** Removes everything from the target and ends the connection. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.session.close();
    await this.#onClosed?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** What decoders ask of the world, for a target and where its records come from. */
export function decodeContext(
  target: TargetDescription,
  clock: Pick<TraceClock, "realtimeMinusBoottime" | "realtimeMinusMonotonic">,
  source: Pick<
    TraceSource,
    "now" | "resolveKernelSymbol" | "resolveUserSymbol" | "resolveStack" | "resolveControlGroup"
  >,
  resolveUserName: (uid: number) => string | undefined,
): DecodeContext {
  return {
    byteOrder: target.byteOrder,
    architecture: target.architecture,
    possibleCpuCount: target.possibleCpuCount,
    get realtimeMinusBoottime() {
      return clock.realtimeMinusBoottime;
    },
    get realtimeMinusMonotonic() {
      return clock.realtimeMinusMonotonic;
    },
    timeZone: localTimeZone,
    now: () => source.now(),
    resolveKernelSymbol: (address) => source.resolveKernelSymbol(address),
    resolveUserSymbol: (address, pid) => source.resolveUserSymbol(address, pid),
    resolveStack: (stack, limit) => source.resolveStack(stack, limit),
    resolveControlGroup: (id, hierarchies) => {
      const wanted = globToRegExp(hierarchies);
      return source.resolveControlGroup(id).filter(({ hierarchy }) => wanted.test(hierarchy));
    },
    resolveUserName,
  };
}

function usesRing(object: ObjectSpec): boolean {
  return object.maps.some((map) => map.type === "ringbuf");
}

/** Whether raw tracepoints stand for tracepoints in it, or one attachment for several. */
function hasStandIns({ object }: TraceSpec): boolean {
  return object.attachments.some(
    ({ kind, probe }) =>
      kind === "uprobeMulti" ||
      kind === "kprobeMulti" ||
      (kind === "rawTracepoint" && probe?.startsWith("tracepoint:") === true),
  );
}
