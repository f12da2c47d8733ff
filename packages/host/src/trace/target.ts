import { type Diagnostic, isError } from "../language/diagnostic.js";
import { type CompileOptions } from "../language/compile.js";
import { type DecodeContext } from "../output/decode-context.js";
import { TargetError } from "../session/errors.js";
import { type LoadedObject } from "../session/loaded-object.js";
import { Session, type LoadOptions, type SessionOptions } from "../session/session.js";
import { type ClockReport } from "../session/target-clock.js";
import { type TargetDescription } from "../spec/target-description.js";
import { type TraceLayout } from "../spec/trace-layout.js";
import { type TraceSpec } from "../spec/trace-spec.js";
import { compileProgram } from "./compile-program.js";
import { LiveSource } from "./live-source.js";
import { localTimeZone } from "./local-time-zone.js";
import { parseUserNames } from "./user-names.js";
import { RecordingSource } from "./recording-source.js";
import { RecordingWriter } from "./recording.js";
import { ResolvingSource } from "./resolving-source.js";
import { Trace } from "./trace.js";
import { showsKernelSymbols, showsTargetTimes, showsUserNames } from "./layout-needs.js";
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
  /** Hears of what was made in the kernel, step by step, before the trace runs. */
  readonly onLoaded?: (loaded: LoadedObject) => void;
  /** Keep what comes from the target, raw, in this file; `ReplaySource` plays it. */
  readonly record?: string;
  /**
   * Whose wall clock strftime() and time() are of. "auto", the default: the target's, unless it is off by more than a second
   * beyond doubt; then this machine's, with the time that passed on the target as exact as it can be known.
   */
  readonly clock?: ClockChoice;
}

/** A machine that can be traced, through its agent. Closing it leaves nothing behind there. */
export class Target implements AsyncDisposable {
  readonly session: Session;
  readonly #onClosed: (() => Promise<void>) | undefined;
  #closing: Promise<void> | undefined;
  #isTracing = false;

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
    return { source, spec: result.spec, diagnostics: result.diagnostics };
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
      this.#isTracing = false;
      throw error;
    }
  }

  async #start({ source: text, spec }: Program, options: StartOptions): Promise<Trace> {
    const [symbols, userNames] = await Promise.all([
      showsKernelSymbols(spec.layout) ? this.session.kernelSymbols() : undefined,
      showsUserNames(spec.layout) ? this.session.files.text("/etc/passwd") : "",
    ]);
    const clock = this.#createClock(options, spec.layout);
    const { realtimeMinusBoottime, realtimeMinusMonotonic } = clock;
    // Opened first: a file that cannot be written is known before anything is loaded.
    const recording =
      options.record === undefined ? undefined : await RecordingWriter.open(options.record);
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
    const loaded = await this.session.load(spec.object, options);
    options.onLoaded?.(loaded);
    const { byteOrder } = this.description;
    const live = new LiveSource(loaded, spec.object, {
      symbols,
      byteOrder,
      now: () => clock.now(),
    });
    this.session.clock.watch();
    const resolved =
      symbols?.prepare === undefined ? live : new ResolvingSource(live, spec, symbols, byteOrder);
    const source = recording === undefined ? resolved : new RecordingSource(resolved, recording);
    const names = parseUserNames(userNames);
    const context = decodeContext(this.description, clock, source, (uid) => names.get(uid));
    return new Trace(spec, source, context, async () => {
      await this.session.clear();
      this.#isTracing = false;
      await recording?.end();
    });
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
  source: Pick<DecodeContext, "now" | "resolveKernelSymbol">,
  resolveUserName: (uid: number) => string | undefined,
): DecodeContext {
  return {
    byteOrder: target.byteOrder,
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
    resolveUserSymbol: () => undefined,
    resolveUserName,
  };
}
