import { readFileSync } from "node:fs";
import { InternalError } from "../../packages/host/src/asm/internal-error.js";
import { type CompileOptions } from "../../packages/host/src/language/compile.js";
import { type DecodeContext } from "../../packages/host/src/output/decode-context.js";
import { type DecodedRecord } from "../../packages/host/src/output/decoded-record.js";
import { createMapReader } from "../../packages/host/src/output/map-reader.js";
import { createRecordDecoder } from "../../packages/host/src/output/record-decoder.js";
import { RingCursor } from "../../packages/host/src/output/ring-span.js";
import { type MapEntry } from "../../packages/host/src/output/value.js";
import { type TargetDescription } from "../../packages/host/src/spec/target-description.js";
import { type TraceSpec } from "../../packages/host/src/spec/trace-spec.js";
import { compileHere } from "./answer-locally.js";
import { type LoadedObject, ProgramLoader } from "./load-program.js";

const possibleCpuCount = cpuCount();

/** Runs programs that consist of BEGIN and END in the real kernel, and reads what they leave. */
export class ProgramRun implements Disposable {
  readonly #loader = new ProgramLoader();
  readonly #spec: TraceSpec;
  readonly #loaded: LoadedObject;

  constructor(source: string, target: TargetDescription, options: CompileOptions = {}) {
    const { spec, diagnostics } = compileHere(source, target, options);
    if (spec === undefined) throw new InternalError(JSON.stringify(diagnostics));
    this.#spec = spec;
    this.#loaded = this.#loader.load(spec.object);
  }

  /** Runs everything that is to be run at the start, once. */
  start(): void {
    for (const { program, when } of this.#spec.object.runs) {
      if (when === "start") this.#loader.run(this.#loaded.programs.get(program));
    }
  }

  /** The records since the last time. */
  records(): readonly DecodedRecord[] {
    const ring = this.#spec.object.maps.find(({ type }) => type === "ringbuf");
    if (ring === undefined) return [];
    const span = this.#loader.drain(this.#loaded.maps.get(ring.name), ring.maxEntries);
    const decoder = createRecordDecoder(this.#spec.layout, context);
    const cursor = new RingCursor("little");
    cursor.reset(span);
    const records: DecodedRecord[] = [];
    while (cursor.next()) records.push(decoder.decode(cursor.bytes, cursor.offset, cursor.length));
    return records;
  }

  /** A map of the script's, as it would be printed. */
  map(name: string): readonly MapEntry[] {
    const index = this.#spec.layout.maps.findIndex((map) => map.name === name);
    const layout = this.#spec.layout.maps[index];
    if (layout === undefined) throw new InternalError(`there is no map ${name}`);
    const { keySizeBytes, valueSizeBytes, isPerCpu } = layout;
    const fd = this.#loaded.maps.get(layout.map);
    const size = isPerCpu ? Math.ceil(valueSizeBytes / 8) * 8 * possibleCpuCount : valueSizeBytes;
    const keys = this.#loader.keys(fd, keySizeBytes);
    const values = keys.map((key) => this.#loader.lookUp(fd, key, size) ?? new Uint8Array(size));
    const dump = { count: keys.length, keys: joined(keys), values: joined(values) };
    return createMapReader(this.#spec.layout, context).read(index, dump).entries;
  }

  /** What was counted: records without room, updates that the kernel refused. */
  losses(): { readonly records: bigint; readonly updates: bigint } {
    const value = this.#loader.lookUp(this.#loaded.maps.get("loss"), new Uint8Array(4), 32);
    const view = new DataView((value ?? new Uint8Array(32)).buffer);
    return { records: view.getBigUint64(0, true), updates: view.getBigUint64(8, true) };
  }

  /** Where bytes of this process are. */
  addressOf(bytes: Uint8Array): bigint {
    return this.#loader.addressOf(bytes);
  }

  [Symbol.dispose](): void {
    this.#loader[Symbol.dispose]();
  }
}

const context: DecodeContext = {
  byteOrder: "little",
  architecture: "x64",
  possibleCpuCount,
  realtimeMinusBoottime: 0n,
  realtimeMinusMonotonic: 0n,
  timeZone: () => ({ offsetSeconds: 0, abbreviation: "UTC" }),
  now: () => 0n,
  resolveKernelSymbol: () => undefined,
  resolveUserSymbol: () => undefined,
  resolveStack: () => undefined,
  resolveControlGroup: () => [],
  resolveUserName: () => undefined,
};

function cpuCount(): number {
  const possible = readFileSync("/sys/devices/system/cpu/possible", "utf8").trim();
  return Number(possible.split("-").at(-1)) + 1;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
