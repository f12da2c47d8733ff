import { Bpf } from "../../packages/agent/src/kernel/bpf.js";
import { Kernel } from "../../packages/agent/src/kernel/kernel.js";
import { RingMemory } from "../../packages/agent/src/resources/ring-memory.js";
import { createNodeSystem } from "../../packages/agent/src/system/node/node-system.js";
import { type NativeMapping } from "../../packages/agent/src/system/system.js";
import { assemble, type MapReference } from "../../packages/host/src/asm/assemble.js";
import { InternalError } from "../../packages/host/src/asm/internal-error.js";
import { mapTypes, type MapSpec } from "../../packages/host/src/spec/map-spec.js";
import { type ObjectSpec } from "../../packages/host/src/spec/object-spec.js";
import { functionInfo } from "../../packages/host/src/session/function-info.js";
import { programTypes, type ProgramSpec } from "../../packages/host/src/spec/program-spec.js";

const pageSize = 4096;

/** What the kernel said to a program. */
export type Verdict =
  | { readonly kind: "accepted"; readonly fd: number }
  | { readonly kind: "refused"; readonly errno: number; readonly log: string };

/** Loads compiled objects straight into this kernel, without an agent, and gives everything back when it is closed. */
export class ProgramLoader implements Disposable {
  readonly #kernel = new Kernel(createNodeSystem());
  readonly #bpf = new Bpf(this.#kernel);
  readonly #fds: number[] = [];

  /** Creates the object's maps and loads its programs, with the flags (BPF_F_*) that are given. */
  load(object: ObjectSpec, flags = 0): LoadedObject {
    const maps = new Map(object.maps.map((map) => [map.name, this.createMap(map)]));
    const types =
      object.types === undefined
        ? undefined
        : this.#own(this.#bpf.loadBtf(object.types), "load the types of an object");
    const programs = new Map(
      object.programs.map((program) => [
        program.name,
        this.loadProgram(program, maps, { flags, types }),
      ]),
    );
    return { maps, programs };
  }

  createMap(map: MapSpec): number {
    return this.#own(
      this.#bpf.createMap({
        name: map.name.slice(0, 15),
        type: mapTypes[map.type],
        keySizeBytes: map.keySizeBytes,
        valueSizeBytes: map.valueSizeBytes,
        flags: map.flags,
        maxEntries: map.type === "perf_event_array" ? 2 : map.maxEntries,
      }),
      `create map ${map.name}`,
    );
  }

  loadProgram(
    program: ProgramSpec,
    maps: ReadonlyMap<string, number>,
    { flags, types: btf }: { readonly flags: number; readonly types?: number | undefined },
  ): Verdict {
    const assembled = assemble(program.instructions, "little");
    const { bytes, mapReferences } = assembled;
    const { functions } = program;
    const attributes = {
      name: program.name,
      type: programTypes[program.type],
      expectedAttachType: 0,
      attachBtfId: 0,
      instructions: withMaps(bytes, mapReferences, maps),
      license: program.license,
      flags,
      kernelVersion: 0,
      ...(functions === undefined || btf === undefined
        ? {}
        : { types: { btf, functions: functionInfo(functions, assembled, "little") } }),
    };
    const fd = this.#bpf.loadProgram(attributes);
    if (fd >= 0) {
      this.#fds.push(fd);
      return { kind: "accepted", fd };
    }
    const log = new Uint8Array(4 << 20);
    const again = this.#bpf.loadProgram(attributes, log);
    if (again >= 0) this.#fds.push(again);
    return { kind: "refused", errno: -fd, log: readText(log) };
  }

  /** Runs a raw tracepoint program once. */
  run(program: Verdict | undefined): number {
    if (program?.kind !== "accepted") throw new InternalError("run a program that is not loaded");
    const { result, returnValue } = this.#bpf.runProgram(program.fd);
    if (result < 0) throw new InternalError(`run a program: errno ${-result}`);
    return returnValue;
  }

  /** Bytes of the value under a key, or `undefined`. */
  lookUp(map: number | undefined, key: Uint8Array, sizeBytes: number): Uint8Array | undefined {
    if (map === undefined) throw new InternalError("look up in a map that is not there");
    const value = new Uint8Array(sizeBytes);
    return this.#bpf.lookup(map, key, value) < 0 ? undefined : value;
  }

  /** Every key of a map. */
  keys(map: number | undefined, sizeBytes: number): readonly Uint8Array[] {
    if (map === undefined) throw new InternalError("walk a map that is not there");
    const keys: Uint8Array[] = [];
    for (;;) {
      const next = new Uint8Array(sizeBytes);
      if (this.#bpf.nextKey(map, keys.at(-1), next) < 0) return keys;
      keys.push(next);
    }
  }

  /** The records in a ring buffer, as a span; they are taken out of it. */
  drain(map: number | undefined, sizeBytes: number): Uint8Array {
    if (map === undefined) throw new InternalError("drain a ring that is not there");
    const consumer = this.#map(map, 0, pageSize, true);
    const producer = this.#map(map, pageSize, pageSize + 2 * sizeBytes, false);
    const ring = new RingMemory({
      consumer: consumer.bytes,
      producer: producer.bytes,
      pageSize,
      sizeBytes,
      pointerSize: 8,
      isLittleEndian: this.#kernel.isLittleEndian,
    });
    const start = Number(ring.start & 0xffff_ffffn);
    const length = ring.scan(start, sizeBytes);
    const span = ring.span(start, length).slice();
    ring.consume(ring.start + BigInt(length));
    consumer.close();
    producer.close();
    return span;
  }

  /** Where bytes of this process are, for programs that read its memory. They must be kept alive and not moved. */
  addressOf(bytes: Uint8Array): bigint {
    return this.#kernel.system.addressOf(bytes);
  }

  #map(fd: number, offset: number, lengthBytes: number, isWritable: boolean): NativeMapping {
    const mapping = this.#kernel.system.map({ fd, offset, lengthBytes, isWritable });
    if (typeof mapping === "number") throw new InternalError(`map a ring: errno ${-mapping}`);
    return mapping;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds.splice(0).reverse()) this.#kernel.call("close", fd);
  }

  #own(fd: number, action: string): number {
    if (fd < 0) throw new InternalError(`${action}: errno ${-fd}`);
    this.#fds.push(fd);
    return fd;
  }
}

export interface LoadedObject {
  readonly maps: ReadonlyMap<string, number>;
  readonly programs: ReadonlyMap<string, Verdict>;
}

/** Puts the maps' descriptors where the program names them: in the first half of the LD_IMM64, its kind in the source register. */
function withMaps(
  bytes: Uint8Array,
  references: readonly MapReference[],
  maps: ReadonlyMap<string, number>,
): Uint8Array {
  const patched = bytes.slice();
  const view = new DataView(patched.buffer);
  for (const { instruction, map } of references) {
    const fd = maps.get(map);
    if (fd === undefined) throw new InternalError(`there is no map ${map}`);
    view.setInt32(instruction * 8 + 4, fd, true);
  }
  return patched;
}

function readText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.subarray(0, end < 0 ? bytes.length : end));
}
