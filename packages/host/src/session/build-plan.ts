import { assemble, type LabelledProgram } from "../asm/assemble.js";
import { type AttachmentSpec } from "../spec/attachment-spec.js";
import { type MapSpec, mapTypes } from "../spec/map-spec.js";
import { type ObjectSpec, type StreamSpec } from "../spec/object-spec.js";
import {
  attachTypes,
  type FinishedCode,
  type ProgramSpec,
  programTypes,
} from "../spec/program-spec.js";
import { functionInfo } from "./function-info.js";
import {
  type Handle,
  type Plan,
  type PlanStep,
  type PlanStepResult,
  type Reference,
} from "@sonde/protocol";

export interface PlanOptions {
  readonly byteOrder: "little" | "big";
  /** In flight at most, for each stream. */
  readonly creditBytes: number;
  readonly gatherMilliseconds: number;
  /** Of each CPU's buffer, where the kernel has no ring buffer. */
  readonly perfPages: number;
  /** What the verifier says of programs that it takes comes back, too. */
  readonly wantsLogs?: boolean | undefined;
  /** Where a program's `attachTo` is in the target's types; asked only for programs that have one. */
  readonly btfId?: (attachTo: string) => AttachTarget;
}

/** What a program attaches to by the target's types: in those of the kernel itself, or of a module. */
export interface AttachTarget {
  readonly id: number;
  readonly module: string | undefined;
}

/** A plan, and which of its steps makes what: indexes into `plan.steps` by the name in the object. */
export interface BuiltPlan {
  readonly plan: Plan;
  readonly maps: ReadonlyMap<string, number>;
  readonly programs: ReadonlyMap<string, number>;
  /** By the name of the stream's map. */
  readonly streams: ReadonlyMap<string, number>;
  /** Of the object's attachments, in their order. */
  readonly attachments: readonly number[];
}

/**
 * Turns a blueprint into the one message that makes it real: maps and what they hold, programs, streams, the programs
 * that run at the start, and attachments last. What runs at the end is left to the trace.
 */
export function buildPlan(object: ObjectSpec, options: PlanOptions): BuiltPlan {
  return new PlanBuilder(object, options).build();
}

class PlanBuilder {
  readonly #object: ObjectSpec;
  readonly #options: PlanOptions;
  readonly #steps: PlanStep[] = [];
  readonly #maps = new Map<string, number>();
  readonly #programs = new Map<string, number>();
  readonly #streams = new Map<string, number>();
  readonly #attachments: number[] = [];
  readonly #modules = new Map<string, Reference>();
  #types: Reference | undefined;

  constructor(object: ObjectSpec, options: PlanOptions) {
    this.#object = object;
    this.#options = options;
  }

