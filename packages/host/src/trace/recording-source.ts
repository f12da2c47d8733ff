import {
  type ControlGroupPath,
  type KeptStack,
  type SymbolName,
} from "../output/decode-context.js";
import { type MapDump } from "../output/map-dump.js";
import { stackName, userAddressName } from "./recording-line.js";
import { type RecordingWriter } from "./recording.js";
import {
  type ActionResult,
  type FinalCounts,
  type FinishingReader,
  type SourceSpan,
  type TargetAction,
  type TraceSource,
} from "./trace-source.js";

/** Passes a source through and writes all that comes of it into a recording. */
export class RecordingSource implements TraceSource {
  readonly #source: TraceSource;
  readonly #writer: RecordingWriter;
  readonly #symbols = new Set<bigint>();
  readonly #userSymbols = new Set<string>();
  readonly #stacks = new Set<string>();
  readonly #controlGroups = new Set<bigint>();
  /** When the spans came that have not been dealt with, in order. */
  readonly #arrivals: bigint[] = [];
  #lastArrival: bigint | undefined;

  constructor(source: TraceSource, writer: RecordingWriter) {
    this.#source = source;
    this.#writer = writer;
  }

  open(receiver: { onSpan(span: SourceSpan): void; onEnd(error?: Error): void }): void {
    this.#source.open({
      onSpan: (span) => {
        const at = this.#source.now();
        this.#arrivals.push(at);
        this.#writer.write({ kind: "span", at, span });
        receiver.onSpan(span);
      },
      onEnd: (error) => {
        receiver.onEnd(error);
      },
    });
  }

  /** A slow disk holds the credit back. */
  acknowledge(span: SourceSpan): void {
    this.#lastArrival = this.#arrivals.shift();
    const full = this.#writer.ready();
    if (full === undefined) this.#source.acknowledge(span);
    else
      void full.then(() => {
        this.#source.acknowledge(span);
      });
  }

  async dump(map: string, options: { readonly clear: boolean }): Promise<MapDump> {
    const dump = await this.#source.dump(map, options);
    this.#writer.write({ kind: "dump", map, dump });
    return dump;
  }

  async perform(action: TargetAction): Promise<ActionResult> {
    const result = await this.#source.perform(action);
    this.#writer.write({ kind: "action", result });
    return result;
  }

  async catchUp(reader: Pick<FinishingReader, "reach">): Promise<void> {
    await this.#source.catchUp(reader);
  }

  async run(program: string, times?: number): Promise<void> {
    await this.#source.run(program, times);
  }

  async iterate(attachment: number): Promise<void> {
    await this.#source.iterate(attachment);
  }

  async fill(
    map: string,
    entries: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[],
  ): Promise<void> {
    await this.#source.fill(map, entries);
  }

  async finish(reader: FinishingReader): Promise<FinalCounts> {
    const counts = await this.#source.finish(reader);
    this.#writer.write({ kind: "finish", counts });
    return counts;
  }

  /** As the recording will have it when it is replayed: when the span came that is being dealt with. */
  now(): bigint {
    return this.#arrivals[0] ?? this.#lastArrival ?? this.#source.now();
  }

  resolveKernelSymbol(
    address: bigint,
  ): { readonly name: string; readonly offset: bigint } | undefined {
    const symbol = this.#source.resolveKernelSymbol(address);
    if (symbol !== undefined && !this.#symbols.has(address)) {
      this.#symbols.add(address);
      this.#writer.write({ kind: "symbol", address, ...symbol });
    }
    return symbol;
  }

  resolveUserSymbol(address: bigint, pid: number): SymbolName | undefined {
    const symbol = this.#source.resolveUserSymbol(address, pid);
    const name = userAddressName(address, pid);
    if (symbol !== undefined && !this.#userSymbols.has(name)) {
      this.#userSymbols.add(name);
      this.#writer.write({ kind: "userSymbol", pid, address, ...symbol });
    }
    return symbol;
  }

  resolveStack(stack: bigint, limit: number): KeptStack | undefined {
    const kept = this.#source.resolveStack(stack, limit);
    const name = stackName(stack, limit);
    if (kept !== undefined && !this.#stacks.has(name)) {
      this.#stacks.add(name);
      this.#writer.write({ kind: "stack", limit, stack, ...kept });
    }
    return kept;
  }

  resolveControlGroup(id: bigint): readonly ControlGroupPath[] {
    const paths = this.#source.resolveControlGroup(id);
    if (paths.length > 0 && !this.#controlGroups.has(id)) {
      this.#controlGroups.add(id);
      this.#writer.write({ kind: "controlGroup", id, paths });
    }
    return paths;
  }
}
