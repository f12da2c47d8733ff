import {
  type ControlGroupPath,
  type KeptStack,
  type SymbolName,
} from "../output/decode-context.js";
import { DecodeError } from "../output/decode-error.js";
import { type MapDump } from "../output/map-dump.js";
import { PerfCursor } from "../output/perf-span.js";
import { type RecordCursor } from "../output/record-cursor.js";
import { RingCursor } from "../output/ring-span.js";
import { namesFrames } from "../spec/value-type.js";
import { type TraceSpec } from "../spec/trace-spec.js";
import { type KernelSymbolSource } from "../symbols/kernel-symbol-source.js";
import { type UserSymbolSource } from "../symbols/user-symbols.js";
import { type ControlGroups } from "./control-groups.js";
import { type KeptStacks } from "./kept-stacks.js";
import { NameFields, nothingNeeded, type NeededNames } from "./name-fields.js";
import {
  type ActionResult,
  type FinalCounts,
  type FinishingReader,
  type SourceSpan,
  type TargetAction,
  type TraceSource,
} from "./trace-source.js";

/** What spans and dumps wait for. */
export interface NameSources {
  /** Undefined when nothing is shown as a symbol of the kernel, or of processes. */
  readonly symbols: KernelSymbolSource | undefined;
  readonly userSymbols: UserSymbolSource | undefined;
  readonly stacks: Pick<KeptStacks, "prepare" | "resolve">;
  /** Undefined when nothing is shown as a control group. */
  readonly controlGroups: Pick<ControlGroups, "prepare"> | undefined;
}

/** Holds spans and dumps back until the stacks and symbols that they are printed with are known. */
export class ResolvingSource implements TraceSource {
  readonly #source: TraceSource;
  readonly #names: NameSources;
  readonly #fields: NameFields;
  readonly #cursor: RecordCursor;
  /** What comes after it waits. */
  #busy: Promise<void> | undefined;

  constructor(
    source: TraceSource,
    { object, layout }: TraceSpec,
    names: NameSources,
    byteOrder: "little" | "big",
  ) {
    this.#source = source;
    this.#names = names;
    this.#fields = new NameFields(layout, byteOrder);
    const usesRing = object.maps.some((map) => map.type === "ringbuf");
    this.#cursor = usesRing ? new RingCursor(byteOrder) : new PerfCursor(byteOrder);
  }

  open(receiver: { onSpan(span: SourceSpan): void; onEnd(error?: Error): void }): void {
    let isOver = false;
    const end = (error?: Error): void => {
      if (!isOver) receiver.onEnd(error);
      isOver = true;
    };
    const step = (prepare: () => Promise<void> | undefined, act: () => void): void => {
      this.#inOrder(prepare, act, end);
    };
    this.#source.open({
      onSpan: (span) => {
        step(
          () => this.#prepare(this.#neededIn(span.bytes)),
          () => {
            if (!isOver) receiver.onSpan(span);
          },
        );
      },
      onEnd: (error) => {
        step(
          () => undefined,
          () => {
            end(error);
          },
        );
      },
    });
  }

  acknowledge(span: SourceSpan): void {
    this.#source.acknowledge(span);
  }

  async dump(map: string, options: { readonly clear: boolean }): Promise<MapDump> {
    const dump = await this.#source.dump(map, options);
    const needed = nothingNeeded();
    this.#fields.addDump(map, dump, needed);
    await this.#prepare(needed);
    return dump;
  }

  async fill(
    map: string,
    entries: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[],
  ): Promise<void> {
    await this.#source.fill(map, entries);
  }

  async finish(reader: FinishingReader): Promise<FinalCounts> {
    return await this.#source.finish(reader);
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

  async perform(action: TargetAction): Promise<ActionResult> {
    return await this.#source.perform(action);
  }

  now(): bigint {
    return this.#source.now();
  }

  resolveKernelSymbol(
    address: bigint,
  ): { readonly name: string; readonly offset: bigint } | undefined {
    return this.#source.resolveKernelSymbol(address);
  }

  resolveUserSymbol(address: bigint, pid: number): SymbolName | undefined {
    return this.#source.resolveUserSymbol(address, pid);
  }

  resolveStack(stack: bigint, limit: number): KeptStack | undefined {
    return this.#source.resolveStack(stack, limit);
  }

  resolveControlGroup(id: bigint): readonly ControlGroupPath[] {
    return this.#source.resolveControlGroup(id);
  }

  /** Stacks first: what they lead through is known only then. */
  #prepare(needed: NeededNames): Promise<void> | undefined {
    const reading = this.#names.stacks.prepare(needed.stacks);
    return reading === undefined
      ? this.#prepareSymbols(needed)
      : reading.then(() => this.#prepareSymbols(needed));
  }

  #prepareSymbols(needed: NeededNames): Promise<void> | undefined {
    const preparing = [
      this.#prepareKernel(needed),
      this.#prepareUser(needed),
      this.#names.controlGroups?.prepare(needed.controlGroups),
    ].filter((one) => one !== undefined);
    return preparing.length === 0 ? undefined : Promise.all(preparing).then(() => undefined);
  }

  #prepareKernel({ addresses, stacks }: NeededNames): Promise<void> | undefined {
    const { symbols } = this.#names;
    if (symbols?.prepare === undefined) return undefined;
    const frames = stacks.flatMap(({ space, stack, limit }) =>
      space === "kernel" ? (this.#names.stacks.resolve(stack, limit)?.frames ?? []) : [],
    );
    return symbols.prepare([...addresses, ...frames]);
  }

  #prepareUser({ userAddresses, stacks }: NeededNames): Promise<void> | undefined {
    const { userSymbols } = this.#names;
    if (userSymbols === undefined) return undefined;
    const frames = stacks.flatMap(({ space, mode, stack, limit }) => {
      const isShown = space === "user" && namesFrames(mode);
      const kept = isShown ? this.#names.stacks.resolve(stack, limit) : undefined;
      return (kept?.frames ?? []).map((address) => ({ address, pid: kept?.pid ?? 0 }));
    });
    return userSymbols.prepare([...userAddresses, ...frames]);
  }

  /** One after the other, so that nothing is asked for twice; at once when there is nothing to wait for. */
  #inOrder(
    prepare: () => Promise<void> | undefined,
    act: () => void,
    fail: (error: Error) => void,
  ): void {
    const prepared = this.#busy === undefined ? prepare() : this.#busy.then(prepare);
    if (prepared === undefined) {
      act();
      return;
    }
    const busy = prepared.then(act).catch((error: unknown) => {
      fail(error instanceof Error ? error : new TypeError(String(error)));
    });
    this.#busy = busy;
    void busy.then(() => {
      if (this.#busy === busy) this.#busy = undefined;
    });
  }

  #neededIn(span: Uint8Array): NeededNames {
    const needed = nothingNeeded();
    try {
      this.#cursor.reset(span);
      while (this.#cursor.next()) {
        const { bytes, offset, length } = this.#cursor;
        this.#fields.addRecord(bytes.subarray(offset, offset + length), needed);
      }
    } catch (error) {
      // Whoever decodes the span says so.
      if (!(error instanceof DecodeError)) throw error;
    }
    return needed;
  }
}