  build(): BuiltPlan {
    const { maps, programs, streams, runs, attachments, types } = this.#object;
    if (types !== undefined) this.#types = { step: this.#add({ kind: "loadBtf", data: types }) };
    for (const map of maps) this.#createMap(map);
    for (const map of maps) this.#fillMap(map);
    for (const program of programs) this.#loadProgram(program);
    for (const map of maps) this.#fillWithPrograms(map);
    for (const stream of streams) this.#openStream(stream);
    for (const { when, program } of runs) {
      if (when === "start") this.#add({ kind: "runProgram", program: this.#program(program) });
    }
    for (const attachment of attachments) {
      const step = attachStep(attachment, this.#program(attachment.program));
      const optional = attachment.ifRefused === undefined ? {} : { isOptional: true };
      this.#attachments.push(this.#add({ ...step, ...optional }));
    }
    return {
      plan: { steps: this.#steps },
      maps: this.#maps,
      programs: this.#programs,
      streams: this.#streams,
      attachments: this.#attachments,
    };
  }

  /** Gives its index. */
  #add(step: PlanStep): number {
    return this.#steps.push(step) - 1;
  }

  #map(name: string): Reference {
    return { step: this.#maps.get(name) ?? -1 };
  }

  #program(name: string): Reference {
    return { step: this.#programs.get(name) ?? -1 };
  }

  #module(name: string): Reference {
    const known = this.#modules.get(name);
    if (known !== undefined) return known;
    const opened = { step: this.#add({ kind: "openModuleBtf", module: name }) };
    this.#modules.set(name, opened);
    return opened;
  }

  #createMap(map: MapSpec): void {
    const inner =
      map.inner === undefined ? undefined : { step: this.#add(this.#mapStep(map.inner)) };
    const step = { ...this.#mapStep(map), ...(inner === undefined ? {} : { inner }) };
    this.#maps.set(map.name, this.#add(step));
  }

  #mapStep(map: MapSpec): Extract<PlanStep, { kind: "createMap" }> {
    const { extra, numaNode, pinPath, types } = map;
    return {
      kind: "createMap",
      name: kernelName(map.kernelName ?? map.name),
      type: mapTypes[map.type],
      keySizeBytes: map.keySizeBytes,
      valueSizeBytes: map.valueSizeBytes,
      maxEntries: map.maxEntries,
      flags: map.flags,
      ...(types === undefined || this.#types === undefined
        ? {}
        : { types: { btf: this.#types, ...types } }),
      ...(extra === undefined ? {} : { extra }),
      ...(numaNode === undefined ? {} : { numaNode }),
      ...(pinPath === undefined ? {} : { pinPath }),
    };
  }

  /** What it holds from the start but programs, which come later. */
  #fillMap({ name, type, contents = [], slots = [], isFrozen }: MapSpec): void {
    const map = this.#map(name);
    if (contents.length > 0) this.#add({ kind: "fillMap", map, entries: [...contents] });
    if (slots.length > 0 && type !== "prog_array") {
      const held = slots.map((slot) => ({ index: slot.index, object: this.#map(slot.name) }));
      this.#add({ kind: "fillSlots", map, slots: held });
    }
    if (isFrozen === true) this.#add({ kind: "freezeMap", map });
  }

  #fillWithPrograms({ name, type, slots = [] }: MapSpec): void {
    if (type !== "prog_array" || slots.length === 0) return;
    const held = slots.map((slot) => ({ index: slot.index, object: this.#program(slot.name) }));
    this.#add({ kind: "fillSlots", map: this.#map(name), slots: held });
  }

  #loadProgram(program: ProgramSpec): void {
    const { finished, attachTo } = program;
    const { btfId, byteOrder } = this.#options;
    const assembled = finished ?? assemble(program.instructions, byteOrder);
    const { bytes, mapReferences } = assembled;
    const attached = attachTo === undefined ? undefined : btfId?.(attachTo);
    const module = attached?.module === undefined ? undefined : this.#module(attached.module);
    const step = {
      kind: "loadProgram",
      name: kernelName(program.name),
      type: programTypes[program.type],
      expectedAttachType:
        program.expectedAttachType === undefined ? 0 : attachTypes[program.expectedAttachType],
      attachBtfId: attached?.id ?? 0,
      instructions: bytes,
      maps: mapReferences.map(({ instruction, map, valueOffset }) => ({
        instruction,
        map: this.#map(map),
        ...(valueOffset === undefined ? {} : { valueOffset }),
      })),
      license: program.license,
      flags: program.flags ?? 0,
      ...(this.#options.wantsLogs === true ? { wantsLog: true } : {}),
      ...(module === undefined ? {} : { attachBtf: module }),
      ...("labels" in assembled
        ? this.#functionTypes(program, assembled)
        : this.#finishedParts(assembled)),
    } as const;
    this.#programs.set(program.name, this.#add(step));
  }

  #functionTypes(
    { functions }: ProgramSpec,
    assembled: LabelledProgram,
  ): Partial<Extract<PlanStep, { kind: "loadProgram" }>> {
    if (functions === undefined || this.#types === undefined) return {};
    const info = functionInfo(functions, assembled, this.#options.byteOrder);
    return { types: { btf: this.#types, functions: info } };
  }

  #finishedParts({
    functionInfo,
    lineInfo,
    moduleReferences,
    functionModules,
  }: FinishedCode): Partial<Extract<PlanStep, { kind: "loadProgram" }>> {
    const types = this.#types !== undefined &&
      functionInfo !== undefined && {
        btf: this.#types,
        functions: functionInfo,
        ...(lineInfo === undefined ? {} : { lines: lineInfo }),
      };
    const references = moduleReferences.map(({ instruction, module }) => ({
      instruction,
      btf: this.#module(module),
    }));
    const modules = functionModules.map((module) => this.#module(module));
    return {
      ...(types === false ? {} : { types }),
      ...(references.length === 0 ? {} : { moduleReferences: references }),
      ...(modules.length === 0 ? {} : { functionModules: modules }),
    };
  }

  #openStream(stream: StreamSpec): void {
    const { creditBytes, gatherMilliseconds, perfPages } = this.#options;
    const step = {
      kind: "openStream",
      map: this.#map(stream.map),
      creditBytes,
      gatherMilliseconds,
      perfPages,
      ...(stream.lossMap === undefined ? {} : { lossMap: this.#map(stream.lossMap) }),
    } as const;
    this.#streams.set(stream.map, this.#add(step));
  }
}

function attachStep(attachment: AttachmentSpec, program: Reference): PlanStep {
  switch (attachment.kind) {
    case "tracepoint":
      return {
        kind: "attachTracepoint",
        program,
        category: attachment.category,
        name: attachment.name,
      };
    case "rawTracepoint":
      return { kind: "attachRawTracepoint", program, name: attachment.name };
    case "tracing":
      return { kind: "attachTracing", program };
    case "iterator": {
      const { pinPath } = attachment;
      return { kind: "attachTracing", program, ...(pinPath === undefined ? {} : { pinPath }) };
    }
    case "kprobe":
      return {
        kind: "attachKprobe",
        program,
        symbol: attachment.symbol,
        offset: attachment.offset,
        isReturn: attachment.isReturn,
      };
    case "uprobe":
      return {
        kind: "attachUprobe",
        program,
        path: attachment.path,
        offset: attachment.offset,
        isReturn: attachment.isReturn,
        pid: attachment.pid ?? 0,
        referenceCounterOffset: attachment.referenceCounterOffset ?? 0n,
        ...(attachment.cookie === undefined ? {} : { cookie: attachment.cookie }),
      };
    case "kprobeMulti":
      return {
        kind: "attachKprobeMulti",
        program,
        symbols: [...attachment.symbols],
        isReturn: attachment.isReturn,
        ...(attachment.cookies === undefined ? {} : { cookies: [...attachment.cookies] }),
      };
    case "uprobeMulti":
      return {
        kind: "attachUprobeMulti",
        program,
        path: attachment.path,
        places: attachment.places.map((place) => ({ ...place })),
        isReturn: attachment.isReturn,
        pid: attachment.pid ?? 0,
      };
    case "perfEvent":
      return {
        kind: "attachPerfEvent",
        program,
        type: attachment.type,
        config: attachment.config,
        sampling: attachment.sampling,
        cpus: attachment.cpus,
        pid: attachment.pid ?? 0,
        ...(attachment.breakpoint === undefined ? {} : { breakpoint: attachment.breakpoint }),
      };
  }
}

/** What the kernel takes as an object's name: BPF_OBJ_NAME_LEN is 16 with its NUL (include/uapi/linux/bpf.h). */
function kernelName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_.]/g, "_").slice(0, 15);
}

/** Handles of a loaded object by the names in its blueprint. */
export interface LoadedHandles {
  readonly maps: ReadonlyMap<string, Handle>;
  readonly programs: ReadonlyMap<string, Handle>;
  readonly streams: ReadonlyMap<string, Handle>;
  /** By the place in the object's list; none of those that the kernel refused. */
  readonly attachments: ReadonlyMap<number, Handle>;
}

/** Names the handles that a plan's results carry. */
export function nameHandles(built: BuiltPlan, results: readonly PlanStepResult[]): LoadedHandles {
  const named = <K>(steps: ReadonlyMap<K, number>): Map<K, Handle> => {
    const handles = new Map<K, Handle>();
    for (const [name, index] of steps) {
      const handle = results[index]?.handle;
      if (handle !== undefined) handles.set(name, handle);
    }
    return handles;
  };
  return {
    maps: named(built.maps),
    programs: named(built.programs),
    streams: named(built.streams),
    attachments: named(new Map(built.attachments.entries())),
  };
}
