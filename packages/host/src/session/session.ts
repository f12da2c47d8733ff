import {
  ConnectionClosedError,
  type HostPeer,
  type Params,
  type Plan,
  type PlanStepResult,
  RemoteError,
  type Result,
  type TargetDescription as WireDescription,
  type TargetFeatures,
} from "@sonde/protocol";
import { type Answers, type Query } from "../language/answers.js";
import { type ObjectSpec } from "../spec/object-spec.js";
import { type TargetDescription } from "../spec/target-description.js";
import { symbolsAtHand, type KernelSymbolSource } from "../symbols/kernel-symbol-source.js";
import { parseKernelSymbols } from "../symbols/kernel-symbols.js";
import { QueryAnswerer } from "./answer-queries.js";
import { AskedSymbols } from "./asked-symbols.js";
import { openBuiltSymbols } from "./built-kernel.js";
import { type BuiltPlan, buildPlan, nameHandles, type LoadedHandles } from "./build-plan.js";
import {
  formatRefusals,
  refusalsOf,
  refusedProbe,
  UnattachedError,
  type Refusal,
} from "./refusals.js";
import { toTargetDescription } from "./describe-target.js";
import { DebugFiles, type DebugSources } from "./debug-files.js";
import { TargetError } from "./errors.js";
import { FeatureCache } from "./feature-cache.js";
import { KernelTypes } from "./kernel-types.js";
import { openKeptSymbols } from "./kept-kernel-symbols.js";
import { LoadedObject } from "./loaded-object.js";
import { LinkKeeper, type LinkEvent } from "./link-keeper.js";
import { KernelModules } from "./module-types.js";
import { openPeer, type ConnectOptions, type OpenPeer } from "./open-peer.js";
import { RemoteFiles } from "./remote-files.js";
import { RemoteProcesses } from "./remote-processes.js";
import { eventBufferBytes, isSlowLine, slowPieceBytes } from "./slow-line.js";
import { TargetClock } from "./target-clock.js";
import { TargetProcess } from "./target-process.js";
import { parseTarget, type TargetAddress } from "./target-url.js";
import { type TypesFile } from "./types-file.js";
import { TaskStream, type TaskStreamOptions } from "./task-stream.js";
import { wallClock } from "./wall-clock.js";

export interface SessionOptions extends ConnectOptions {
  /** The kernel's types, to use in place of the target's. */
  readonly typesFile?: TypesFile;
  /** The kernel's symbols as they were linked: a System.map. */
  readonly systemMap?: string;
  /** Where this machine may have the symbols of stripped programs. */
  readonly debugSources?: DebugSources;
  /** Hears what a person should know and what keeps nothing from going on. */
  readonly onWarning?: (text: string) => void;
  /** Ask the target's kernel what it can do, even when that is known of this boot. */
  readonly asksFeaturesAnew?: boolean;
  /** Go on with a detached session, in place of a new one. */
  readonly attach?: Params<"session.attach">;
  /** Hears what becomes of the link when it breaks. */
  readonly onLink?: (event: LinkEvent) => void;
  /** Called at the end of each step of opening. */
  readonly onStep?: (step: OpeningStep) => void;
}

/** The link is open; the agent has taken us in; it has said what it is; and what its kernel can do. */
export type OpeningStep = "link" | "hello" | "description" | "features";

export interface LoadOptions {
  /** Stream bytes in flight at most; 8 MiB unless said. */
  readonly creditBytes?: number;
  /** How long the agent gathers events before it sends them; 2 ms unless said. */
  readonly gatherMilliseconds?: number;
  /** What the verifier says of each program is among what was made. */
  readonly wantsLogs?: boolean;
  /** Hears of what was made in the kernel, step by step, before events are read. */
  readonly onLoaded?: (report: LoadReport) => void;
}

/** What was asked for, and what came of each step. */
export interface LoadReport {
  readonly plan: Plan;
  readonly results: readonly PlanStepResult[];
}

export type DetachedSession = Result<"session.list">["sessions"][number];

