import {
  type CancelSignal,
  type Handle,
  type Keeps,
  type ResultInput,
  streamHeaderSizeBytes,
  streamMacSizeBytes,
  type StreamProgress,
} from "@sonde/protocol";
import { ForbiddenError, HandleError, NotSupportedError } from "../kernel/errors.js";
import { BufferPool } from "../resources/buffer-pool.js";
import { OwnProcess, type ProcessNews } from "../resources/own-process.js";
import { Scope } from "../resources/scope.js";
import { spanLimitBytes, type StreamChannel } from "../resources/span-sender.js";
import { TracePipe } from "../resources/trace-pipe.js";
import { type AgentContext } from "./agent-context.js";
import { HandleTable } from "./handle-table.js";
import { type PlanContext } from "./plan-runner.js";

/** What a session has made, and under which names. */
export class SessionState {
  readonly agent: AgentContext;
  readonly handles = new HandleTable();
  /** Whether the host may run programs, and read what they could read. */
  readonly allowsPrograms: boolean;
  readonly #processes = new Map<number, OwnProcess>();
  readonly #channel: StreamChannel;
  readonly #pool = new BufferPool(streamHeaderSizeBytes + spanLimitBytes + streamMacSizeBytes);
  #scope: Scope;
  #tracePipe: TracePipe | undefined;
  #countsRunTime = false;

  constructor(agent: AgentContext, channel: StreamChannel, allowsPrograms: boolean) {
    this.agent = agent;
    this.allowsPrograms = allowsPrograms;
    this.#channel = channel;
    this.#scope = this.#createScope();
  }

  get scope(): Scope {
    return this.#scope;
  }

  get planContext(): PlanContext {
    const { target, probeEvents, budget } = this.agent;
    return {
      target,
      probeEvents,
      scope: this.#scope,
      handles: this.handles,
      outlet: { channel: this.#channel, pool: this.#pool, budget },
    };
  }

  /** Opened when it is first asked for. Throws MissingError, SyscallError. */
  get tracePipe(): TracePipe {
    this.#tracePipe ??= this.#scope.add(TracePipe.open(this.agent.target));
    return this.#tracePipe;
  }

  /** The kernel measures how long programs run from here on, as long as there is something of this session. Throws SyscallError. */
  countRunTime(): void {
    if (this.#countsRunTime) return;
    const { kernel, bpf } = this.agent.target;
    const action = "have the kernel measure how long programs run";
    const fd = kernel.check(action, "bpf(BPF_ENABLE_STATS)", bpf.enableStatistics());
    this.#scope.add({ release: () => [fd] });
    this.#countsRunTime = true;
  }

  /** Closes everything that was made; new things can be made after. Resolves when nothing is left in the kernel. */
  async reset(): Promise<void> {
    const old = this.#scope;
    this.#scope = this.#createScope();
    this.handles.clear();
    this.#tracePipe = undefined;
    this.#countsRunTime = false;
    this.#processes.clear();
    await old.close();
  }

  /**
   * Starts a program, which ends with the session; one that `waits` does nothing before its `go`. Throws ForbiddenError,
   * MissingError, NotSupportedError.
   */
  async startProcess(argv: readonly string[], waits: boolean): Promise<OwnProcess> {
    if (!this.allowsPrograms) {
      throw new ForbiddenError(`start ${argv[0] ?? ""}: this agent runs no programs for hosts`, {
        hint: "start it with --allow-programs, or reach it through ssh:// or exec:",
      });
    }
    const { kernel } = this.agent.target;
    const own = waits
      ? await OwnProcess.startStopped(kernel, argv)
      : new OwnProcess(kernel.system, argv);
    this.#scope.add(own);
    this.#processes.set(own.pid, own);
    return own;
  }

  /** Throws HandleError. */
  requireProcess(pid: number): OwnProcess {
    const own = this.#processes.get(pid);
    if (own === undefined) throw new HandleError(`process ${pid}: not one of this session's`);
    return own;
  }

  /** What has come of a process; one that has ended is then forgotten. Throws HandleError. */
  async readProcess(pid: number, signal: CancelSignal): Promise<ProcessNews> {
    const own = this.requireProcess(pid);
    const news = await own.read(signal);
    if (news.end !== null) {
      this.#processes.delete(pid);
      await this.#scope.closeOnly([own]);
    }
    return news;
  }

  /** Whether there is something that would be removed. */
  get ownsSomething(): boolean {
    return this.#scope.size > 0;
  }

  /**
   * What each stream has lost on the kernel's side. Throws ProtocolError when a host that comes back cannot have come so far
   * with the streams as it says.
   */
  requireProgress(progress: readonly StreamProgress[]): { stream: Handle; lost: bigint }[] {
    const streams = this.handles.streams();
    for (const [name, stream] of streams) stream.requireProgress(progressOf(name, progress));
    return streams.map(([name, stream]) => ({ stream: name, lost: stream.lost }));
  }

  /** The streams go on over a new link, from where the host has come to. */
  resume(progress: readonly StreamProgress[]): void {
    for (const [name, stream] of this.handles.streams()) {
      stream.resume(progressOf(name, progress));
    }
  }

  /** Throws NotSupportedError when a stream cannot drop its oldest records. */
  requireCanKeep(keeps: Keeps): void {
    if (keeps === "oldest") return;
    if (this.handles.streams().every(([, { canKeepNewest }]) => canKeepNewest)) return;
    throw new NotSupportedError(
      "detach: this kernel's perf buffers cannot drop their oldest records",
      {
        hint: "keep the oldest: --keep-events oldest",
      },
    );
  }

  /** There is no host until `resume`. */
  goOnAlone(keeps: Keeps): void {
    for (const [, stream] of this.handles.streams()) stream.goOnAlone(keeps);
  }

  /** Of all streams together. */
  counts(): { readonly lost: bigint; readonly dropped: bigint; readonly waitingBytes: bigint } {
    const streams = this.handles.streams().map(([, stream]) => stream);
    return {
      lost: streams.reduce((sum, { lost }) => sum + lost, 0n),
      dropped: streams.reduce((sum, { dropped }) => sum + dropped, 0n),
      waitingBytes: streams.reduce((sum, { waitingBytes }) => sum + BigInt(waitingBytes), 0n),
    };
  }

  /** Where a new host finds the streams. */
  positions(): ResultInput<"session.attach">["streams"] {
    return this.handles.streams().map(([name, { lost, dropped, consumed }]) => ({
      stream: name,
      lost,
      dropped,
      positions: [...consumed],
    }));
  }

  /** The host has consumed a stream's bytes before the position. Throws ProtocolError when that cannot be. */
  acknowledge(name: Handle, channel: number, position: bigint): void {
    const object = this.handles.get(name);
    // Else one that was closed while the acknowledgement was on its way.
    if (object?.kind === "stream") object.stream.acknowledge(channel, position);
  }

  #createScope(): Scope {
    return new Scope(this.agent.target.kernel.system);
  }
}

function progressOf(name: Handle, progress: readonly StreamProgress[]): StreamProgress[] {
  return progress.filter(({ stream }) => stream === name);
}
