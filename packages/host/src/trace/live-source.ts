import { ConnectionClosedError } from "@sonde/protocol";
import { ConnectError } from "../session/errors.js";
import { type ObjectSpec } from "../spec/object-spec.js";
import {
  type ControlGroupPath,
  type KeptStack,
  type SymbolName,
} from "../output/decode-context.js";
import { type KernelSymbolSource } from "../symbols/kernel-symbol-source.js";
import { type UserSymbolSource } from "../symbols/user-symbols.js";
import { type LoadedObject, type MapDump } from "../session/loaded-object.js";
import { type ControlGroups } from "./control-groups.js";
import { type KeptStacks } from "./kept-stacks.js";
import {
  type ActionResult,
  type FinalCounts,
  type FinishingReader,
  type SourceSpan,
  type TargetAction,
  type TraceSource,
} from "./trace-source.js";

/** So many take longer to detach than anybody should still be shown events. */
const manyAttachments = 8;

/** A running program on a target: spans as they come, maps as they are now. */
export class LiveSource implements TraceSource {
  readonly #object: LoadedObject;
  readonly #spec: ObjectSpec;
  readonly #symbols: KernelSymbolSource | undefined;
  readonly #userSymbols: UserSymbolSource | undefined;
  readonly #stacks: KeptStacks;
  readonly #controlGroups: ControlGroups | undefined;
  readonly #byteOrder: "little" | "big";
  readonly now: () => bigint;
  /** When events last came. */
  #lastSpan: Date | undefined;

  constructor(
    object: LoadedObject,
    spec: ObjectSpec,
    options: {
      readonly symbols: KernelSymbolSource | undefined;
      readonly userSymbols: UserSymbolSource | undefined;
      readonly stacks: KeptStacks;
      readonly controlGroups: ControlGroups | undefined;
      readonly byteOrder: "little" | "big";
      /** Nanoseconds since 1970. */
      readonly now: () => bigint;
    },
  ) {
    this.#object = object;
    this.#spec = spec;
    this.#symbols = options.symbols;
    this.#userSymbols = options.userSymbols;
    this.#stacks = options.stacks;
    this.#controlGroups = options.controlGroups;
    this.#byteOrder = options.byteOrder;
    this.now = options.now;
  }

  open(receiver: { onSpan(span: SourceSpan): void; onEnd(error?: Error): void }): void {
    if (this.#spec.streams.length === 0) {
      // No stream will say so.
      void this.#object.closed.then((reason) => {
        receiver.onEnd(this.#sessionLost(new ConnectionClosedError(reason)));
      });
    }
    for (const stream of this.#spec.streams) {
      this.#object.openStream(stream.map, {
        onSpan: ({ channel, position, lost, span }) => {
          this.#lastSpan = new Date();
          receiver.onSpan({ channel, position, lost, bytes: span });
        },
        onEnd: (error) => {
          receiver.onEnd(this.#sessionLost(error));
        },
      });
    }
  }

  acknowledge(span: SourceSpan): void {
    const end = span.position + BigInt(span.bytes.length);
    for (const stream of this.#spec.streams)
      this.#object.acknowledge(stream.map, span.channel, end);
  }

  async dump(map: string, options: { readonly clear: boolean }): Promise<MapDump> {
    return await this.#object.dump(map, options);
  }

  async fill(
    map: string,
    entries: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[],
  ): Promise<void> {
    await this.#object.fill(map, entries);
  }

  async finish(reader: FinishingReader): Promise<FinalCounts> {
    const stream = this.#spec.streams[0];
    await Promise.all([this.#endReading(reader), this.#object.disable()]);
    const ends = this.#spec.runs.filter((run) => run.when === "end");
    if (stream !== undefined && ends.length > 0) {
      // What is printed at the end must find room, also in a buffer that the events before have filled.
      await reader.reach((await this.#object.flush(stream.map)).positions);
      reader.listen();
    }
    for (const run of ends) await this.#object.run(run.program);
    const [failedUpdates, missedRuns, flushed] = await Promise.all([
      this.#failedUpdates(),
      this.#object.missedRuns(),
      stream === undefined ? { positions: [], lost: 0n } : this.#object.flush(stream.map),
    ]);
    return { ...flushed, failedUpdates, missedRuns };
  }

  /** Many probes take the kernel long to detach: what they still record meanwhile is not wanted any more. */
  async #endReading(reader: FinishingReader): Promise<void> {
    const stream = this.#spec.streams[0];
    if (stream === undefined || this.#spec.attachments.length < manyAttachments) return;
    await reader.reach((await this.#object.flush(stream.map)).positions);
    reader.passOver();
  }

  async catchUp(reader: Pick<FinishingReader, "reach">): Promise<void> {
    const stream = this.#spec.streams[0];
    if (stream !== undefined) await reader.reach((await this.#object.flush(stream.map)).positions);
  }

  async run(program: string, times?: number): Promise<void> {
    await this.#object.run(program, times);
  }

  async iterate(attachment: number): Promise<void> {
    await this.#object.iterate(attachment);
  }

  async perform({ kind, text }: TargetAction): Promise<ActionResult> {
    return kind === "system"
      ? await this.#object.runCommand(text)
      : await this.#object.readFile(text);
  }

  /** The loss map's second u64 (language/compile.ts). A program that records nothing may have one, too. */
  async #failedUpdates(): Promise<bigint> {
    const lossMap = this.#spec.maps.find((map) => map.name === "loss");
    if (lossMap === undefined) return 0n;
    const value = await this.#object.lookup(lossMap.name, new Uint8Array(4));
    if (value === undefined || value.length < 16) return 0n;
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    return view.getBigUint64(8, this.#byteOrder === "little");
  }

  /** What is known of the events when the session has ended without our doing. */
  #sessionLost(error: ConnectionClosedError): ConnectError {
    const last =
      this.#lastSpan === undefined
        ? "no event had come"
        : `the last event came at ${localTime(this.#lastSpan)}`;
    return new ConnectError(
      `${error.reason}; ${last}, and how many were lost after that is unknown`,
      { cause: error },
    );
  }

  resolveKernelSymbol(
    address: bigint,
  ): { readonly name: string; readonly offset: bigint } | undefined {
    return this.#symbols?.resolve(address);
  }

  resolveUserSymbol(address: bigint, pid: number): SymbolName | undefined {
    return this.#userSymbols?.resolve(address, pid);
  }

  resolveStack(stack: bigint, limit: number): KeptStack | undefined {
    return this.#stacks.resolve(stack, limit);
  }

  resolveControlGroup(id: bigint): readonly ControlGroupPath[] {
    return this.#controlGroups?.resolve(id) ?? [];
  }
}

/** As "14:03:12.042". */
function localTime(date: Date): string {
  const pad = (value: number, digits: number): string => String(value).padStart(digits, "0");
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => pad(part, 2));
  return `${clock.join(":")}.${pad(date.getMilliseconds(), 3)}`;
}