/** A conversation with one agent. Closing it removes everything that was made through it. */
export class Session implements AsyncDisposable {
  readonly peer: HostPeer;
  readonly hello: Result<"hello">;
  /** As the session was found when we attached to it; undefined for one that began with its link. */
  readonly attached: Result<"session.attach"> | undefined;
  /** As the agent reported it. */
  readonly description: WireDescription;
  /** What its kernel can do, as the agent's probes found. */
  readonly features: TargetFeatures;
  readonly target: TargetDescription;
  readonly files: RemoteFiles;
  readonly processes: RemoteProcesses;
  readonly types: KernelTypes;
  readonly modules: KernelModules;
  /** The target's clocks, and how they stand to this machine's. */
  readonly clock: TargetClock;
  /** Tells a person what they should know. */
  readonly warn: (text: string) => void;
  /** What the kernel's buffer of events should hold over this line, where the program does not say; `undefined`: no matter. */
  readonly eventBufferBytes: number | undefined;
  readonly #link: LinkKeeper;
  readonly #isSlow: boolean;
  readonly #answerer: QueryAnswerer;
  readonly #typesFile: TypesFile | undefined;
  readonly #systemMap: string | undefined;
  #symbols: Promise<KernelSymbolSource> | undefined;
  readonly #symbolTraffic = { bytes: 0 };
  /** Whether it goes on without us. */
  #isDetached: boolean;
  #closing: Promise<void> | undefined;

  private constructor(
    link: LinkKeeper,
    opened: OpenPeer,
    description: WireDescription,
    features: TargetFeatures,
    clock: TargetClock,
    attached: Result<"session.attach"> | undefined,
    options: SessionOptions,
  ) {
    const { peer, hello } = opened;
    this.attached = attached;
    this.#isDetached = attached !== undefined;
    this.#link = link;
    this.#isSlow = isSlowLine(opened.link.channel);
    this.eventBufferBytes = eventBufferBytes(opened.link.channel);
    this.peer = peer;
    this.hello = hello;
    this.description = description;
    this.features = features;
    this.clock = clock;
    this.#typesFile = options.typesFile;
    this.#systemMap = options.systemMap;
    this.warn = (text) => options.onWarning?.(text);
    const pieceBytes = this.#isSlow ? slowPieceBytes : undefined;
    this.files = new RemoteFiles(peer, description.bootId, pieceBytes);
    const debugFiles = new DebugFiles(
      options.debugSources ?? { folders: [], sysroot: undefined, debuginfod: noDebuginfod },
    );
    this.processes = new RemoteProcesses(
      peer,
      hello.methods,
      new RemoteFiles(peer, description.bootId, pieceBytes, this.#symbolTraffic),
      debugFiles,
      this.warn,
    );
    this.types = new KernelTypes({
      peer,
      files: this.files,
      target: description,
      file: options.typesFile,
      asksNarrowly: this.#isSlow && hello.methods.includes("btf.types"),
      onWarning: this.warn,
    });
    this.modules = new KernelModules(this.files, this.types);
    this.target = toTargetDescription(description, features, this.types.areKnown);
    const workingFolder = this.isThisMachine ? process.cwd() : undefined;
    this.#answerer = new QueryAnswerer(
      this.files,
      description,
      this.types,
      workingFolder,
      new Map(),
      async (name) => (await (await this.kernelSymbols()).addressesOf([name]))[0],
    );
  }

  /**
   * Connects to a target ("local:", "ws://board:4650", …), authenticates and asks what it is. Throws TargetError,
   * ConnectError, or RemoteError when the agent refuses (a wrong key, another major version, a session that another host
   * is attached to).
   */
  static async open(target: string, options: SessionOptions = {}): Promise<Session> {
    const address = parseTarget(target);
    const onOpen = (): void => options.onStep?.("link");
    return await openPeer(target, address, { ...options, onOpen }, async (opened) => {
      const { peer, hello } = opened;
      options.onStep?.("hello");
      opened.allow(descriptionMilliseconds);
      const { attach } = options;
      const attached = attach === undefined ? undefined : await findSession(peer.attach(attach));
      const { description, clock } = await describe(opened, address);
      options.onStep?.("description");
      const cache = new FeatureCache(hello, description);
      const kept = options.asksFeaturesAnew === true ? undefined : cache.read();
      const features = kept ?? (await peer.call("target.features", {})).features;
      if (kept === undefined) cache.write(features);
      options.onStep?.("features");
      const onLink = options.onLink ?? ((): void => undefined);
      const link = new LinkKeeper(target, address, options, opened, onLink);
      return new Session(link, opened, description, features, clock, attached, options);
    });
  }

  /** Answers a compiler's queries from the target's files; each is asked of the target once. */
  async answer(queries: readonly Query[]): Promise<Answers> {
    return await this.#answerer.answer(queries);
  }

