import {
  RemoteError,
  type Handle,
  type HostPeer,
  type Result,
  type StreamReceiver,
} from "@sonde/protocol";
import { InternalError } from "../asm/internal-error.js";
import { type LoadedHandles } from "./build-plan.js";
import { TargetProcess } from "./target-process.js";

/** As bpftrace's max_cat_bytes. */
const shownFileBytes = 10_240;

/** All entries of a map at one moment. */
export interface MapDump {
  readonly count: number;
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
}

/** An object that lives in the target's kernel; maps, programs and streams by their names in the blueprint. */
export class LoadedObject {
  /** What it is called there. */
  readonly handles: LoadedHandles;
  /** Attachments that the kernel refused, and that the blueprint can do without. */
  readonly refusedCount: number;
  readonly #peer: HostPeer;

  constructor(peer: HostPeer, handles: LoadedHandles, refusedCount: number) {
    this.#peer = peer;
    this.handles = handles;
    this.refusedCount = refusedCount;
  }

  /** Resolves with the reason when the session has ended, whoever ended it. */
  get closed(): Promise<string> {
    return this.#peer.closed;
  }

  /** Gives each span of a stream, in order; each must be acknowledged once it has been dealt with. */
  openStream(map: string, receiver: StreamReceiver): void {
    this.#peer.onStream(this.#stream(map), receiver);
  }

  /** Returns the credit of a span, and of all before it on its channel. */
  acknowledge(map: string, channel: number, end: bigint): void {
    this.#peer.acknowledge(this.#stream(map), channel, end);
  }

  /** Where the stream's channels will stand when all that was recorded has come, and how many records were lost. */
  async flush(
    map: string,
  ): Promise<{ readonly positions: readonly bigint[]; readonly lost: bigint }> {
    return await this.#peer.call("stream.flush", { stream: this.#stream(map) });
  }

  async dump(map: string, options: { readonly clear: boolean }): Promise<MapDump> {
    return await this.#peer.call("map.dump", { map: this.#map(map), clear: options.clear });
  }

  async lookup(map: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    return (await this.#peer.call("map.lookup", { map: this.#map(map), key })).value ?? undefined;
  }

  /** Writes entries, all in one round trip; for per-CPU maps the value is every CPU's. */
  async fill(
    map: string,
    entries: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[],
  ): Promise<void> {
    await this.#peer.call("plan.run", {
      steps: [{ kind: "fillMap", map: { handle: this.#map(map) }, entries: [...entries] }],
    });
  }

  /** All that an iterator writes about what it iterates over; `attachment`: its place in the blueprint's list. */
  async readIterator(attachment: number): Promise<string> {
    const handle = required(this.handles.attachments.get(attachment), `attachment ${attachment}`);
    const limitBytes = 16 * 1024 * 1024;
    const { data } = await this.#peer.call("iterator.read", { attachment: handle, limitBytes });
    return Buffer.from(data).toString();
  }

  async run(program: string, times = 1): Promise<number> {
    const handle = required(this.handles.programs.get(program), program);
    // Agents that came before this one know no `times`.
    const often = times === 1 ? {} : { times };
    return (await this.#peer.call("program.run", { program: handle, ...often })).returnValue;
  }

  /** Runs an iterator's program on all that it goes through. What it writes by itself is not kept: it writes records. */
  async iterate(attachment: number): Promise<void> {
    const handle = required(this.handles.attachments.get(attachment), "iterator");
    await this.#peer.call("iterator.read", { attachment: handle, limitBytes: 65_536 });
  }

  /** Times that the kernel did not run one of the programs at its probe (bpf_prog_info.recursion_misses). */
  async missedRuns(): Promise<bigint> {
    const programs = await this.#statistics();
    return programs.reduce((sum, program) => sum + program.recursionMisses, 0n);
  }

  /** How often the programs ran, and how long in all; zeros unless the session counts it. */
  async runTime(): Promise<{ readonly count: bigint; readonly nanoseconds: bigint }> {
    const programs = await this.#statistics();
    return {
      count: programs.reduce((sum, program) => sum + program.runCount, 0n),
      nanoseconds: programs.reduce((sum, program) => sum + program.runTimeNanoseconds, 0n),
    };
  }

  async #statistics(): Promise<Result<"program.statistics">["programs"]> {
    const handles = [...this.handles.programs.values()];
    return (await this.#peer.call("program.statistics", { programs: handles })).programs;
  }

  /** Runs a command of a shell on the target, to its end. Throws RemoteError where the agent runs none. */
  async runCommand(
    command: string,
  ): Promise<{ readonly output: string; readonly messages: readonly string[] }> {
    const argv = ["sh", "-c", command];
    const started = await TargetProcess.start(this.#peer, argv, { waits: false });
    const output: Uint8Array[] = [];
    const errors: Uint8Array[] = [];
    let code = 0;
    for await (const news of started.news()) {
      output.push(news.output);
      errors.push(news.errors);
      code = news.end?.code ?? code;
    }
    const told = Buffer.concat(errors).toString().trimEnd();
    const messages = told === "" ? [] : [told];
    if (code !== 0) messages.push(`ERROR: command exited with code ${code}`);
    return { output: Buffer.concat(output).toString(), messages };
  }

  /** The first 10 kB of a file of the target's, or why they cannot be had. */
  async readFile(
    path: string,
  ): Promise<{ readonly output: string; readonly messages: readonly string[] }> {
    try {
      const range = { path, offset: 0n, limitBytes: shownFileBytes };
      const { data } = await this.#peer.call("file.read", range);
      return { output: Buffer.from(data).toString(), messages: [] };
    } catch (error) {
      if (!(error instanceof RemoteError)) throw error;
      const why = error.code === "missing" ? "No such file or directory" : error.message;
      return { output: "", messages: [`ERROR: failed to open file '${path}' (${why})`] };
    }
  }

  /** Stops all recording; what was recorded stays readable. */
  async disable(): Promise<void> {
    await this.#peer.call("session.disable", {});
  }

  #map(name: string): Handle {
    return required(this.handles.maps.get(name), name);
  }

  #stream(map: string): Handle {
    return required(this.handles.streams.get(map), map);
  }
}

function required(handle: Handle | undefined, name: string): Handle {
  if (handle === undefined) throw new InternalError(`the loaded object has no ${name}`);
  return handle;
}