  /** Creates, loads and attaches an object in one round trip. Throws RemoteError; nothing is left when it does. */
  async load(object: ObjectSpec, options: LoadOptions = {}): Promise<LoadedObject> {
    const attachTo = object.programs.flatMap((program) => program.attachTo ?? []);
    const btfId =
      attachTo.length === 0 ? undefined : await this.#answerer.attachBtfIds(attachTo, this.modules);
    const built = buildPlan(object, {
      byteOrder: this.target.byteOrder,
      creditBytes: options.creditBytes ?? 8 * 1024 * 1024,
      gatherMilliseconds: options.gatherMilliseconds ?? 2,
      perfPages: this.#isSlow ? 8 : 64,
      wantsLogs: options.wantsLogs,
      ...(btfId === undefined ? {} : { btfId }),
    });
    const results = await this.#run(object, built);
    options.onLoaded?.({ plan: built.plan, results });
    const refusals = refusalsOf(object, built, results);
    if (refusals.length > 0) await this.#tellRefusals(object, refusals);
    return this.loaded(nameHandles(built, results), refusals.length);
  }

  /** Throws RemoteError, and UnattachedError for a probe. */
  async #run(object: ObjectSpec, built: BuiltPlan): Promise<readonly PlanStepResult[]> {
    try {
      return (await this.peer.call("plan.run", built.plan)).results;
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
      const probe = refusedProbe(object, built, error.details);
      throw probe === undefined ? error : new UnattachedError(probe, error);
    }
  }

  /** What this session has in the target's kernel already, under these handles. */
  loaded(handles: LoadedHandles, refusedCount = 0): LoadedObject {
    return new LoadedObject(this.peer, handles, refusedCount);
  }

  /** Throws TargetError when nothing at all was attached; then nothing is left. */
  async #tellRefusals(object: ObjectSpec, refusals: readonly Refusal[]): Promise<void> {
    const all = object.attachments.length;
    // What runs at the start or the end runs without those that may be missing.
    const isAllowed =
      object.runs.length > 0 &&
      refusals.every(({ attachment }) => attachment.isOneOfMany === undefined);
    if (refusals.length === all && !isAllowed) {
      await this.clear();
      throw new TargetError(`Attachment failed for all probes. (${refusals[0]?.reason ?? ""})`);
    }
    const told = refusals.filter(({ attachment }) => attachment.ifRefused === "warn");
    for (const text of formatRefusals(told, all)) this.warn(text);
  }

  /**
   * What the kernel records of processes from now on, until `clear`: of one and those that it starts, or of all; over a slow line
   * of one at most. Undefined where that cannot be had.
   */
  async openTaskStream(
    pid: number | undefined,
    onRecords: TaskStreamOptions["onRecords"],
  ): Promise<TaskStream | undefined> {
    const isKnown = this.hello.planSteps.includes("openTaskStream");
    if (!isKnown || (this.#isSlow && pid === undefined)) return undefined;
    const { byteOrder } = this.target;
    return await TaskStream.open(this.peer, {
      byteOrder,
      pid: this.#isSlow ? pid : undefined,
      onRecords,
      onBytes: (count) => {
        this.#symbolTraffic.bytes += count;
      },
    });
  }

  /** Bytes that have come from the target for the names of addresses, before compression. */
  get symbolBytes(): number {
    return this.#symbolTraffic.bytes;
  }

  /** Starts a program on the target, which waits for its `go` and ends with this session at the latest. Throws RemoteError. */
  async startProcess(argv: readonly string[]): Promise<TargetProcess> {
    return await TargetProcess.start(this.peer, argv, { waits: true });
  }

  /** The agent's detached sessions, oldest first. Throws RemoteError. */
  async detached(): Promise<readonly DetachedSession[]> {
    return (await this.peer.call("session.list", {})).sessions;
  }

  /** Ends one of the agent's detached sessions; resolves when nothing is left of it. Throws TargetError, RemoteError. */
  async stop(name: string): Promise<void> {
    await findSession(this.peer.call("session.stop", { name }));
  }

  /** Leaves everything that was made to the agent, under a name, and ends the link. Throws RemoteError: then nothing has changed. */
  async detach(params: Params<"session.detach">): Promise<void> {
    await this.peer.call("session.detach", params);
    this.#isDetached = true;
    this.#closing ??= this.#end();
    await this.#closing;
  }

  /** Leaves a detached session to itself again, with another note for the next host if there is one, and ends the link. */
  async leave(note?: Uint8Array): Promise<void> {
    await this.peer.call("session.leave", note === undefined ? {} : { note });
    this.#closing ??= this.#end();
    await this.#closing;
  }

  /**
   * The kernel's symbols: all, fetched when first asked for; over a slow line, or where the user has the kernel as it was built,
   * each when it is needed. Throws TargetError for the user's file.
   */
  async kernelSymbols(): Promise<KernelSymbolSource> {
    this.#symbols ??= this.#openSymbols();
    return await this.#symbols;
  }

  async #openSymbols(): Promise<KernelSymbolSource> {
    if (!this.hello.methods.includes("symbols.kernel")) return await this.#fetchSymbols();
    const asked = new AskedSymbols(this.peer, this.#symbolTraffic, () => {
      this.warn(
        "the kernel's functions have no names: the target does not show where they are (kernel.kptr_restrict; sonde info says what helps)",
      );
    });
    const files = { types: this.#typesFile, systemMap: this.#systemMap };
    const { buildId } = this.description;
    const built = await openBuiltSymbols(files, buildId, asked, this.warn);
    if (built !== undefined) return built;
    return this.#isSlow ? asked : await this.#keptSymbols(asked);
  }

  async #keptSymbols(asked: AskedSymbols): Promise<KernelSymbolSource> {
    const files = new RemoteFiles(
      this.peer,
      this.description.bootId,
      undefined,
      this.#symbolTraffic,
    );
    const symbols = await openKeptSymbols(files, this.description, asked);
    return symbols ?? (await this.#fetchSymbols());
  }

  async #fetchSymbols(): Promise<KernelSymbolSource> {
    const table = await this.files.read("/proc/kallsyms");
    this.#symbolTraffic.bytes += table.length;
    return symbolsAtHand(parseKernelSymbols(table));
  }

  /** Removes everything that was made in this session; it can be used again afterwards. Silent when the link is gone. */
  async clear(): Promise<void> {
    try {
      await this.peer.call("session.close", {});
      this.#isDetached = false;
    } catch (error) {
      // Without a link the agent removes everything by itself.
      if (!(error instanceof ConnectionClosedError)) throw error;
    }
  }

  /** Whether the agent is one that was started here. */
  get isThisMachine(): boolean {
    return this.#link.isThisMachine;
  }

  /** What the link carries, where that is known. */
  get linkBytesPerSecond(): number | undefined {
    return this.#link.bytesPerSecond;
  }

  /** Whether the link is lost, and the session waits for another. */
  get isLinkLost(): boolean {
    return this.#link.isLost;
  }

  /** Waits no longer for a link that is lost: the agent ends the session when its lease has run out. */
  giveUp(reason: string): void {
    this.#link.giveUp(reason);
  }

  /** Resolves with the reason when the session has ended, whoever ended it. */
  get closed(): Promise<string> {
    return this.peer.closed;
  }

  /** Removes everything from the target, unless the session is detached, and ends the link. Idempotent; silent when the connection has gone already. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#isDetached) await this.#goAway();
    else await this.clear();
    await this.#end();
  }

  /** Without it the agent would wait for us. */
  async #goAway(): Promise<void> {
    try {
      await this.peer.call("session.leave", {});
    } catch (error) {
      if (!(error instanceof ConnectionClosedError)) throw error;
    }
  }

  /** Nothing can be asked any more. */
  async #end(): Promise<void> {
    this.clock.stop();
    this.peer.close("the session is over");
    await this.#link.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

const noDebuginfod = { urls: [], onWarning: () => undefined, onProgress: () => undefined };

/** A slow board tries its kernel's features for a minute. One that is silent meanwhile is given up sooner. */
const descriptionMilliseconds = 180_000;
/** A clock is read so often once it is known well; each time takes a slow line some hundredths of a second. */
const clockPauseMilliseconds = { fast: 30_000, slow: 120_000 };

/** Asks the target what it is. That answer tells of its clocks, too. */
async function describe(
  { peer, link }: OpenPeer,
  { kind }: TargetAddress,
): Promise<{ readonly description: WireDescription; readonly clock: TargetClock }> {
  if (kind === "local") {
    const description = await peer.call("target.describe", {});
    return { description, clock: TargetClock.ofThisMachine(description.clocks) };
  }
  const options = {
    read: async () => await peer.call("clock.read", {}),
    now: () => wallClock.now(),
    seldomMilliseconds: clockPauseMilliseconds[isSlowLine(link.channel) ? "slow" : "fast"],
  };
  const sent = options.now();
  const description = await peer.call("target.describe", {});
  const clock = TargetClock.ofTarget(options, description.clocks, {
    sent,
    received: options.now(),
  });
  return { description, clock };
}

/** A name that is wrong is the person's to put right: the agent's hint lists those that are there. */
async function findSession<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof RemoteError) || error.code !== "missing") throw error;
    const { hint } = error.details;
    throw new TargetError(error.message, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
